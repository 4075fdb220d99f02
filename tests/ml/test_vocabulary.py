"""Vocabularies: the special tokens that each family needs, the same ids in transformers, and no text among them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.models.auto.tokenization_auto import AutoTokenizer
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.t5.configuration_t5 import T5Config

from msopt_tui.config.schema import Config, TokenizerTable
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data import vocabulary
from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family
from msopt_tui.data.pretrained import own_tokenizer
from msopt_tui.data.vocabulary import Vocabulary
from tests.ml.tiny import TEXT

FAMILIES: tuple[Family, ...] = ("causal", "encoder", "encoder-decoder")
BESIDE = {"causal": LlamaConfig, "encoder": BertConfig, "encoder-decoder": T5Config}
SMALL = msgspec.structs.replace(Config(), tokenizer=TokenizerTable(vocab_size=300))
every_family = pytest.mark.parametrize("family", FAMILIES)


def trained(family: Family) -> Vocabulary:
    return vocabulary.trained([TEXT * 20], SMALL, family)


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        [TEXT * 20], trainers.WordPieceTrainer(vocab_size=150, special_tokens=specials, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def roberta() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT * 20], trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def unigram() -> Tokenizer:
    """As T5's: the special tokens are among the pieces too."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator([TEXT * 20], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return tokenizer


TRAINED: dict[Family, Vocabulary] = {family: trained(family) for family in FAMILIES}
UNIGRAM = unigram()


def published(directory: Path, tokenizer: Tokenizer, **config: object) -> Path:
    """A directory as the early ones are: the tokenizer's settings name no token, the model's know ids."""
    directory.mkdir(exist_ok=True)
    tokenizer.enable_truncation(8)
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text('{"model_max_length": 512}')
    (directory / "config.json").write_text(json.dumps(config))
    return directory


def test_around_a_text_stands_what_its_family_expects() -> None:
    causal, encoder, both = map(trained, FAMILIES)
    assert causal.tokenizer.encode("fox").ids == causal.tokenizer.encode("fox", add_special_tokens=False).ids
    assert both.tokenizer.encode("fox").tokens[-1] == "<|endoftext|>"
    pair = encoder.tokenizer.encode("fox", "dog")
    marks = [index for index, token in enumerate(pair.tokens) if token.startswith("<|")]
    assert [pair.tokens[mark] for mark in marks] == ["<|cls|>", "<|sep|>", "<|sep|>"]
    assert marks[-1] == len(pair) - 1
    assert pair.type_ids == [int(index > marks[1]) for index in range(len(pair))]
    assert encoder.tokenizer.encode("fox").ids == pair.ids[: marks[1] + 1]


@every_family
def test_what_was_saved_is_loaded(family: Family, tmp_path: Path) -> None:
    before = trained(family)
    vocabulary.save(before, tmp_path)
    after = vocabulary.load(tmp_path, family)
    assert after.tokenizer.to_str() == before.tokenizer.to_str()
    for name in ("family", "size", "end", "between", "pad", "mask", "chat_template", "files"):
        assert getattr(after, name) == getattr(before, name), name


@every_family
@pytest.mark.parametrize("beside", [True, False])
def test_transformers_gives_the_same_ids(family: Family, beside: bool, tmp_path: Path) -> None:
    own = trained(family)
    vocabulary.save(own, tmp_path)
    if beside:  # a model's configuration may make transformers choose another class
        BESIDE[family]().save_pretrained(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    text = "Größe 🙂 東京\n\n x = {'a': 1}"
    assert theirs(text)["input_ids"] == own.tokenizer.encode(text).ids
    assert theirs(text, TEXT)["input_ids"] == own.tokenizer.encode(text, TEXT).ids
    assert theirs.decode(theirs(text)["input_ids"], skip_special_tokens=True) == text
    assert (theirs.pad_token_id, len(theirs)) == (own.pad, own.size)
    assert (theirs.sep_token_id if family == "encoder" else theirs.eos_token_id) == own.end
    assert theirs.mask_token_id == own.mask
    if family == "encoder":
        assert theirs.cls_token_id == own.between[1]


@every_family
@given(text=st.text(alphabet="ab <|>/[]", max_size=20), number=st.integers(0, 4))
@settings(deadline=None, max_examples=30)
def test_no_text_is_a_special_token(family: Family, text: str, number: int) -> None:
    own = TRAINED[family]
    specials = [token.content for token in own.tokenizer.get_added_tokens_decoder().values()]
    special = specials[number % len(specials)]
    ids = own.tokenizer.encode(f"{text}{special} {special}{text}", add_special_tokens=False).ids
    assert not set(ids) & set(own.tokenizer.get_added_tokens_decoder())
    assert own.tokenizer.decode(ids, skip_special_tokens=False) == f"{text}{special} {special}{text}"


@given(text=st.text(alphabet="fox </s>padunk", max_size=20))
@settings(deadline=None, max_examples=50)
def test_nor_in_a_unigram_model_that_has_them_among_its_pieces(text: str) -> None:
    own, plain = bpe.literal(Tokenizer.from_str(UNIGRAM.to_str())), UNIGRAM
    plain.encode_special_tokens = True
    for special in ("<pad>", "</s>"):
        written = f"fox {special} the{special}{text}"
        assert plain.token_to_id(special) in plain.encode(written, add_special_tokens=False).ids, "else nothing is kept"
        assert not {0, 1} & set(own.encode(written, add_special_tokens=False).ids)
    assert own.encode(TEXT).ids == plain.encode(TEXT).ids


def test_a_causal_vocabulary_is_the_one_it_always_was() -> None:
    own = TRAINED["causal"]
    assert (own.end, own.between, own.pad, own.mask) == (0, (0,), 1, None)
    assert b'"bos_token": "<|endoftext|>"' in own.files["tokenizer_config.json"]


def test_a_bert_of_the_early_years(tmp_path: Path) -> None:
    """Its files say nothing of roles: the usual spelling does, and what we write down is enough without the model."""
    own = own_tokenizer(published(tmp_path / "model", word_piece(), model_type="bert", pad_token_id=0), "encoder")
    found = vocabulary.taken_over(own, "encoder")
    assert (found.end, found.between, found.pad, found.mask) == (3, (3, 2), 0, 4)
    assert found.size == len(own.tokenizer.get_vocab())
    assert len(found.tokenizer.encode(TEXT).ids) > 8, "nothing is cut"
    assert found.tokenizer.encode("the fox", "dog").type_ids[-1] == 1
    vocabulary.save(found, tmp_path / "saved")
    again = vocabulary.load(tmp_path / "saved", "encoder")
    assert (again.end, again.between, again.pad, again.mask) == (3, (3, 2), 0, 4)
    theirs = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert theirs(TEXT)["input_ids"] == found.tokenizer.encode(TEXT).ids


def test_a_roberta_ends_a_text_with_its_separator(tmp_path: Path) -> None:
    directory = published(tmp_path, roberta(), model_type="roberta", bos_token_id=0, eos_token_id=2, pad_token_id=1)
    found = vocabulary.load(directory, "encoder")
    assert (found.end, found.between, found.pad, found.mask) == (2, (2, 0), 1, 4)
    assert not {0, 2} & set(found.tokenizer.encode("<s></s>", add_special_tokens=False).ids)


def test_a_t5_ends_a_text_and_begins_none(tmp_path: Path) -> None:
    directory = published(tmp_path, unigram(), model_type="t5", eos_token_id=1, pad_token_id=0)
    found = vocabulary.load(directory, "encoder-decoder")
    assert (found.end, found.between, found.pad, found.mask) == (1, (1,), 0, None)
    saved = json.loads(found.files["tokenizer.json"])
    assert saved["pre_tokenizer"]["type"] == "Metaspace", "the file goes on as it was"
    assert saved["truncation"] is None


def test_an_encoder_needs_a_separator(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    with pytest.raises(DataError, match=r"names an end-of-text token \(sep_token or eos_token\)"):
        own_tokenizer(published(tmp_path, tokenizer, model_type="bert"), "encoder")


def test_a_role_that_the_model_does_not_use_is_not_given_to_its_tokenizer(tmp_path: Path) -> None:
    own = own_tokenizer(published(tmp_path, trained("causal").tokenizer, eos_token_id=0, bos_token_id=0))
    assert json.loads(own.files["tokenizer_config.json"]) == {"model_max_length": 512, "eos_token": "<|endoftext|>"}


@pytest.mark.parametrize(
    ("in_settings", "in_file", "expected"),
    [
        (None, None, ""),
        ("{{ a }}", None, "{{ a }}"),
        ([{"name": "tools", "template": "t"}, {"name": "default", "template": "d"}], None, "d"),
        ("{{ a }}", "{{ b }}", "{{ b }}"),
    ],
)
def test_a_chat_template_is_found_where_it_is(
    tmp_path: Path, in_settings: object, in_file: str | None, expected: str
) -> None:
    vocabulary.save(trained("causal"), tmp_path)
    settings_file = tmp_path / "tokenizer_config.json"
    settings_file.write_text(json.dumps(json.loads(settings_file.read_text()) | {"chat_template": in_settings}))
    if in_file is not None:
        (tmp_path / "chat_template.jinja").write_text(in_file)
    found = vocabulary.load(tmp_path, "causal")
    assert found.chat_template == expected
    vocabulary.save(found, tmp_path / "again")
    assert vocabulary.load(tmp_path / "again", "causal").chat_template == expected
