"""Continuations of a project's prompts: a small sampler whose draws disturb nobody else's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from tokenizers import Tokenizer
from transformers.cache_utils import DynamicCache
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml.modes import evaluating


def continue_texts(
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float,
    top_k: int,
    seed: int,
    device: torch.device,
    check: Callable[[], None],
    grown: Callable[[Callable[[], str]], None] | None = None,
) -> list[str]:
    """What the model writes after each prompt, without the prompt and without special tokens.

    `temperature` 0 takes the most likely token, `top_k` 0 draws from all. A text ends at the end-of-text token; an
    empty prompt begins after one. Prompt i draws from a generator of its own on the CPU, seeded with `seed` + i, so
    that its draws are the same on every device and whatever the other prompts are. Past the model's context the older
    half of it is dropped. `check` is called before every token; what it raises ends the sampling. `grown` is called
    after every token with what makes the first text so far.
    """
    if not prompts:
        return []
    end = _end_of_text(model)
    texts = [_Text(tokenizer.encode(prompt).ids or [end], seed + at) for at, prompt in enumerate(prompts)]
    window = _Window(model, device)
    with evaluating(model), torch.inference_mode():
        # All texts grow together from the length of the shortest prompt; a longer one is still being read meanwhile.
        length = min(text.prompt_length for text in texts)
        while any(text.wants_more(max_new_tokens) for text in texts):
            check()
            candidates = _candidates(window.logits([text.ids[:length] for text in texts]), temperature, top_k)
            for text, scores, tokens in zip(texts, *candidates, strict=True):
                if length == len(text.ids):
                    text.grow(_draw(scores, tokens, text.generator), end, max_new_tokens)
            length += 1
            if grown is not None:
                grown(partial(_spelled, tokenizer, texts[0].written(end)))
    return [_spelled(tokenizer, text.written(end)) for text in texts]


def _spelled(tokenizer: Tokenizer, ids: list[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=True)


def _end_of_text(model: PreTrainedModel) -> int:
    ids = model.config.eos_token_id
    first = ids[0] if isinstance(ids, list) else ids
    return 0 if first is None else int(first)


@dataclass
class _Text:
    """One prompt and what has been written after it."""

    ids: list[int]
    seed: int
    prompt_length: int = field(init=False)
    finished: bool = field(init=False, default=False)
    generator: torch.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.prompt_length = len(self.ids)
        self.generator = torch.Generator().manual_seed(self.seed)

    def wants_more(self, max_new_tokens: int) -> bool:
        return not self.finished and len(self.ids) - self.prompt_length < max_new_tokens

    def grow(self, token: int, end: int, max_new_tokens: int) -> None:
        """A text that is finished goes on with whatever, so that all rows stay equally long; it is not shown."""
        if not self.wants_more(max_new_tokens):
            self.finished = True
        self.ids.append(end if self.finished else token)
        self.finished = self.finished or token == end

    def written(self, end: int) -> list[int]:
        new = self.ids[self.prompt_length :]
        return new[: new.index(end)] if end in new else new


def _candidates(logits: torch.Tensor, temperature: float, top_k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k best tokens of every row, on the CPU: scores divided by the temperature [rows, k], and ids [rows, k]."""
    size = logits.shape[-1]
    k = 1 if temperature == 0.0 else min(top_k or size, size)
    best = logits.float().topk(k, dim=-1)
    # Against the highest score first, so that a tiny temperature can't make an infinity of every one of them.
    scores = best.values - best.values[:, :1]
    return (scores / (temperature or 1.0)).cpu(), best.indices.cpu()


def _draw(scores: torch.Tensor, tokens: torch.Tensor, generator: torch.Generator) -> int:
    """One of `tokens` [k], with softmax(scores) as its probability; the first where the scores are not numbers."""
    if len(tokens) == 1 or not bool(torch.isfinite(scores[0])):
        return int(tokens[0])
    at = torch.multinomial(torch.softmax(scores.double(), dim=-1), 1, generator=generator)
    return int(tokens[at])


class _Window:
    """The part of the texts that the model sees, its keys and values kept from token to token."""

    def __init__(self, model: PreTrainedModel, device: torch.device) -> None:
        self._model = model
        self._device = device
        # Some architectures set no limit: their attention reckons with distances alone.
        self._context: int = getattr(model.config, "max_position_embeddings", None) or sys.maxsize
        self._start = 0
        self._seen = 0
        self._cache = DynamicCache(config=model.config)

    def logits(self, rows: list[list[int]]) -> torch.Tensor:
        """Logits [rows, vocabulary] of the token after `rows`, which are all equally long and longer than before."""
        length = len(rows[0])
        if self._seen == 0:
            self._start = max(0, length - self._context)
        elif length - self._start > self._context:
            self._start = length - max(1, self._context // 2)
            self._seen = 0
            self._cache = DynamicCache(config=self._model.config)
        first = self._start + self._seen
        ids = torch.tensor([row[first:length] for row in rows], device=self._device)
        output = self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        self._seen = length - self._start
        logits: torch.Tensor = output.logits[:, -1]
        return logits
