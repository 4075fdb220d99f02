"""`Tokeniser`: segments to tokens as they stand in a row, and tokens back to text for a person's eyes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec
from tokenizers import Tokenizer

from msopt_tui.data.encode.segments import Coded, Segment
from msopt_tui.data.vocabulary import Vocabulary

Json = dict[str, object]


class Tokeniser:
    """A vocabulary's tokenizer, used on the pieces of a row.

    Text is literal, as it is to every vocabulary: a special token written out in it is text, not the token. Some
    tokenizers put a space before every text that they are given; a piece that goes on after another gets none, or the
    network would learn to write it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.tokenizer = vocabulary.tokenizer
        going_on, first_only = _going_on(self.tokenizer)
        self._tokenizers = [self.tokenizer] if going_on is None else [self.tokenizer, going_on]
        self._after_text = 0 if going_on is None else 1
        self._after_token = self._after_text if first_only else 0
        self.specials = {
            token: added.content for token, added in self.tokenizer.get_added_tokens_decoder().items() if added.special
        }
        """Names of the special tokens by id."""
        self.begin = list(vocabulary.between[1:])
        """What the network expects before a row; empty where it expects nothing."""

    def code(self, rows: Iterable[Sequence[Segment]]) -> list[list[Coded]]:
        """The tokens of every segment of every row, tokenised at once."""
        rows = list(rows)
        uses = [[self._for(row, place) for place in range(len(row))] for row in rows]
        coming = [self._encode(which, rows, uses) for which in range(len(self._tokenizers))]
        return [
            [
                Coded(segment, [segment.text] if isinstance(segment.text, int) else next(coming[use]))
                for segment, use in zip(row, used, strict=True)
            ]
            for row, used in zip(rows, uses, strict=True)
        ]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of every text by itself, without special tokens."""
        return [coded.ids for coded in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def name(self, token: int) -> str:
        """The text of a token as the vocabulary has it."""
        return self.specials.get(token) or self.tokenizer.id_to_token(token) or ""

    def _for(self, row: Sequence[Segment], place: int) -> int:
        """Which of the tokenizers is a segment's."""
        if place == 0 or row[place].opens:
            return 0
        return self._after_token if isinstance(row[place - 1].text, int) else self._after_text

    def _encode(
        self, which: int, rows: Sequence[Sequence[Segment]], uses: Sequence[Sequence[int]]
    ) -> Iterator[list[int]]:
        """Tokens of the texts of one tokenizer, in order."""
        texts = [
            segment.text
            for row, used in zip(rows, uses, strict=True)
            for segment, use in zip(row, used, strict=True)
            if use == which and isinstance(segment.text, str)
        ]
        # Lists are made as they are asked for: of 500 long texts that is much memory saved.
        encoded = self._tokenizers[which].encode_batch_fast(texts, add_special_tokens=False)
        return (coded.ids for coded in encoded)

    def spell(self, ids: Sequence[int], supervised: Sequence[int]) -> list[tuple[str, bool]]:
        """Tokens as text, those that follow each other with the same flag as one piece; special tokens by name.

        A piece is decoded as a whole, so that a character made of several tokens is one.
        """
        pieces: list[tuple[str, bool]] = []
        for flag, run in groupby(zip(ids, supervised, strict=True), key=lambda pair: bool(pair[1])):
            text = self._text([token for token, _ in run], first=not pieces)
            pieces.append((text, flag))
        return pieces

    def _text(self, ids: Sequence[int], first: bool) -> str:
        text = ""
        for is_special, run in groupby(ids, key=self.specials.__contains__):
            tokens = list(run)
            if is_special:
                text += "".join(self.specials[token] for token in tokens)
                continue
            written = self.tokenizer.decode(tokens, skip_special_tokens=False)
            # Decoders that write ▁ as a space leave it out where a text begins, and take every run for one.
            begins = (self.tokenizer.id_to_token(tokens[0]) or "").startswith("▁")
            text += written if (first and not text) or not begins or written.startswith(" ") else f" {written}"
        return text


def _going_on(tokenizer: Tokenizer) -> tuple[Tokenizer | None, bool]:
    """The tokenizer for text that goes on after other text, and whether only a row's first text is marked as such.

    `None` where it would be the same tokenizer.
    """
    settings = msgspec.json.decode(tokenizer.to_str(), type=Json)
    normalizer = _without_prepend(settings["normalizer"])
    pre_tokenizer, first_only = _without_prefix(settings["pre_tokenizer"])
    if normalizer == settings["normalizer"] and pre_tokenizer == settings["pre_tokenizer"]:
        return None, False
    settings |= {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer}
    changed = Tokenizer.from_str(msgspec.json.encode(settings).decode())
    changed.encode_special_tokens = True
    return changed, first_only


def _without_prepend(normalizer: object) -> object:
    """A normalizer's settings without what puts `▁` before every text, as in Llama 2."""
    if not isinstance(normalizer, dict):
        return normalizer
    if normalizer["type"] == "Prepend":
        return None
    if normalizer["type"] == "Sequence":
        inner = [_without_prepend(one) for one in normalizer["normalizers"]]
        return {**normalizer, "normalizers": [one for one in inner if one is not None]}
    return normalizer


def _without_prefix(pre_tokenizer: object) -> tuple[object, bool]:
    """A pre-tokenizer's settings without a space before every text, and whether only a row's first text had one."""
    if not isinstance(pre_tokenizer, dict):
        return pre_tokenizer, False
    if pre_tokenizer["type"] == "Metaspace":
        scheme = pre_tokenizer["prepend_scheme"]
        return {**pre_tokenizer, "prepend_scheme": "never"}, scheme == "first"
    if pre_tokenizer["type"] == "ByteLevel":
        return {**pre_tokenizer, "add_prefix_space": False}, False
    if pre_tokenizer["type"] == "Sequence":
        inner = [_without_prefix(one) for one in pre_tokenizer["pretokenizers"]]
        return {**pre_tokenizer, "pretokenizers": [one for one, _ in inner]}, any(first for _, first in inner)
    return pre_tokenizer, False
