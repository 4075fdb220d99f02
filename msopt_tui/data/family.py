"""Which family a network is of: decides how rows are encoded and which heads it can have. From JSON and settings."""

from __future__ import annotations

from typing import Literal

Family = Literal["causal", "encoder", "encoder-decoder"]
"""`causal`: GPT-2, Llama and their like; `encoder`: the BERT family; `encoder-decoder`: T5, BART and their like."""
