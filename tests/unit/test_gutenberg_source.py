"""Project Gutenberg's books, old and new: the frames here are those of real files, the books in them are short."""

from pathlib import Path

import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources import read
from msopt_tui.data.sources.gutenberg import chapters, strip_licence
from msopt_tui.data.tally import Tally

BOOK = "A TALE\n\nby A. Writer\n\n\nIt was a dark and stormy night.\n\nThe end of the project was near."

LICENCE = "Updated editions will replace the previous one--the old editions will be renamed.\n" * 9

NEW = f"""The Project Gutenberg eBook of A Tale

This ebook is for the use of anyone anywhere in the United States.

Title: A Tale

Release date: January 1, 2020 [eBook #61000]

Language: English

Credits: Somebody

*** START OF THE PROJECT GUTENBERG EBOOK A TALE ***




{BOOK}




*** END OF THE PROJECT GUTENBERG EBOOK A TALE ***

{LICENCE}"""

OF_2006 = f"""Project Gutenberg's A Tale, by A. Writer

This eBook is for the use of anyone anywhere at no cost and with
almost no restrictions whatsoever.  You may copy it, give it away or
re-use it under the terms of the Project Gutenberg License included
with this eBook or online at www.gutenberg.org

Character set encoding: ASCII

*** START OF THIS PROJECT GUTENBERG EBOOK A TALE ***




Produced by Somebody and the Online Distributed
Proofreading Team at http://www.pgdp.net


{BOOK}





End of the Project Gutenberg EBook of A Tale, by A. Writer

*** END OF THIS PROJECT GUTENBERG EBOOK A TALE ***

***** This file should be named 1000.txt or 1000.zip *****

{LICENCE}
*** START: FULL LICENSE ***

THE FULL PROJECT GUTENBERG LICENSE
"""

LONG_TITLE = f"""***START OF THE PROJECT GUTENBERG EBOOK A TALE, WITH A TITLE SO LONG THAT
IT NEEDS ANOTHER LINE***


E-text prepared by Somebody


{BOOK}



***END OF THE PROJECT GUTENBERG EBOOK A TALE, WITH A TITLE SO LONG THAT
IT NEEDS ANOTHER LINE***
"""

OF_1993 = f"""
***The Project Gutenberg Etext of A Tale***

Please take a look at the important information in this header.

**Welcome To The World of Free Plain Vanilla Electronic Texts**

***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***
Why is this "Small Print!" statement here?  You know: lawyers.

[2]  Honor the etext refund and replacement provisions of this
     "Small Print!" statement.

*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*





{BOOK}




End of the Project Gutenberg Etext of A Tale
"""

OF_2002 = OF_1993.replace(
    "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
    "*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*",
).replace("End of the Project Gutenberg Etext of A Tale", "End of Project Gutenberg's A Tale, by A. Writer")

UNCLOSED = f"""*** START OF THIS PROJECT GUTENBERG EBOOK A TALE

Produced by Somebody

This etext was prepared by Somebody Else,
and by others

{BOOK}

END OF THIS PROJECT GUTENBERG EBOOK A TALE
"""

SMALL_PRINT_LAST = f"""***START OF THE PROJECT GUTENBERG ETEXT A TALE***

{BOOK}

End of Project Gutenberg Etext of A Tale

***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***
*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*
"""


@pytest.mark.parametrize("file", [NEW, OF_2006, LONG_TITLE, OF_1993, OF_2002, UNCLOSED, SMALL_PRINT_LAST])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_the_book_is_left_and_nothing_else(tmp_path: Path, file: str, line_break: str) -> None:
    (tmp_path / "1.txt").write_bytes(file.replace("\n", line_break).encode())
    tally = Tally()
    found = list(read(Source(kind="gutenberg", path="1.txt"), tmp_path, tally))
    assert found == [Document(BOOK, "1.txt")]
    assert tally.removed["licence texts of Project Gutenberg"] == 1
    assert tally.removed["credits of Project Gutenberg"] == {OF_2006: 1, LONG_TITLE: 1, UNCLOSED: 2}.get(file, 0)


def test_a_text_without_markers_is_kept_and_counted() -> None:
    tally = Tally()
    assert strip_licence(BOOK, "1.txt", tally) == BOOK
    assert tally.changed.total() == 1


def chapter(heading: str, number: int) -> str:
    return f"\n\n{heading}\n\n" + f"Sentence {number} of this chapter. " * 60


@pytest.mark.parametrize(
    "headings",
    [
        ["CHAPTER I.", "CHAPTER II.", "CHAPTER III."],
        ["Chapter 1. Loomings", "Chapter 2. The Carpet-Bag", "Chapter 3. The Inn"],
        ["CHAPTER THE FIRST", "CHAPTER THE SECOND", "CHAPTER THE TWENTY-FIRST"],
        ["Letter 1", "Letter 2", "Letter 3"],
        ["I", "II", "III"],
        ["Kapitel 1", "Kapitel 2", "Kapitel 3"],
    ],
)
def test_a_chapter_is_a_document_and_the_contents_go_with_the_first(headings: list[str]) -> None:
    contents = "A TALE\n\nCONTENTS\n\n" + "\n\n".join(headings)
    book = contents + "".join(chapter(heading, number) for number, heading in enumerate(headings))
    found = chapters(book)
    assert "".join(found) == book
    assert len(found) == 3
    assert [part.strip().splitlines()[0] for part in found] == ["A TALE", *headings[1:]]


def test_a_book_without_chapters_is_one_document() -> None:
    book = "No headings here. " * 500
    assert chapters(book) == [book]
    assert chapters("") == [""]


def test_chapters_are_numbered_and_a_whole_book_is_not(tmp_path: Path) -> None:
    text = "".join(chapter(f"CHAPTER {number}", number) for number in range(1, 4))
    (tmp_path / "1.txt").write_text(text)
    by_chapter = list(read(Source(kind="gutenberg", path="1.txt"), tmp_path, Tally()))
    assert [document.label for document in by_chapter] == ["1.txt#1", "1.txt#2", "1.txt#3"]
    whole = list(read(Source(kind="gutenberg", path="1.txt", document="file"), tmp_path, Tally()))
    assert [document.label for document in whole] == ["1.txt"]
    passages = list(read(Source(kind="gutenberg", path="1.txt", document="paragraphs"), tmp_path, Tally()))
    assert "".join(document.text for document in passages) == whole[0].text


def test_an_old_file_in_latin_1_is_read_as_its_header_says(tmp_path: Path) -> None:
    header = "Character set encoding: ISO-8859-1\r\n\r\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\r\n"
    (tmp_path / "1.txt").write_bytes(header.encode() + "Größe".encode("latin-1"))
    assert [d.text for d in read(Source(kind="gutenberg", path="1.txt"), tmp_path, Tally())] == ["Größe"]
    (tmp_path / "1.txt").write_bytes("Größe".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8"):
        list(read(Source(kind="gutenberg", path="1.txt"), tmp_path, Tally()))
