"""`meta.json` beside prepared tokens: what they are, what they came from, and how to tell that they are whole."""

from __future__ import annotations

import msgspec

from msopt_tui.data.family import Family


class SourceMeta(msgspec.Struct, frozen=True):
    """What one source has of a split."""

    tokens: int
    examples: int = 0
    rows: int = 0
    """Training rows of its examples."""


class SplitMeta(msgspec.Struct, frozen=True):
    """Size of one split after cleaning."""

    documents: int
    characters: int
    bytes: int
    """UTF-8 bytes of the documents; the end-of-text tokens stand for none."""
    tokens: int
    """End-of-text tokens included; of examples what the network reads."""
    examples: int = 0
    """Of tasks that learn from rows: what the records gave."""
    rows: int = 0
    """Training rows that the examples were put into."""
    supervised: int = 0
    """Targets of all examples."""
    truncated: int = 0
    """Examples that were cut to fit."""
    unended: int = 0
    """Examples whose learned part does not end with the end token."""
    by_source: list[SourceMeta] = []
    """The sources in their order, which is that of their documents in the split; empty where there is only one."""


class FileMeta(msgspec.Struct, frozen=True):
    """How a file must look to be taken for whole."""

    bytes: int
    sha256: str


class Meta(msgspec.Struct, frozen=True):
    """Everything known of one prepared data set."""

    key: str
    """Hash of everything that went in."""
    sha256: str
    """Of the raw text: its documents in order, each followed by a NUL byte."""
    raw_characters: int
    """Characters of the raw text, before cleaning."""
    vocab_size: int
    """Tokens there are; may be fewer than asked for."""
    dtype: str
    """NumPy type of the ids in the `.bin` files."""
    end_of_text: int
    splits: dict[str, SplitMeta]
    removed: dict[str, int]
    changed: dict[str, int]
    examples: dict[str, list[str]]
    files: dict[str, FileMeta]
    """By path relative to the directory."""
    family: Family = "causal"
    """Of the networks that these tokens are for."""
    columns: dict[str, str] = {}
    """Of examples: column to NumPy type; empty for a token stream."""
    labels: list[str] = []
    """Classes by their number, where the task has classes."""
