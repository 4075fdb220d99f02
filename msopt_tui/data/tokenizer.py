"""A byte-level BPE: no text is unknown to it, and the bytes of the tokens are the bytes of the text.

Also how any tokenizer's file is read: so that nothing written in a text becomes a token with a meaning.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family

END_OF_TEXT = "<|endoftext|>"
"""Stands after every document; also the begin-of-text token, as in GPT-2."""
PAD = "<|pad|>"
CLS, SEP, MASK = "<|cls|>", "<|sep|>", "<|mask|>"
"""For encoders: begins a row, ends a text in it, hides a token."""
SPECIALS = (END_OF_TEXT, PAD)
ROLES: dict[Family, dict[str, str]] = {
    "causal": {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "pad_token": PAD},
    "encoder": {"cls_token": CLS, "sep_token": SEP, "mask_token": MASK, "pad_token": PAD},
    "encoder-decoder": {"eos_token": END_OF_TEXT, "pad_token": PAD},
}
"""What the special tokens are for, by the names in `tokenizer_config.json`."""
_AROUND: dict[Family, tuple[str, str]] = {
    "encoder": (f"{CLS} $A {SEP}", f"{CLS} $A {SEP} $B:1 {SEP}:1"),
    "encoder-decoder": (f"$A {END_OF_TEXT}", f"$A {END_OF_TEXT} $B {END_OF_TEXT}"),
}
"""What stands around one text and around two; `:1` is the second segment's type id."""
PIECE_CHARS = 1 << 18
"""A document longer than this is tokenised in pieces, because the tokenizer needs about 100 bytes a token."""
IN_FLIGHT = 2
"""Batches that are tokenised at the same time."""
TRAINING_PIECE_CHARS = 1 << 10
"""The same for training, where the time a merge takes grows with the longest word: a line of base64 is one word."""
TRAINING_CHARS = 100_000_000
"""Text longer than this is sampled for training, in even steps: merges settle long before, while noise such as base64
takes up to 100 times its size in memory."""


def train(texts: Iterable[str], vocab_size: int, min_frequency: int, family: Family = "causal") -> Tokenizer:
    """Train on `texts`, for a network of `family`; the same texts in the same order give the same tokenizer.

    Sennrich et al. 2016 (arXiv:1508.07909) over UTF-8 bytes, words cut with GPT-2's pattern. A small text may give
    fewer than `vocab_size` tokens, but always the 256 bytes and the special tokens. What the iterable raises ends the
    training. Give long texts in pieces of TRAINING_PIECE_CHARS.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        show_progress=False,
        special_tokens=specials(family),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(texts, trainer)
    if family in _AROUND:
        single, pair = _AROUND[family]
        ids = [(token, tokenizer.token_to_id(token)) for token in specials(family) if token in pair]
        tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=ids)
    return literal(tokenizer)


def specials(family: Family) -> list[str]:
    """The special tokens of a family in the order of their ids, which are the lowest."""
    return [*SPECIALS, CLS, SEP, MASK] if family == "encoder" else list(SPECIALS)


def files_of(tokenizer: Tokenizer, family: Family = "causal", model_max_length: int | None = None) -> dict[str, bytes]:
    """What `AutoTokenizer.from_pretrained` needs in a directory, by file name; `model_max_length` is in tokens."""
    settings: dict[str, object] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **ROLES[family],
        "clean_up_tokenization_spaces": False,
    }
    if model_max_length is not None:
        settings["model_max_length"] = model_max_length
    text = msgspec.json.format(msgspec.json.encode(settings), indent=2)
    return {"tokenizer.json": tokenizer.to_str(pretty=True).encode(), "tokenizer_config.json": text + b"\n"}


def save(tokenizer: Tokenizer, directory: Path, model_max_length: int | None = None) -> None:
    """Write what `AutoTokenizer.from_pretrained(directory)` needs; `model_max_length` is in tokens."""
    write_files(files_of(tokenizer, model_max_length=model_max_length), directory)


def write_files(files: Mapping[str, bytes], directory: Path) -> None:
    """Write files by name; raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)


def load(directory: Path) -> Tokenizer:
    """The tokenizer of a directory; raises DataError where there is none that can be read.

    A special token such as `<|endoftext|>` written out in a text is text to it: foreign text can't end a document.
    """
    return literal(as_saved(directory))


def as_saved(directory: Path) -> Tokenizer:
    """The tokenizer of a directory to the letter, where text can become a special token; raises DataError."""
    path = directory / "tokenizer.json"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # tokenizers raises a bare Exception for a file that it can't parse
        raise DataError(f"{path}: is not a tokenizer: {error}") from error


def literal(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer itself, changed so that no text becomes a special token. Not to be saved from then on."""
    tokenizer.encode_special_tokens = True
    whole = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    reached = [token for token in whole if _reaches(tokenizer, token)]
    if reached:
        # A unigram model has its special tokens among its pieces, and takes them as the best piece of their own text.
        # Cut after the first character, they are two pieces of text.
        first = "|".join(f"{re.escape(token[0])}(?={re.escape(token[1:])})" for token in reached)
        cut = pre_tokenizers.Split(Regex(first), "isolated")
        own = tokenizer.pre_tokenizer
        tokenizer.pre_tokenizer = cut if own is None else pre_tokenizers.Sequence([cut, own])
    return tokenizer


def _reaches(tokenizer: Tokenizer, token: str) -> bool:
    """Whether the text of a special token is tokenised as that token."""
    if len(token) == 1:  # a single character can't be cut, and is what it is in any text
        return False
    encoding = tokenizer.encode(f"a {token}", add_special_tokens=False)
    found = zip(encoding.ids, encoding.offsets, strict=True)
    own = tokenizer.token_to_id(token)
    return any(number == own and end - start >= len(token) for number, (start, end) in found)


def end_of_text(tokenizer: Tokenizer) -> int:
    """Id of the token after every document."""
    token = tokenizer.token_to_id(END_OF_TEXT)
    assert token is not None, "save and train always give one"
    return token


def pieces(text: str, size: int = PIECE_CHARS) -> Iterator[str]:
    """A text in pieces of at most `size` characters whose tokens, put together, are the tokens of the whole.

    A cut stands before white space that follows something else, where GPT-2's pattern always cuts. Only a stretch of
    `size` characters without such a place is cut anywhere.
    """
    start = 0
    while len(text) - start > size:
        end = start + size
        cut = max(_last_break(text, " ", start, end), _last_break(text, "\n", start, end))
        end = cut if cut > start else end
        yield text[start:end]
        start = end
    yield text[start:]


def _last_break(text: str, space: str, start: int, end: int) -> int:
    """Last place in (start, end] where `space` follows a character that is no white space; `start` if there is none."""
    found = text.rfind(space, start + 1, end + 1)
    while found > start and text[found - 1].isspace():
        found = text.rfind(space, start + 1, found)
    return max(found, start)


def encode(
    tokenizer: Tokenizer, texts: Iterable[str], batch_chars: int = 8 * PIECE_CHARS, between: Sequence[int] = ()
) -> Iterator[tuple[npt.NDArray[np.uint32], int]]:
    """Token ids of `texts` one after the other, `between` after each, and the characters that they hold.

    `between` is `END_OF_TEXT` if not given. Comes in arrays of about `batch_chars` characters, so that memory stays
    bounded; each may end inside a text.
    """
    between = between or (end_of_text(tokenizer),)
    coming: deque[Future[tuple[npt.NDArray[np.uint32], int]]] = deque()
    # The tokenizer lets go of the interpreter and works on all cores. With two batches under way no core waits for the
    # last long piece of one, nor for its ids to be copied.
    with ThreadPoolExecutor(IN_FLIGHT, "tokenise") as pool:
        for batch, ends in _batches(texts, batch_chars):
            coming.append(pool.submit(_encoded, tokenizer, batch, ends, between))
            if len(coming) > IN_FLIGHT:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _batches(texts: Iterable[str], batch_chars: int) -> Iterator[tuple[list[str], list[bool]]]:
    """Pieces of about `batch_chars` characters together, and which of them are their text's last."""
    batch: list[str] = []
    ends: list[bool] = []
    chars = 0
    for piece, is_last in _marked(texts):
        batch.append(piece)
        ends.append(is_last)
        chars += len(piece)
        if chars >= batch_chars:
            yield batch, ends
            batch, ends, chars = [], [], 0
    if batch:
        yield batch, ends


def _marked(texts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Every piece of every text, and whether it is its text's last."""
    for text in texts:
        *first, last = pieces(text)
        for piece in first:
            yield piece, False
        yield last, True


def _encoded(
    tokenizer: Tokenizer, batch: list[str], ends: list[bool], between: Sequence[int]
) -> tuple[npt.NDArray[np.uint32], int]:
    ids: list[int] = []
    for encoding, is_last in zip(tokenizer.encode_batch_fast(batch, add_special_tokens=False), ends, strict=True):
        ids += encoding.ids
        if is_last:
            ids += between
    return np.array(ids, dtype=np.uint32), sum(map(len, batch))
