"""What the special tokens of a pretrained model's tokenizer are for, read from the JSON of its directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from tokenizers import Tokenizer

from msopt_tui.data.family import Family

Role = Literal["eos", "bos", "sep", "cls", "mask", "pad"]

ENDS: dict[Family, tuple[Role, ...]] = {"causal": ("eos",), "encoder": ("sep", "eos"), "encoder-decoder": ("eos",)}
"""Which token ends a text, the first that there is."""
BEGINNINGS: dict[Family, tuple[Role, ...]] = {
    "causal": ("bos",),
    "encoder": ("cls", "bos"),
    "encoder-decoder": ("bos", "cls"),
}
"""Which token may begin one."""
_SPELLINGS: dict[Role, tuple[str, ...]] = {
    "sep": ("[SEP]", "</s>"),
    "cls": ("[CLS]", "<s>"),
    "mask": ("[MASK]", "<mask>"),
    "pad": ("[PAD]", "<pad>"),
}
"""Published encoders of the early years name their tokens nowhere: the classes that wrote them knew the spelling."""


def roles_of(
    tokenizer: Tokenizer, settings: Sequence[Mapping[str, object]], config: Mapping[str, object], family: Family
) -> dict[Role, int]:
    """Ids by role, of the roles that the tokenizer has.

    `settings`, the tokenizer's own files, are asked in their order, then the model's `config`, which knows ids only,
    and for others than causal models last the usual spellings.
    """
    wanted = dict.fromkeys((*ENDS[family], *BEGINNINGS[family], "pad", "mask"))
    found: dict[Role, int] = {}
    for role in wanted:
        number = _named(tokenizer, settings, config, role)
        if number is None and family != "causal":
            number = _spelled(tokenizer, role)
        if number is not None:
            found[role] = number
    return found


def _named(
    tokenizer: Tokenizer, settings: Sequence[Mapping[str, object]], config: Mapping[str, object], role: Role
) -> int | None:
    for file in settings:
        text = _text(file.get(f"{role}_token"))
        if text is not None and tokenizer.token_to_id(text) is not None:
            return tokenizer.token_to_id(text)
    named = config.get(f"{role}_token_id")
    first = named[0] if isinstance(named, list) and named else named
    return first if isinstance(first, int) and tokenizer.id_to_token(first) is not None else None


def _text(token: object) -> str | None:
    """A token's text, which may stand in a table with its other properties."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else None


def _spelled(tokenizer: Tokenizer, role: Role) -> int | None:
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    ids = (tokenizer.token_to_id(text) for text in _SPELLINGS.get(role, ()) if text in special)
    return next(ids, None)


def first(roles: Mapping[Role, int], wanted: Sequence[Role]) -> int | None:
    """The id of the first role that there is."""
    return next((roles[role] for role in wanted if role in roles), None)


def unnamed(
    tokenizer: Tokenizer, settings: Sequence[Mapping[str, object]], roles: Mapping[Role, int]
) -> dict[str, str]:
    """What `tokenizer_config.json` would have to say for those roles that no file of the tokenizer names."""
    return {
        f"{role}_token": text
        for role, number in roles.items()
        if _named(tokenizer, settings, {}, role) is None and (text := tokenizer.id_to_token(number)) is not None
    }


def chat_template(settings: Mapping[str, object]) -> str:
    """The Jinja template in `tokenizer_config.json`, of several the default one; empty where there is none."""
    found = settings.get("chat_template")
    if isinstance(found, list):
        named = {entry.get("name"): entry.get("template") for entry in found if isinstance(entry, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else ""
