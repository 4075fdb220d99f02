"""Directories as `save_pretrained` leaves them, made of random numbers: what a pretrained start begins from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.modeling_utils import PreTrainedModel
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM, BertModel
from transformers.models.distilbert.configuration_distilbert import DistilBertConfig
from transformers.models.distilbert.modeling_distilbert import DistilBertForMaskedLM
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.models.roberta.configuration_roberta import RobertaConfig
from transformers.models.roberta.modeling_roberta import RobertaForMaskedLM
from transformers.models.t5.configuration_t5 import T5Config
from transformers.models.t5.modeling_t5 import T5ForConditionalGeneration

from msopt_tui.config.schema import Config, DataTable, ModelTable, Source
from tests.ml import task_projects
from tests.ml.tiny import LENGTH, TEXT, Architecture, network, tokenizer_dir
from tests.vocabularies import CHATML

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


POSITIONS = 64
"""Longest row of the families below."""
BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
T5 = ("<pad>", "</s>", "<unk>")
GPT2 = ("<|endoftext|>",)
CHAT = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def of_family(kind: str, parent: Path, name: str = "base") -> Path:
    """A directory as published ones of that kind are: its own sort of tokenizer, its own special tokens.

    `bert`, `bert-body` (no head), `roberta`, `distilbert` (no types, a bare mention of its tokens), `t5`, `gpt2` (no
    padding token) or `chat` (ChatML, which ends a turn with a token of its own).
    """
    tokenizer, roles, make = KINDS[kind]
    made = tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        network = make(made.get_vocab_size())
    target = parent / name
    network.save_pretrained(target)
    made.save(str(target / "tokenizer.json"))
    (target / "tokenizer_config.json").write_text(json.dumps(roles), encoding="utf-8")
    if kind == "chat":
        (target / "chat_template.jinja").write_text(CHATML, encoding="utf-8")
    return target


def _word_pieces() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=400, show_progress=False, special_tokens=list(BERT))
    tokenizer.train_from_iterator(task_projects.corpus(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, BERT.index(token)) for token in ("[CLS]", "[SEP]")],
    )
    # As the published ones were saved.
    tokenizer.enable_truncation(POSITIONS)
    return tokenizer


def _byte_pairs(specials: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        show_progress=False,
        special_tokens=list(specials),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(task_projects.corpus(), trainer)
    if specials == ROBERTA:
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def _unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, show_progress=False, special_tokens=list(T5), unk_token="<unk>", shrinking_factor=0.75
    )
    tokenizer.train_from_iterator(task_projects.corpus(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return tokenizer


def _encoder(vocab_size: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS,
        initializer_range=0.1,
    )


def _roberta(vocab_size: int) -> PreTrainedModel:
    settings = _encoder(vocab_size).to_dict() | {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    # Its positions begin behind the padding's.
    settings |= {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1, "model_type": "roberta"}
    return RobertaForMaskedLM(RobertaConfig(**settings))


def _distilbert(vocab_size: int) -> PreTrainedModel:
    config = DistilBertConfig(
        vocab_size=vocab_size, dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=POSITIONS
    )
    return DistilBertForMaskedLM(config)


def _t5(vocab_size: int) -> PreTrainedModel:
    # A few rows more than there are tokens, as in the published ones.
    config = T5Config(
        vocab_size=vocab_size + 28,
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
    )
    config.decoder_start_token_id = 0
    network = T5ForConditionalGeneration(config)
    # The published ones name a bound that T5, which knows no positions, does not have.
    config.update({"n_positions": 16})
    return network


def _gpt2(vocab_size: int) -> PreTrainedModel:
    config = GPT2Config(
        vocab_size=vocab_size, n_positions=POSITIONS, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
    )
    return GPT2LMHeadModel(config)


def _llama(vocab_size: int) -> PreTrainedModel:
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config)


Kind = tuple[Callable[[], Tokenizer], dict[str, str], Callable[[int], PreTrainedModel]]
_BERT_ROLES = {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "pad_token": "[PAD]"}

KINDS: dict[str, Kind] = {
    "bert": (_word_pieces, _BERT_ROLES, lambda size: BertForMaskedLM(_encoder(size))),
    "bert-body": (_word_pieces, _BERT_ROLES, lambda size: BertModel(_encoder(size))),
    "roberta": (
        lambda: _byte_pairs(ROBERTA),
        {"bos_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>", "pad_token": "<pad>"},
        _roberta,
    ),
    "distilbert": (_word_pieces, {}, _distilbert),
    "t5": (_unigram, {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}, _t5),
    "gpt2": (lambda: _byte_pairs(GPT2), {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}, _gpt2),
    "chat": (
        lambda: _byte_pairs(CHAT),
        {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
        _llama,
    ),
}
"""Tokenizer, what its settings say, and the network for so many tokens."""
