"""What a run leaves for everybody else, read in a process that can't import our package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from msopt_tui.ml import checkpoint, export, optim
from msopt_tui.ml.checkpoint import TrainingState
from tests.ml.test_checkpoint import file_size_limit
from tests.ml.tiny import ARCHITECTURES, CPU, SETTINGS, TEXT, network, rows, tokenizer, tokenizer_dir, train

STRANGER = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "msopt_tui":
            raise ImportError("this process does not know the package")

sys.meta_path.insert(0, Block())
try:
    import msopt_tui
except ImportError:
    pass
else:
    raise SystemExit("the package is there after all")
import torch
from pathlib import Path
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

torch.set_num_threads(1)
ids = load_file(sys.argv[1])["ids"]
text = Path(sys.argv[2]).read_text()
for path in map(Path, sys.argv[3:]):
    model = AutoModelForCausalLM.from_pretrained(path).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    tokens = tokenizer(text, return_tensors="pt")["input_ids"]
    assert tokenizer.decode(tokens[0]) == text
    assert tokenizer.eos_token_id == model.config.eos_token_id == 0
    written = model.generate(tokens[:, :5], max_new_tokens=4, do_sample=False)
    with torch.no_grad():
        save_file({"logits": model(ids).logits, "tokens": tokens, "written": written}, path.with_suffix(".answer"))
"""


def test_a_stranger_gets_the_same_logits_and_tokens(tmp_path: Path) -> None:
    ids, text = rows(1)[:, :-1].contiguous(), tmp_path / "text"
    save_file({"ids": ids}, tmp_path / "ids")
    text.write_text(TEXT)
    directories, logits = [], []
    for architecture in ARCHITECTURES:
        for tied in (True, False):
            model = network(architecture, tie_word_embeddings=tied, dropout=0.1)
            optimizer = optim.build(model, SETTINGS, CPU)
            train(model, optimizer, 1, 2)
            target = tmp_path / f"{architecture}-{tied}"
            export.export_model(model, tokenizer_dir(tmp_path), target)
            state = TrainingState(step=2, round=1, round_first_step=0, round_last_step=2, tokens=1)
            saved = checkpoint.save(
                target.with_name(f"c{target.name}"), model, optimizer, tmp_path / "tokenizer", state, CPU
            )
            model.train(mode=False)
            with torch.no_grad():
                logits += [model(input_ids=ids).logits] * 2
            directories += [target, saved.path]
    subprocess.run(
        [sys.executable, "-c", STRANGER, str(tmp_path / "ids"), str(text), *map(str, directories)],
        cwd=tmp_path,
        env={"PATH": "", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        timeout=120,
        check=True,
    )
    tokens = torch.tensor([tokenizer().encode(TEXT).ids])
    for directory, expected in zip(directories, logits, strict=True):
        answer = load_file(directory.with_suffix(".answer"))
        assert torch.equal(answer["logits"], expected), directory
        assert torch.equal(answer["tokens"], tokens)
        assert answer["written"].shape[1] <= 9


def test_it_is_complete_and_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").touch()
    size = export.export_model(network(), tokenizer_dir(tmp_path), target)
    names = {path.name for path in target.iterdir()}
    assert names == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert size == sum(path.stat().st_size for path in target.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"model", "tokenizer"}


def test_on_a_full_disk_what_was_there_stays(tmp_path: Path) -> None:
    tokenizer_files, target = tokenizer_dir(tmp_path), tmp_path / "model"
    target.mkdir()
    (target / "old").touch()
    with file_size_limit(50_000), pytest.raises(OSError, match="File too large"):
        export.export_model(network(), tokenizer_files, target)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert {path.name for path in tmp_path.iterdir()} == {"model", "tokenizer"}


def test_saving_says_nothing_on_the_screen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export.export_model(network(), tokenizer_dir(tmp_path), tmp_path / "model")
    assert capfd.readouterr() == ("", "")
