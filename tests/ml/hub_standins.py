"""Small local stand-ins for data sets and models of the hub: the same columns, the same kinds of files, a few rows."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from msopt_tui.config.schema import Config, ModelTable, TokenizerTable
from msopt_tui.config.tasks import Architecture
from msopt_tui.data import vocabulary as vocabularies
from msopt_tui.data.family import OF_ARCHITECTURE
from msopt_tui.ml import heads
from msopt_tui.ml import model as models
from tests.ml.task_projects import ANIMALS, _sentence
from tests.ml.tiny import CPU

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HEADS = {"bert": heads.MASKED, "t5": heads.SEQ2SEQ, "gpt2": heads.CAUSAL, "llama": heads.CAUSAL}


def model(target: Path, architecture: Architecture, texts: Sequence[str], *, chat: bool = False) -> Path:
    """A directory as `save_pretrained` leaves it, its tokenizer trained on `texts`."""
    family = OF_ARCHITECTURE[architecture]
    config = msgspec.structs.replace(Config(), tokenizer=TokenizerTable(vocab_size=500))
    vocabulary = vocabularies.trained(texts, config, family)
    network = models.build(
        ModelTable(architecture=architecture, hidden_size=32, num_hidden_layers=2, num_attention_heads=2),
        vocab_size=vocabulary.size,
        max_length=64,
        eos_token_id=vocabulary.end,
        pad_token_id=vocabulary.pad,
        seed=5,
        device=CPU,
        head=HEADS[architecture],
    )
    network.save_pretrained(target)
    vocabularies.save(vocabulary, target)
    if chat:
        path = target / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": CHATML}))
    return target


def rows(name: str, count: int, seed: int) -> Dataset:
    """Rows with the columns of a data set of the hub."""
    draw = random.Random(seed)
    pairs = [_sentence(draw) for _ in range(count)]
    match name:
        case "Salesforce/wikitext":
            return Dataset.from_dict(
                {"text": ["", *(f" {a} met {b} near hut {n} . \n" * 4 for n, (a, b) in enumerate(pairs))]}
            )
        case "rajpurkar/squad_v2":
            return Dataset.from_list([_question(at, a, draw) for at, (a, _) in enumerate(pairs)])
        case "wmt/wmt16":
            return Dataset.from_dict({"translation": [{"de": b, "en": f"{a} {n}"} for n, (a, b) in enumerate(pairs)]})
        case "abisee/cnn_dailymail":
            return Dataset.from_dict(
                {
                    "article": [f"{a} went home. {b} stayed in hut {n}." for n, (a, b) in enumerate(pairs)],
                    "highlights": [a for a, _ in pairs],
                    "id": [str(n) for n in range(count)],
                }
            )
        case "stanfordnlp/imdb":
            features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
            labels = [draw.randint(0, 1) for _ in pairs]
            texts = [
                f"{a} was {('bad', 'good')[label]} in {n}"
                for n, ((a, _), label) in enumerate(zip(pairs, labels, strict=True))
            ]
            return Dataset.from_dict({"text": texts, "label": labels}, features=features)
        case "HuggingFaceH4/ultrachat_200k":
            return Dataset.from_list(
                [{"prompt": a, "prompt_id": str(n), "messages": _chat(f"{a} {n}", b)} for n, (a, b) in enumerate(pairs)]
            )
        case "HuggingFaceH4/ultrafeedback_binarized":
            return Dataset.from_list(
                [
                    {
                        "prompt": f"{a} {n}",
                        "prompt_id": str(n),
                        "chosen": _chat(f"{a} {n}", b)[:2],
                        "rejected": _chat(f"{a} {n}", "no")[:2],
                        "score_chosen": 8.0,
                        "score_rejected": 2.0,
                    }
                    for n, (a, b) in enumerate(pairs)
                ]
            )
    raise KeyError(name)


def _question(number: int, sentence: str, draw: random.Random) -> dict[str, object]:
    context = f"the {sentence} lives in hut {number} with a {draw.choice(ANIMALS)}"
    answers = [f"hut {number}"] if number % 3 else []
    return {
        "id": str(number),
        "title": f"title {number // 4}",
        "context": context,
        "question": "where does it live?" if answers else "when was it born?",
        "answers": {"text": answers, "answer_start": [context.index(text) for text in answers]},
    }


def _chat(asked: str, answer: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": f"translate {asked}"},
        {"role": "assistant", "content": answer},
        {"role": "user", "content": "again"},
        {"role": "assistant", "content": answer},
    ]


def data_set(target: Path, name: str, splits: Sequence[str]) -> Path:
    """A directory as `save_to_disk` leaves it, with the splits that are asked for."""
    made = {split: rows(name, 90 if "train" in split else 20, at) for at, split in enumerate(dict.fromkeys(splits))}
    DatasetDict(made).save_to_disk(str(target))
    return target
