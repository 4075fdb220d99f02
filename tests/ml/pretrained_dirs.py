"""Directories as `save_pretrained` leaves them, made of random numbers: what a pretrained start begins from."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config, DataTable, ModelTable, Source
from tests.ml.tiny import LENGTH, TEXT, Architecture, network, tokenizer_dir

BOS, EOS = "<s>", "</s>"


def save(parent: Path, architecture: Architecture = "llama", seed: int = 7) -> Path:
    """A directory `model` with a byte-level tokenizer, as our own runs leave it."""
    target = parent / "model"
    model(architecture, seed).save_pretrained(target)
    for file in tokenizer_dir(parent).iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def model(architecture: Architecture = "llama", seed: int = 7) -> PreTrainedModel:
    """The model in it. Weights large enough for logits that say something, biases that are not nought."""
    return network(architecture, seed=seed, initializer_range=0.2)


def lossy_tokenizer() -> Tokenizer:
    """Puts all into lower case, marks words with ▁, begins a text with BOS, and is saved as it was last used."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=200, show_progress=False, special_tokens=["<unk>", BOS, EOS])
    tokenizer.train_from_iterator([TEXT * 20], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, 1)])
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    return tokenizer


def give_tokenizer(directory: Path, tokenizer: Tokenizer) -> None:
    """Put it in place of the directory's own."""
    tokenizer.save(str(directory / "tokenizer.json"))
    config = {"bos_token": BOS, "eos_token": {"content": EOS, "__type": "AddedToken"}}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))


def project(model_table: ModelTable) -> Config:
    """Real text, short rows."""
    data = DataTable(sources=[Source(kind="python-topics")], max_length=LENGTH)
    return msgspec.structs.replace(Config(), data=data, model=model_table)
