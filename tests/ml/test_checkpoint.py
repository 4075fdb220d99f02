"""Checkpoints: whole or not there at all, checked when read, and never the last good one lost."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import checkpoint, optim
from msopt_tui.ml.checkpoint import CheckpointError, TrainingState
from msopt_tui.ml.optim import AdamW
from tests.ml.tiny import CPU, SETTINGS, network, tokenizer_dir, train


class Bench:
    """A directory of checkpoints and something to save in it."""

    def __init__(self, tmp_path: Path) -> None:
        self.tokenizer = tokenizer_dir(tmp_path)
        self.directory = tmp_path / "run" / "checkpoints"
        self.model = network()
        self.optimizer = optim.build(self.model, SETTINGS, CPU)

    def save(self, step: int) -> Path:
        state = TrainingState(step=step, round=1, round_first_step=0, round_last_step=20, tokens=step * 64)
        return checkpoint.save(self.directory, self.model, self.optimizer, self.tokenizer, state, CPU).path

    def newest(self) -> tuple[str | None, list[str]]:
        reports: list[str] = []
        found = checkpoint.newest_valid(self.directory, reports.append)
        return (found.name if found else None), reports


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def fresh(seed: int = 99) -> tuple[PreTrainedModel, AdamW]:
    model = network(seed=seed)
    return model, optim.build(model, SETTINGS, CPU)


def weights(model: PreTrainedModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def flip(path: Path, at: int) -> None:
    """One bit, in place."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file may grow past `size` bytes: writes fail as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_everything_comes_back(bench: Bench) -> None:
    train(bench.model, bench.optimizer, 1, 3)
    torch.manual_seed(17)
    path = bench.save(3)
    expected = torch.rand(3)
    model, optimizer = fresh()
    state = checkpoint.load(path, model, optimizer, CPU)
    assert torch.equal(weights(model), weights(bench.model))
    for name, tensor in bench.optimizer.state().items():
        assert torch.equal(optimizer.state()[name], tensor), name
    assert torch.equal(torch.rand(3), expected)
    assert (state.step, state.round, state.tokens) == (3, 1, 192)
    assert state.torch_version == torch.__version__


def test_without_an_optimiser_only_the_weights_come_back(bench: Bench) -> None:
    path = bench.save(3)
    model, _ = fresh()
    before = torch.get_rng_state()
    checkpoint.load(path, model, None, CPU)
    assert torch.equal(weights(model), weights(bench.model))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_counter_and_setting_survives(bench: Bench) -> None:
    state = TrainingState(
        step=7,
        round=2,
        from_step=5,
        round_first_step=6,
        round_last_step=30,
        tokens=2**53 + 1,
        settings={"train.learning_rate": 0.1 + 0.2, "train.bf16": "auto", "train.seed": 3, "x": True},
        best_step=5,
        best_loss=2.0 / 3.0,
        evaluations_since_best=2,
        last_evaluated_step=6,
        seed=9,
        data_key="abc",
    )
    saved = checkpoint.save(bench.directory, bench.model, bench.optimizer, bench.tokenizer, state, CPU)
    expected = msgspec.structs.replace(
        state, torch_version=str(torch.__version__), device="cpu", threads=torch.get_num_threads()
    )
    assert checkpoint.read_state(saved.path) == expected
    assert saved.bytes == sum(file.stat().st_size for file in saved.path.iterdir())


def test_no_best_loss_yet_is_infinite_again(bench: Bench) -> None:
    assert checkpoint.read_state(bench.save(1)).best_loss == math.inf


def test_nothing_in_it_is_a_pickle_and_nobody_else_may_look(bench: Bench) -> None:
    before = os.umask(0)
    try:
        path = bench.save(1)
    finally:
        os.umask(before)
    assert {file.suffix for file in path.iterdir()} == {".json", ".safetensors"}
    assert path.stat().st_mode & 0o077 == 0


def test_saving_the_same_step_again_replaces_it(bench: Bench) -> None:
    bench.save(3)
    train(bench.model, bench.optimizer, 1, 2)
    path = bench.save(3)
    model, optimizer = fresh()
    checkpoint.load(path, model, optimizer, CPU)
    assert torch.equal(weights(model), weights(bench.model))
    assert [entry.name for entry in bench.directory.iterdir()] == ["checkpoint-3"]


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "rng.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "gone"])
def test_a_damaged_file_is_named_and_the_checkpoint_before_it_taken(bench: Bench, name: str, damage: str) -> None:
    bench.save(1)
    file = bench.save(2) / name
    if damage == "bit":
        flip(file, file.stat().st_size // 2)
    elif damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: 0 if damage == "empty" else -1])
    model, optimizer = fresh()
    before = weights(model)
    with pytest.raises(CheckpointError, match=f"checkpoint-2: {name}: "):
        checkpoint.load(file.parent, model, optimizer, CPU)
    assert torch.equal(weights(model), before)
    found, reports = bench.newest()
    assert found == "checkpoint-1"
    assert [name in report for report in reports] == [True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing: the save did not come to its end"),
        (b"", "can't be read"),
        (b'{"format": 1, "files": {}}', "does not name model.safetensors, optimizer.safetensors"),
        (b'{"format": 2, "files": {}}', "written by a newer msopt-tui .format 2, this one reads up to 1.: update"),
        (b'{"format": 1, "files": {"../x": {"bytes": 1, "sha256": ""}}}', "names '../x'"),
    ],
)
def test_a_manifest_that_does_not_stand_for_the_whole(bench: Bench, content: bytes | None, message: str) -> None:
    path = bench.save(1)
    manifest = path / "manifest.json"
    manifest.unlink() if content is None else manifest.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"checkpoint-1: .*{message}"):
        checkpoint.check(path)
    assert bench.newest()[0] is None


def test_a_model_of_another_shape_says_which_weight_and_is_left_alone(bench: Bench) -> None:
    path = bench.save(1)
    model = network(hidden_size=64)
    before = weights(model)
    with pytest.raises(CheckpointError, match=r"embed_tokens.weight is \[300, 32\] and this model's is \[300, 64\]"):
        checkpoint.load(path, model, optim.build(model, SETTINGS, CPU), CPU)
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (network("gpt2"), "has no transformer.wte.weight"),
        (network(num_hidden_layers=3), r"has no model\.layers\.2"),
        (network(num_hidden_layers=1), r"has model\.layers\.1.*, which this model has not"),
        (network(tie_word_embeddings=False), "has no lm_head.weight"),
    ],
    ids=["architecture", "deeper", "shallower", "untied"],
)
def test_another_architecture_is_refused(bench: Bench, other: PreTrainedModel, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        checkpoint.check(bench.save(1), model=other)


def test_another_tokenizer_is_passed_over_by_name(bench: Bench) -> None:
    bench.save(1)
    with (bench.tokenizer / "tokenizer.json").open("a") as file:
        file.write("\n")
    bench.save(2)
    reports: list[str] = []
    found = checkpoint.newest_valid(bench.directory, reports.append, tokenizer_dir=bench.tokenizer)
    assert found == bench.directory / "checkpoint-2"
    (bench.directory / "checkpoint-2").rename(bench.directory.parent / "elsewhere")
    assert checkpoint.newest_valid(bench.directory, reports.append, tokenizer_dir=bench.tokenizer) is None
    assert reports == ["passed over checkpoint-1: tokenizer.json: is another tokenizer than this run's"]


def test_a_newer_state_is_refused_with_the_way_out(bench: Bench) -> None:
    path = bench.save(1)
    (path / "state.json").write_text('{"format": 2, "step": "in words"}')
    with pytest.raises(CheckpointError, match=r"checkpoint-1: state\.json: written by a newer msopt-tui"):
        checkpoint.read_state(path)


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1, "step": "one"}'])
def test_a_state_that_is_none_is_refused(bench: Bench, content: str) -> None:
    path = bench.save(1)
    (path / "state.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"state\.json"):
        checkpoint.read_state(path)


@pytest.mark.parametrize("size", [1_000, 200_000])
def test_on_a_full_disk_the_old_checkpoints_stay_and_later_saves_work(bench: Bench, size: int) -> None:
    bench.save(1)
    with file_size_limit(size), pytest.raises(CheckpointError, match="checkpoint-2 could not be saved: "):
        bench.save(2)
    assert [entry.name for entry in bench.directory.iterdir()] == ["checkpoint-1"]
    assert bench.newest() == ("checkpoint-1", [])
    bench.save(2)
    assert bench.newest() == ("checkpoint-2", [])


def test_on_a_full_disk_a_save_of_the_same_step_leaves_the_old_one(bench: Bench) -> None:
    bench.save(1)
    train(bench.model, bench.optimizer, 1, 1)
    with file_size_limit(200_000), pytest.raises(CheckpointError):
        bench.save(1)
    assert bench.newest() == ("checkpoint-1", [])


def test_a_checkpoint_that_made_way_in_vain_is_put_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.save(1)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name.startswith(".tmp-"):
            raise OSError("the disk went away")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(CheckpointError, match="checkpoint-1 could not be saved: the disk went away"):
        bench.save(1)
    assert [entry.name for entry in bench.directory.iterdir()] == ["checkpoint-1"]


def test_a_directory_that_can_not_be_made_is_a_clear_error(bench: Bench) -> None:
    bench.directory.parent.write_text("a file where the run should be")
    with pytest.raises(CheckpointError, match="checkpoint-1 could not be saved"):
        bench.save(1)


def test_what_a_killed_save_left_is_cleared_away(bench: Bench) -> None:
    bench.save(1)
    (bench.directory / ".tmp-abc").mkdir()
    (bench.directory / ".tmp-abc" / "model.safetensors").write_bytes(b"half")
    assert bench.newest() == ("checkpoint-1", [])
    assert [entry.name for entry in bench.directory.iterdir()] == ["checkpoint-1"]


def test_a_checkpoint_that_had_made_way_is_put_back(bench: Bench) -> None:
    path = bench.save(1)
    path.rename(bench.directory / ".old-checkpoint-1")
    assert bench.newest() == ("checkpoint-1", [])


def test_one_that_was_replaced_already_goes(bench: Bench) -> None:
    path = bench.save(1)
    path.rename(bench.directory / ".old-checkpoint-1")
    (bench.directory / "checkpoint-1").mkdir()
    checkpoint.tidy(bench.directory)
    assert [entry.name for entry in bench.directory.iterdir()] == ["checkpoint-1"]


def test_only_checkpoints_are_listed(bench: Bench) -> None:
    assert checkpoint.list_steps(bench.directory) == []
    for name in ("checkpoint-10", "checkpoint-9", "checkpoint-x", "checkpoint-01", ".tmp-1", "checkpoint-7.bak"):
        (bench.directory / name).mkdir(parents=True)
    assert checkpoint.list_steps(bench.directory) == [9, 10]


def test_without_checkpoints_there_is_no_newest(bench: Bench) -> None:
    assert bench.newest() == (None, [])


@pytest.mark.parametrize(
    ("limit", "keep", "removed"),
    [(4, set(), []), (3, set(), [1]), (1, set(), [1, 2, 3]), (2, {1}, [2, 3]), (1, {1}, [2, 3]), (1, {1, 3, 9}, [2])],
)
def test_the_oldest_go_but_never_the_newest_nor_one_to_keep(
    bench: Bench, limit: int, keep: set[int], removed: list[int]
) -> None:
    for step in range(1, 5):
        bench.save(step)
    assert checkpoint.retain(bench.directory, limit, keep) == removed
    assert checkpoint.list_steps(bench.directory) == [step for step in range(1, 5) if step not in removed]
    assert not list(bench.directory.glob(".tmp-*"))


def test_nothing_goes_where_what_stays_is_damaged(bench: Bench) -> None:
    for step in range(1, 4):
        bench.save(step)
    for step in (2, 3):
        flip(bench.directory / f"checkpoint-{step}" / "model.safetensors", 5000)
    assert checkpoint.retain(bench.directory, 2, set()) == []
    assert bench.newest()[0] == "checkpoint-1"


def test_a_pointer_is_old_or_new(tmp_path: Path) -> None:
    file = tmp_path / "latest"
    checkpoint.point(file, "checkpoint-1")
    checkpoint.point(file, "checkpoint-2")
    assert file.read_text() == "checkpoint-2\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["latest"]
    with pytest.raises(CheckpointError, match="latest could not be written"):
        checkpoint.point(tmp_path / "nowhere" / "latest", "checkpoint-3")


def test_what_may_change_the_last_bits_is_said(bench: Bench) -> None:
    state = checkpoint.read_state(bench.save(1))
    assert checkpoint.differences(state, CPU) == []
    elsewhere = msgspec.structs.replace(state, torch_version="2.6.0", device="cuda:0 (NVIDIA H200)", threads=64)
    assert checkpoint.differences(elsewhere, CPU) == [
        f"torch 2.6.0, now {torch.__version__}",
        "device cuda:0 (NVIDIA H200), now cpu",
        f"CPU threads 64, now {torch.get_num_threads()}",
    ]
