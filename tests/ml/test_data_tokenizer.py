import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.errors import DataError

CORPUS = [
    f"The quick brown fox number {n} jumps over the lazy dog; naïve café, 東京 🙂.\n\n\n      done()" for n in range(80)
]
AWKWARD = "Größe 🙂👩‍👩‍👧 東京タワー\n\n\t  x = {'a': 1}  <|endoftext|> \u202e\ufeff\U0010ffff e\u0301"
any_text = st.text(max_size=80)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return bpe.train(CORPUS, 400, 2)


def test_every_byte_and_special_is_in_the_vocabulary() -> None:
    tiny = bpe.train(["a"], 300, 2)
    assert tiny.get_vocab_size() == 258
    assert [tiny.id_to_token(0), tiny.id_to_token(1)] == [bpe.END_OF_TEXT, bpe.PAD]


@given(text=any_text)
@settings(deadline=None)
def test_text_comes_back_as_it_was(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_a_special_token_written_out_is_only_text(tokenizer: Tokenizer, tmp_path: Path) -> None:
    bpe.save(tokenizer, tmp_path)
    for one in (tokenizer, bpe.load(tmp_path)):
        assert bpe.end_of_text(one) not in one.encode(AWKWARD).ids


def test_what_the_texts_raise_ends_the_training() -> None:
    class Stop(Exception):
        pass

    def texts() -> Iterator[str]:
        yield CORPUS[0]
        raise Stop

    with pytest.raises(Stop):
        bpe.train(texts(), 300, 2)


def test_another_process_trains_the_same_tokenizer(tokenizer: Tokenizer) -> None:
    """Hash seeds of Python and Rust differ between processes; the merges must not."""
    code = (
        "import sys; from msopt_tui.data import tokenizer as b; from tests.ml.test_data_tokenizer import CORPUS;"
        "sys.stdout.buffer.write(b.train(CORPUS, 400, 2).to_str().encode())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert other.stdout.decode() == tokenizer.to_str()


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json: can't be read"):
        bpe.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(DataError, match=r"tokenizer\.json: is not a tokenizer"):
        bpe.load(tmp_path)


@settings(deadline=None)
@given(text=st.text(alphabet="ab1.' \n\t\u00a0\u3000é東", max_size=120), size=st.integers(8, 30))
def test_pieces_are_the_text_and_small(text: str, size: int) -> None:
    parts = list(bpe.pieces(text, size))
    assert "".join(parts) == text
    assert all(len(part) <= size for part in parts)


@settings(deadline=None)
@given(
    words=st.lists(st.text(alphabet="ab1.'é東", min_size=1, max_size=6), max_size=40),
    gap=st.sampled_from([" ", "\n", "      ", "\n\n\n"]),
)
def test_pieces_have_the_tokens_of_the_whole(tokenizer: Tokenizer, words: list[str], gap: str) -> None:
    text = gap.join(words)
    parts = bpe.pieces(text, 16)
    assert [token for part in parts for token in tokenizer.encode(part).ids] == tokenizer.encode(text).ids


def test_batches_are_the_texts_with_an_end_after_each(tokenizer: Tokenizer) -> None:
    texts = [*CORPUS[:9], "", CORPUS[9] * 3]
    batches = list(bpe.encode(tokenizer, texts, batch_chars=100))
    assert len(batches) == 5
    ids = np.concatenate([ids for ids, _ in batches]).tolist()
    assert ids == [token for text in texts for token in [*tokenizer.encode(text).ids, 0]]
    assert sum(chars for _, chars in batches) == sum(map(len, texts))


@pytest.mark.parametrize("architecture", ["", "llama", "gpt2"])
def test_transformers_loads_it_without_our_package(tokenizer: Tokenizer, tmp_path: Path, architecture: str) -> None:
    from transformers import AutoTokenizer, GPT2Config, LlamaConfig

    bpe.save(tokenizer, tmp_path, model_max_length=128)
    if architecture:  # beside a model's config.json transformers may choose another class
        {"llama": LlamaConfig, "gpt2": GPT2Config}[architecture]().save_pretrained(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    text = AWKWARD.replace(bpe.END_OF_TEXT, "")
    assert theirs(text)["input_ids"] == tokenizer.encode(text).ids
    assert theirs.decode(theirs(text)["input_ids"]) == text
    assert theirs.decode([*theirs("a b")["input_ids"], 0, 1], skip_special_tokens=True) == "a b"
    assert (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id) == (0, 0, 1)
    assert (theirs.model_max_length, len(theirs)) == (128, tokenizer.get_vocab_size())
