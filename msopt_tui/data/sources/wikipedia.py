"""A dump of Wikipedia or another MediaWiki: the articles, without their mark-up."""

from __future__ import annotations

import bz2
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO
from xml.etree.ElementTree import ParseError

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources.blocks import name_of
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.tally import Tally

if TYPE_CHECKING:
    from mwparserfromhell.wikicode import Wikicode
    from mwxml import Dump, Page

ARTICLES, FILES, CATEGORIES = 0, 6, 14
"""Numbers of namespaces, the same in every MediaWiki; their names depend on its language."""
NOT_PROSE = frozenset({"ref", "table", "gallery", "math", "timeline", "syntaxhighlight", "source", "score", "imagemap"})
"""Tags whose content is no running text."""

_BLANK_LINES = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document an article, below its title, in the order of the dump. Raises DataError."""
    try:
        import mwxml
    except ImportError as error:
        raise DataError("wikipedia: needs two more packages: pip install 'msopt-tui[wikipedia]'") from error
    for path in find_files(source.path, base_dir):
        origin = name_of(path, base_dir)
        try:
            with path.open("rb") as packed, _unpacked(path, packed) as file:
                dump = mwxml.Dump.from_file(file)
                media, behind = _media_names(dump), 0
                for part, page in enumerate(dump, 1):
                    tally.read(packed.tell() - behind)
                    behind = packed.tell()
                    text = _article(page, media, origin, tally)
                    if text:
                        yield Document(text, origin, part)
        except (OSError, EOFError, ParseError, mwxml.errors.MalformedXML) as error:
            raise DataError(f"{path}: is no whole dump of a MediaWiki (.xml or .xml.bz2): {error}") from error


def _unpacked(path: Path, packed: BinaryIO) -> IO[bytes]:
    return bz2.open(packed, "rb") if path.suffix == ".bz2" else packed


def _media_names(dump: Dump) -> frozenset[str]:
    """How links to files and categories begin in this wiki, in lower case; the English names always work."""
    names = {"file", "image", "category"}
    for space in dump.site_info.namespaces or ():
        if space.id in (FILES, CATEGORIES):
            names.add(space.name.lower())
    return frozenset(names)


def _article(page: Page, media: frozenset[str], origin: str, tally: Tally) -> str:
    """The text of a page, or nothing (and counted) where it is no article."""
    shown = f"{origin}: {page.title}"
    if page.namespace != ARTICLES:
        tally.remove("pages that are no articles", shown)
        return ""
    if page.redirect:
        tally.remove("redirects", shown)
        return ""
    source = ""
    for revision in page:
        source = revision.text or ""
    text = plain_text(source, media)
    if not text:
        tally.remove("articles without text", shown)
        return ""
    return f"{page.title}\n\n{text}"


def plain_text(source: str, media: frozenset[str] = frozenset({"file", "image", "category"})) -> str:
    """Wiki mark-up as plain text: templates, tables, references, pictures and categories go, a link leaves its text."""
    import mwparserfromhell

    text = "".join(_prose(mwparserfromhell.parse(source), media))
    return _BLANK_LINES.sub("\n\n", text).strip()


def _prose(code: Wikicode, media: frozenset[str]) -> Iterator[str]:
    """Text of the nodes, one after the other. The parser's own `remove` takes square time in the length of a page."""
    from mwparserfromhell import nodes

    for node in code.nodes:
        inside: Wikicode | None = None
        match node:
            case nodes.Text():
                yield node.value
            case nodes.HTMLEntity():
                yield node.normalize()
            case nodes.Wikilink():
                space, colon, _ = str(node.title).partition(":")
                if not (colon and space.strip().lower() in media):
                    inside = node.title if node.text is None else node.text
            case nodes.ExternalLink() | nodes.Heading():
                inside = node.title
            case nodes.Tag():
                inside = None if str(node.tag).lower() in NOT_PROSE else node.contents
        if inside is not None:
            yield from _prose(inside, media)
