"""`Vocabulary`: what text is tokenised with, trained here or taken over from a pretrained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from msopt_tui.data.family import Family


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
