"""Vocabularies of a few hundred tokens for every family, trained on a few lines, and projects to encode with them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from msopt_tui.config.schema import Config, DataTable, EvaluateTable, TaskTable, TokenizerTable
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.family import Family
from msopt_tui.data.vocabulary import Vocabulary, trained

LINES = (
    "The quick brown fox jumps over the lazy dog. Who jumps over whom?\n",
    "What is the capital of Germany? Berlin is the capital of Germany.\n\n",
    "Größe 🙂👩‍👩‍👧 東京タワー naïve café: 42, 3.14 and more!\n",
    "You are a helpful assistant. Summary: Translation: Question: Answer:\n",
)
CHATML = """\
{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
"""Ends every turn with a token of its own and a line break after it."""
HEADERS = """\
{{- bos_token }}
{%- for message in messages %}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
"""
"""Begins with a token and puts roles between two tokens, as Llama 3 does."""
THOUGHTS = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' and loop.last %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{{- message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""
"""Writes the last answer otherwise than those before it, as Qwen 3 does."""
ALTERNATING = """\
{%- for message in messages %}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
{{- raise_exception('Conversation roles must alternate user/assistant') }}
{%- endif %}
{{- '[INST] ' + message.content + ' [/INST]' if message.role == 'user' else ' ' + message.content + eos_token }}
{%- endfor %}
"""
"""Refuses whatever is not one question and one answer in turn; writes nothing before an answer."""
CHAT_TOKENS = ("<|im_start|>", "<|im_end|>", "<|begin|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")


@cache
def causal(chat_template: str = "", begin: bool = False) -> Vocabulary:
    """As trained from scratch, with tokens for chats; `<|begin|>` before every text if `begin`."""
    plain = _trained("causal")
    plain.tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in CHAT_TOKENS])
    between = [plain.end, _id(plain.tokenizer, "<|begin|>")] if begin else [plain.end]
    size = plain.size + len(CHAT_TOKENS)
    return replace(plain, size=size, between=between, chat_template=chat_template)


@cache
def encoder(types: bool = True) -> Vocabulary:
    """As trained from scratch; without `types` the second text is told apart by two separators alone."""
    vocabulary = _trained("encoder")
    if not types:
        vocabulary.tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bpe.CLS} $A {bpe.SEP}",
            pair=f"{bpe.CLS} $A {bpe.SEP} {bpe.SEP} $B {bpe.SEP}",
            special_tokens=[(name, _id(vocabulary.tokenizer, name)) for name in (bpe.CLS, bpe.SEP)],
        )
    return vocabulary


@cache
def encoder_decoder() -> Vocabulary:
    """As trained from scratch."""
    return _trained("encoder-decoder")


@cache
def sentencepiece(prepend_scheme: str = "always", chat_template: str = "") -> Vocabulary:
    """Words marked with ▁, one also before the first word of a text; `<s>` before every text, as in Llama 2."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend_scheme)
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(prepend_scheme=prepend_scheme), decoders.Fuse()]
    )
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False, special_tokens=names)
    tokenizer.train_from_iterator(LINES * 4, trainer)
    # The bytes are tokens like others; only their place in the vocabulary was asked for.
    plain = bpe.literal(Tokenizer.from_str(_without_special_bytes(tokenizer)))
    begin, end = _id(plain, "<s>"), _id(plain, "</s>")
    plain.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", begin)])
    return Vocabulary(
        tokenizer=plain,
        family="causal",
        size=plain.get_vocab_size(),
        end=end,
        between=[end, begin],
        pad=end,
        chat_template=chat_template,
    )


def project(task: str, max_length: int = 256, **settings: object) -> Config:
    """A project of a task, with settings of `[task]`."""
    return Config(
        data=DataTable(max_length=max_length),
        task=msgspec.convert({"name": task, **settings}, TaskTable),
        evaluate=EvaluateTable(max_new_tokens=8),
    )


def _without_special_bytes(tokenizer: Tokenizer) -> str:
    settings = msgspec.json.decode(tokenizer.to_str())
    settings["added_tokens"] = [token for token in settings["added_tokens"] if not token["content"].startswith("<0x")]
    return msgspec.json.encode(settings).decode()


def _trained(family: Family) -> Vocabulary:
    return trained(LINES * 4, Config(tokenizer=TokenizerTable(vocab_size=420)), family)


def _id(tokenizer: Tokenizer, name: str) -> int:
    token = tokenizer.token_to_id(name)
    assert token is not None
    return token
