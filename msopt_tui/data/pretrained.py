"""A pretrained model's directory and the tokenizer in it: found here or on the hub, checked, taken over as it is.

Nothing of a model is executed: configuration and tokenizer are JSON, weights are safetensors, which `ml` reads.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec
from tokenizers import Tokenizer

from msopt_tui.data import fetch, roles
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family
from msopt_tui.data.watch import UNWATCHED, Watcher

Json = dict[str, object]

CONFIG, ADAPTER_CONFIG, TOKENIZER = "config.json", "adapter_config.json", "tokenizer.json"
WEIGHTS, WEIGHTS_INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZER_CONFIG, CHAT_TEMPLATE = "tokenizer_config.json", "chat_template.jinja"
_BESIDE_TOKENIZER = (TOKENIZER_CONFIG, "special_tokens_map.json", CHAT_TEMPLATE)
_SMALL_FILES = (CONFIG, ADAPTER_CONFIG, "generation_config.json", TOKENIZER, *_BESIDE_TOKENIZER)
_WEIGHT_FILES = ("model*.safetensors", WEIGHTS_INDEX)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_POSITIONS = ("max_position_embeddings", "n_positions")
"""What configurations call the longest row that a model takes."""
_DISTANCES = "relative_attention_num_buckets"
"""T5's configurations have this key: it knows distances between tokens, no positions, whatever `n_positions` says."""
_COUNTED_FROM_PADDING = frozenset(
    {"camembert", "data2vec-text", "longformer", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xmod"}
)
"""Networks whose first position is the one behind the padding token's id: of 514 positions 512 are for tokens."""


def locate(name: str, base_dir: Path, *, weights: bool, watcher: Watcher = UNWATCHED) -> Path:
    """The directory that `model.pretrained` means: a local one, relative to `base_dir`, or else a hub id's snapshot.

    From the hub come configuration and tokenizer, and the weights if `weights`; `watcher` hears of the bytes. Raises
    DataError with the way out: not there, not reachable, an adapter, or without weights in safetensors.
    """
    local = base_dir / Path(name).expanduser()
    if local.is_dir():
        directory = local.resolve()
        weights = True
    elif _HUB_ID.fullmatch(name):
        directory = _snapshot(name, base_dir, [*_SMALL_FILES, *(_WEIGHT_FILES if weights else ())], watcher)
    else:
        what = "is a file; name the directory it lies in" if local.exists() else "does not exist"
        raise DataError(f"model.pretrained: {local}: {what}")
    if (directory / ADAPTER_CONFIG).exists():
        raise DataError(
            f"model.pretrained: {name} is a LoRA adapter, not a whole model: name the model it belongs to, "
            "or the merged model"
        )
    if not (directory / CONFIG).is_file():
        raise DataError(f"model.pretrained: {name} has no {CONFIG}: it is no directory that save_pretrained wrote")
    if weights:
        _require_safetensors(name, directory)
    return directory


def _snapshot(name: str, base_dir: Path, patterns: list[str], watcher: Watcher) -> Path:
    try:
        return fetch.snapshot(name, watcher, patterns=patterns)
    except Exception as error:  # its errors have no common base, and each means that there is no model
        raise DataError(
            f"model.pretrained: {name} is no directory in {base_dir}, and the hub did not give a model of that name "
            f"({_first_line(error)}): check the name and the network, or download it elsewhere and name its directory; "
            "files that have come whole are kept"
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _require_safetensors(name: str, directory: Path) -> None:
    if (directory / WEIGHTS).is_file() or (directory / WEIGHTS_INDEX).is_file():
        return
    pickled = sorted(path.name for pattern in _PICKLES for path in directory.glob(pattern))
    found = f"only {pickled[0]}, and a pickle can run any code" if pickled else "none"
    raise DataError(
        f"model.pretrained: {name}: weights are read from {WEIGHTS} or {WEIGHTS_INDEX}, and there is {found}; "
        "where you trust it, load it with transformers and save_pretrained it again"
    )


def read_json(path: Path) -> Json:
    """A JSON file of a model directory, empty where there is none. Raises DataError where it is no JSON object."""
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=Json)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error


def refuse_longer(directory: Path, max_length: int) -> None:
    """Raises DataError where rows of `max_length` tokens are longer than the model takes."""
    limit = longest_row(read_json(directory / CONFIG))
    if limit is not None and max_length > limit:
        raise DataError(
            f"data.max_length = {max_length:,} is longer than {directory.name} takes: set it to {limit:,} or less"
        )


def longest_row(config: Json) -> int | None:
    """Tokens in the longest row that the network of a configuration takes; `None` where nothing bounds it."""
    if _DISTANCES in config:
        return None
    limit = next((limit for limit in map(config.get, _POSITIONS) if isinstance(limit, int)), None)
    pad = config.get("pad_token_id")
    if limit is not None and config.get("model_type") in _COUNTED_FROM_PADDING:
        return limit - 1 - (pad if isinstance(pad, int) else 1)
    return limit


@dataclass(frozen=True, slots=True)
class OwnTokenizer:
    """The tokenizer of a pretrained model, as its directory has it."""

    tokenizer: Tokenizer
    end: int
    """Id of the token that ends a text: the end-of-text token, or an encoder's separator."""
    begin: int | None
    """Id of the token that the model expects before a text; `None` where it expects none."""
    pad: int | None
    mask: int | None
    chat_template: str
    """Jinja template; empty where it has none."""
    files: dict[str, bytes]
    """What a directory for `AutoTokenizer` holds of it, by file name."""

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        return max(self.tokenizer.get_vocab().values()) + 1

    @property
    def between(self) -> tuple[int, ...]:
        """What stands between two texts."""
        return (self.end,) if self.begin is None else (self.end, self.begin)

    @property
    def sha256(self) -> str:
        """Of everything that decides about the tokens of a text."""
        digest = hashlib.sha256(repr(self.between).encode())
        digest.update(self.files[TOKENIZER])
        return digest.hexdigest()

    def install(self, target: Path) -> None:
        """Write its files; raises OSError."""
        bpe.write_files(self.files, target)


def own_tokenizer(directory: Path, family: Family = "causal") -> OwnTokenizer:
    """The tokenizer of a model directory. Raises DataError where it has none that we read, or none with an end.

    Roles that only the model's configuration names, or nothing but the usual spelling, are written into the tokenizer's
    own settings among `files`: what is told apart here must be told apart without the model too.
    """
    if not (directory / TOKENIZER).is_file():
        raise DataError(
            f"{directory}: has no {TOKENIZER}: write one with transformers' "
            "AutoTokenizer.from_pretrained(…).save_pretrained(…)"
        )
    files = {
        name: (directory / name).read_bytes() for name in (TOKENIZER, *_BESIDE_TOKENIZER) if (directory / name).exists()
    }
    tokenizer = bpe.as_saved(directory)
    if tokenizer.truncation is not None or tokenizer.padding is not None:
        # Some are saved as they were last used. Cut to 512 tokens, a book would be lost without a word.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        files[TOKENIZER] = tokenizer.to_str().encode()
    settings = [read_json(directory / name) for name in (TOKENIZER_CONFIG, "special_tokens_map.json")]
    found = roles.roles_of(tokenizer, settings, read_json(directory / CONFIG), family)
    end, begin = roles.first(found, roles.ENDS[family]), roles.first(found, roles.BEGINNINGS[family])
    if end is None:
        wanted = " or ".join(f"{role}_token" for role in roles.ENDS[family])
        raise DataError(f"{directory}: neither its tokenizer nor its {CONFIG} names an end-of-text token ({wanted})")
    if begin not in tokenizer.encode("").ids:
        begin = None
        found = {role: number for role, number in found.items() if role not in roles.BEGINNINGS[family]}
    unnamed = roles.unnamed(tokenizer, settings, found)
    if unnamed:
        files[TOKENIZER_CONFIG] = msgspec.json.format(msgspec.json.encode({**settings[0], **unnamed}), indent=2) + b"\n"
    return OwnTokenizer(
        tokenizer=bpe.literal(tokenizer),
        end=end,
        begin=begin,
        pad=found.get("pad"),
        mask=found.get("mask"),
        chat_template=_chat_template(directory, settings[0]),
        files=files,
    )


def _chat_template(directory: Path, settings: Json) -> str:
    """A file of its own goes before the one in the settings."""
    path = directory / CHAT_TEMPLATE
    if not path.exists():
        return roles.chat_template(settings)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error


def bytes_of_token(tokenizer: Tokenizer, token: int) -> int:
    """UTF-8 bytes of text that a text's first token stands for, 0 for a special one.

    Exact for byte-level tokenizers; for others as many as the token gives when it is decoded.
    """
    added = tokenizer.get_added_tokens_decoder().get(token)
    if added is not None and added.special:
        return 0
    text = tokenizer.id_to_token(token)
    if text is None:
        return 0
    return len(text) if _is_byte_level(tokenizer) else len(tokenizer.decode([token]).encode())


def _is_byte_level(tokenizer: Tokenizer) -> bool:
    """Whether each character of a token stands for one byte."""
    return type(tokenizer.decoder).__name__ == "ByteLevel"
