"""Sources that other packages read: a MediaWiki dump, Parquet and Arrow files, data sets, the standard library."""

import bz2
import importlib
import sys
import sysconfig
import time
from pathlib import Path
from typing import Literal

import pytest

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources import inputs, read
from msopt_tui.data.sources.wikipedia import plain_text
from msopt_tui.data.tally import Tally

TEXTS = ["first row", "zweite Größe", None, "fourth\nrow"]
DOCUMENTS = [(1, "first row"), (2, "zweite Größe"), (4, "fourth\nrow")]


ColumnKind = Literal["parquet", "arrow"]


def read_all(source: Source, base_dir: Path) -> tuple[list[Document], Tally]:
    tally = Tally()
    return list(read(source, base_dir, tally)), tally


def write_parquet(path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": TEXTS, "id": [1, 2, 3, 4]}), path, row_group_size=2)


def write_arrow(path: Path) -> None:
    import pyarrow as pa

    table = pa.table({"text": TEXTS, "id": [1, 2, 3, 4]})
    writer = pa.ipc.new_stream if path.stem == "stream" else pa.ipc.new_file
    with writer(str(path), table.schema) as file:
        file.write_table(table, max_chunksize=3)


@pytest.mark.parametrize("name", ["rows.parquet", "file.arrow", "stream.arrow"])
def test_columns_are_read_row_by_row(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (write_parquet if path.suffix == ".parquet" else write_arrow)(path)
    kind: ColumnKind = "parquet" if path.suffix == ".parquet" else "arrow"
    found, tally = read_all(Source(kind=kind, path=name), tmp_path)
    assert [(document.part, document.text) for document in found] == DOCUMENTS
    assert tally.removed == {"rows without text": 1}
    with pytest.raises(DataError, match=r'no column "body": set data\.sources\.text_column to one of: text, id'):
        read_all(Source(kind=kind, path=name, text_column="body"), tmp_path)
    with pytest.raises(DataError, match='column "id" holds int64, not text'):
        read_all(Source(kind=kind, path=name, text_column="id"), tmp_path)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("content", [b"", b"PAR1 but nothing else", b"\0" * 100])
def test_a_file_that_is_no_table_is_named(tmp_path: Path, kind: ColumnKind, content: bytes) -> None:
    (tmp_path / "rows.bin").write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.bin: can't be read"):
        read_all(Source(kind=kind, path="rows.bin"), tmp_path)


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    write_parquet(tmp_path / "rows.parquet")
    raw = (tmp_path / "rows.parquet").read_bytes()
    (tmp_path / "rows.parquet").write_bytes(raw[:-20])
    with pytest.raises(DataError, match=r"rows\.parquet: can't be read"):
        read_all(Source(kind="parquet", path="rows.parquet"), tmp_path)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    datasets = importlib.import_module("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")


@pytest.mark.usefixtures("offline")
def test_a_directory_that_datasets_saved_is_read(tmp_path: Path) -> None:
    datasets = importlib.import_module("datasets")
    rows = datasets.Dataset.from_dict({"text": TEXTS, "id": [1, 2, 3, 4]})
    rows.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": rows, "extra": rows.select([0])}).save_to_disk(tmp_path / "two")
    for path in ("one", "two"):
        found, tally = read_all(Source(kind="datasets", path=path), tmp_path)
        assert [(document.part, document.text) for document in found] == DOCUMENTS
        assert tally.removed == {"rows without text": 1}
    assert len(read_all(Source(kind="datasets", path="two", split="extra"), tmp_path)[0]) == 1
    with pytest.raises(DataError, match=r'no split "test": set data\.sources\.split to one of'):
        read_all(Source(kind="datasets", path="two", split="test"), tmp_path)
    with pytest.raises(DataError, match='no column "body"'):
        read_all(Source(kind="datasets", path="one", text_column="body"), tmp_path)
    with pytest.raises(DataError, match='column "id" has a int where text is meant'):
        read_all(Source(kind="datasets", path="one", text_column="id"), tmp_path)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("streaming", [False, True])
def test_a_directory_of_files_is_read_by_datasets(tmp_path: Path, streaming: bool) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    source = Source(kind="datasets", path="set", streaming=streaming)
    assert [document.text for document in read_all(source, tmp_path)[0]] == ["one", "two"]
    assert inputs(source, tmp_path) == [tmp_path / "set" / "train.jsonl"]


@pytest.mark.usefixtures("offline")
def test_a_set_of_the_hub_that_is_not_here_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"datasets/someone/nothing/train: can't be loaded.*needs the network once"):
        read_all(Source(kind="datasets", path="someone/nothing"), tmp_path)


@pytest.mark.usefixtures("offline")
def test_a_set_with_code_of_its_own_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "set.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DataError, match="can't be loaded"):
        read_all(Source(kind="datasets", path="set"), tmp_path)
    assert not (tmp_path / "ran").exists()


def test_only_a_commit_of_the_hub_is_known_again(tmp_path: Path) -> None:
    assert inputs(Source(kind="datasets", path="a/b"), tmp_path) is None
    assert inputs(Source(kind="datasets", path="a/b", revision="main"), tmp_path) is None
    assert inputs(Source(kind="datasets", path="a/b", revision="0123456789" * 4), tmp_path) == []


DUMP = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de">
<siteinfo><sitename>Wikipedia</sitename><dbname>dewiki</dbname><namespaces>
<namespace key="0" case="first-letter" /><namespace key="1" case="first-letter">Diskussion</namespace>
<namespace key="6" case="first-letter">Datei</namespace><namespace key="14" case="first-letter">Kategorie</namespace>
</namespaces></siteinfo>
{pages}
</mediawiki>"""
PAGE = """<page><title>{title}</title><ns>{ns}</ns><id>{id}</id>{redirect}
<revision><id>{id}</id><timestamp>2024-01-01T00:00:00Z</timestamp><contributor><username>U</username><id>1</id>
</contributor><model>wikitext</model><format>text/x-wiki</format><text>{text}</text></revision></page>"""
ARTICLE = """{{Infobox|name=Wald|{{deep}}}}
'''Wald''' ist eine [[Pflanze|pflanzliche]] [[Natur]].&lt;ref name="a"&gt;Ein Buch&lt;/ref&gt;
[[Datei:Wald.jpg|mini|Ein [[Baum]] im Wald]]

== Geschichte ==
Ein ''alter'' Wald&amp;nbsp;steht [https://example.org hier].
{| class="wikitable"
| Zelle
|}
[[Kategorie:Wald]] [[Category:Forest]]"""


def dump(*pages: tuple[str, int, str, str]) -> str:
    return DUMP.replace(
        "{pages}",
        "".join(
            PAGE.format(id=number, title=title, ns=ns, redirect=redirect, text=text)
            for number, (title, ns, redirect, text) in enumerate(pages, 1)
        ),
    )


PAGES = dump(
    ("Wald", 0, "", ARTICLE),
    ("Forst", 0, '<redirect title="Wald" />', "#REDIRECT [[Wald]]"),
    ("Diskussion:Wald", 1, "", "Geschwätz"),
    ("Leer", 0, "", "{{nur eine Vorlage}}"),
)


@pytest.mark.parametrize("name", ["dump.xml", "dump.xml.bz2"])
def test_a_dump_gives_its_articles_without_mark_up(tmp_path: Path, name: str) -> None:
    pytest.importorskip("mwxml")
    raw = PAGES.encode()
    (tmp_path / name).write_bytes(bz2.compress(raw) if name.endswith(".bz2") else raw)
    found, tally = read_all(Source(kind="wikipedia", path=name), tmp_path)
    assert [document.label for document in found] == [f"{name}#1"]
    text = found[0].text
    assert text.startswith("Wald\n\nWald ist eine pflanzliche Natur.\n")
    assert "Geschichte" in text
    assert "Ein alter Wald\xa0steht hier." in text
    for gone in ("Infobox", "Buch", "Baum", "Zelle", "Kategorie", "Forest", "[", "{", "'''", "<"):
        assert gone not in text
    assert tally.removed == {"redirects": 1, "pages that are no articles": 1, "articles without text": 1}


def test_a_page_with_a_thousand_references_takes_no_square_time() -> None:
    """The parser's own `remove` took a minute for this page."""
    pytest.importorskip("mwparserfromhell")
    page = "".join(f"Text {n} [[a|b]].<ref>{{{{cite|{n}}}}}</ref> [[File:{n}.jpg|x [[y]]]]\n" for n in range(1500))
    began = time.process_time()
    assert plain_text(page).count("b.") == 1500
    assert time.process_time() - began < 10


@pytest.mark.parametrize("content", [b"", b"<mediawiki><siteinfo>", PAGES.encode()[:-400], b"BZh9 nothing"])
def test_a_dump_that_is_torn_is_named(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("mwxml")
    for name, raw in (("dump.xml", content), ("dump.xml.bz2", bz2.compress(PAGES.encode())[:-30])):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(DataError, match=r"dump\.xml.*is no whole dump of a MediaWiki"):
            read_all(Source(kind="wikipedia", path=name), tmp_path)


def test_without_the_extra_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mwxml", None)
    with pytest.raises(DataError, match=r"pip install 'msopt-tui\[wikipedia\]'"):
        read_all(Source(kind="wikipedia", path="dump.xml"), tmp_path)


def test_docstrings_are_read_and_nothing_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_it.py").write_text('"""A test."""')
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "empty.py").write_text("x = 1")
    (tmp_path / "mod.py").write_text(
        '"""The module."""\nraise SystemExit\nclass A:\n    """A class."""\n    def f(self, x: int = 1):\n'
        '        """A method.\n\n        More.\n        """\n'
    )
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    found, tally = read_all(Source(kind="python-docstrings"), tmp_path)
    text = "mod\n\nThe module.\n\n\nmod.A\n\nA class.\n\n\nmod.A.f(self, x: int=1)\n\nA method.\n\nMore."
    assert found == [Document(text, "python-docstrings/mod")]
    assert tally.removed == {"modules that can't be parsed": 1}


def test_what_no_file_of_text_holds_goes_and_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mod.py").write_text('"""One\\0 two\\ud800 drei: ö."""')
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    found, tally = read_all(Source(kind="python-docstrings"), tmp_path)
    assert found[0].text == "mod\n\nOne two drei: ö."
    assert tally.removed == {"NUL characters": 1, "surrogates, which are no characters": 1}


def test_this_python_has_docstrings_enough_to_learn_from(tmp_path: Path) -> None:
    source = Source(kind="python-docstrings", max_documents=40)
    found, _ = read_all(source, tmp_path)
    assert len(found) == 40
    assert found == read_all(source, tmp_path)[0]
