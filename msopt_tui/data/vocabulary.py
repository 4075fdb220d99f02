"""`Vocabulary`: what text is tokenised with, trained here or taken over from a pretrained model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from msopt_tui.config.schema import Config
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.family import Family
from msopt_tui.data.pretrained import OwnTokenizer, own_tokenizer


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer and the tokens that mean something to a network."""

    tokenizer: Tokenizer
    """Neither cuts nor pads. With special tokens asked for it adds those that the network expects around one text or
    two: `[CLS] a [SEP] b [SEP]` for an encoder, `a </s>` for an encoder-decoder."""
    family: Family
    size: int
    """Tokens there are: one more than the highest id."""
    end: int
    """Ends a text: the end-of-text token, or an encoder's separator."""
    between: Sequence[int]
    """What stands after every text where texts follow each other."""
    pad: int
    """Fills rows up; the end token where the tokenizer has none of its own."""
    mask: int | None = None
    """Stands for a hidden token, where the tokenizer has one."""
    chat_template: str = ""
    """Jinja template of the model's chats; empty where it has none."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What a directory for `AutoTokenizer` holds of it, by file name."""


def trained(texts: Iterable[str], config: Config, family: Family) -> Vocabulary:
    """A byte-level BPE trained on `texts`, by `[tokenizer]`, with the special tokens that the family needs.

    Give long texts in pieces (`tokenizer.TRAINING_PIECE_CHARS`). What the iterable raises ends the training.
    """
    table = config.tokenizer
    tokenizer = bpe.train(texts, table.vocab_size, table.min_frequency, family)
    ids = {role: tokenizer.token_to_id(token) for role, token in bpe.ROLES[family].items()}
    end, begin = ids["sep_token" if family == "encoder" else "eos_token"], ids.get("cls_token")
    pad = ids["pad_token"]
    assert end is not None, "every special token is in the vocabulary"
    assert pad is not None, "likewise"
    return Vocabulary(
        tokenizer=tokenizer,
        family=family,
        size=tokenizer.get_vocab_size(),
        end=end,
        between=(end,) if begin is None else (end, begin),
        pad=pad,
        mask=ids.get("mask_token"),
        files=bpe.files_of(tokenizer, family),
    )


def taken_over(own: OwnTokenizer, family: Family) -> Vocabulary:
    """The vocabulary of a pretrained model of that family, to the letter."""
    return Vocabulary(
        tokenizer=own.tokenizer,
        family=family,
        size=own.vocab_size,
        end=own.end,
        between=own.between,
        pad=own.end if own.pad is None else own.pad,
        mask=own.mask,
        chat_template=own.chat_template,
        files=own.files,
    )


def save(vocabulary: Vocabulary, directory: Path) -> None:
    """Write what `load` reads, and `AutoTokenizer.from_pretrained` for the same ids; raises OSError."""
    bpe.write_files(vocabulary.files, directory)


def load(directory: Path, family: Family) -> Vocabulary:
    """The vocabulary that `save` wrote; raises DataError where there is none that can be read."""
    return taken_over(own_tokenizer(directory, family), family)
