"""`msopt-tui doctor`: a bundle holds no secret and no row of data wherever they stand, and damage stops nothing."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
import stat
import tarfile
import tomllib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import msopt_tui
from msopt_tui.cli import main
from msopt_tui.config.dump import flatten, to_toml
from msopt_tui.config.schema import Config
from msopt_tui.doctor import health, trace
from msopt_tui.doctor.bundle import bundle_run
from msopt_tui.doctor.sieve import LEFT_OUT, Sieve
from msopt_tui.doctor.vocabulary import exception_in, words
from msopt_tui.protocol import events as ev
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.record import RunMeta, write_meta
from tests.unit.runs_maker import make_run

SECRET = "hf-QZ7secretQZ7"
ROW = "the patient QZ7 said"
PLANTED = f"{SECRET} {ROW}"
PROJECT = f"""
[project]
name = "{PLANTED}"
description = "{PLANTED}"
runs_dir = "{PLANTED}"
[[data.sources]]
path = "{PLANTED}.txt"
text_column = "{PLANTED}"
[task]
prompt = "{PLANTED} {{text}}"
[model]
architecture = "llama"
freeze = ["{PLANTED}"]
[train]
learning_rate = 0.25
[evaluate]
prompts = ["{PLANTED}"]
[ui]
theme = "{PLANTED}"
keys = {{ evaluate = "E" }}
[ui.alerts]
rules = ["ended"]
webhook = "https://example.org/{SECRET}"
command = ["notify", "--token={SECRET}"]
"""
STRANGE = f"""
api_key = "{SECRET}"
[train]
learning_rate = "{SECRET}"
"{SECRET}" = 1
max_steps = [{{ "{ROW}" = "{ROW}" }}]
[data]
sources = ["{ROW}", {{ kind = "{ROW}", "{SECRET}" = 2 }}]
"""


def plant(kind: object) -> object:
    """A value of a type with the planted text wherever a text may stand."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return plant(parts[0])
    if origin is Literal:
        return parts[0]
    if origin in (Union, types.UnionType):
        return plant(str if str in parts else parts[0])
    if origin in (list, tuple):
        return [plant(parts[0])]
    if origin is dict:
        return {PLANTED: plant(parts[1]), "ui.alerts.webhook": plant(parts[1])}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{name: plant(hint) for name, hint in get_type_hints(kind, include_extras=True).items()})
    assert isinstance(kind, type), kind
    return PLANTED if kind is str else kind(1)


def every_event() -> list[ev.Event]:
    return [plant(kind) for kind in get_args(ev.Event)]  # type: ignore[misc]  # one of each of the union


@pytest.fixture
def run(tmp_path: Path) -> Path:
    config = msgspec.convert(tomllib.loads(PROJECT), Config)
    name = "20260101-000000-a"
    path = make_run(
        tmp_path / "runs",
        name,
        status="failed",
        step=7,
        last_step=9,
        checkpoint=5,
        reason=f"KeyError: {PLANTED}",
        description=PLANTED,
        settings={**flatten(config), PLANTED: PLANTED},
        metrics={"loss": 1.5, PLANTED: 2.0},
        host=PLANTED,
        device=PLANTED,
        model=PLANTED,
    )
    (path / "config.toml").write_text(to_toml(config))
    versions = {"python": "3.12.1", "torch": PLANTED, PLANTED: "1.0"}
    write_meta(path / "meta.json", RunMeta(run=name, project=PLANTED, created=1.0, versions=versions, git=PLANTED))
    (path / "events.jsonl").write_bytes(b"".join(encode_json(event) + b"\n" for event in every_event()))
    place = Path(msopt_tui.__file__).parent / "cli.py"
    (path / "output.log").write_text(
        f"{PLANTED}\nTraceback (most recent call last):\n"
        f'  File "{place}", line 12, in main\n    value = "{PLANTED}"\n'
        f'  File "/home/{SECRET}/x.py", line 1, in main\n  File "{place}", line 1, in QZ7secret\n'
        f"KeyError: {PLANTED}\nFatal Python error: {PLANTED}\n"
    )
    (path / "notes.json").write_text(json.dumps({"note": PLANTED}))
    folder = path / "checkpoints" / "checkpoint-5"
    folder.mkdir(parents=True)
    (folder / SECRET).write_text(PLANTED)
    (path / "checkpoints" / SECRET).mkdir()
    return path


def members(bundle: Path) -> dict[str, bytes]:
    with tarfile.open(bundle) as archive:
        files = {one.name.rpartition("/")[2]: archive.extractfile(one) for one in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


def assert_clean(bundle: Path) -> None:
    assert b"QZ7" not in gzip.decompress(bundle.read_bytes())  # member names and headers too
    assert "QZ7" not in bundle.name


def test_no_secret_and_no_row_in_any_member(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    done = bundle_run(run, tmp_path)
    assert_clean(done.path)
    found = members(done.path)
    assert len(found) == 9
    config = tomllib.loads(found["config.toml"].decode())
    assert config["train"]["learning_rate"] == 0.25
    assert config["model"]["architecture"] == "llama"
    assert config["ui"]["alerts"]["webhook"] == LEFT_OUT
    counts = json.loads(found["left-out.json"])["left_out"]
    assert counts["config.ui.alerts.webhook"] == counts["config.ui.alerts.command"] == 1
    assert counts["journal.Sampled"] == counts["journal.DataInspected"] == counts["journal.Answered"] == 1
    assert counts["journal.AnswerGrew"] == 1
    assert sum(counts.values()) == done.left_out
    state = json.loads(found["state.json"])
    assert state["settings"]["train.learning_rate"] == 0.25
    assert state["metrics"] == {"loss": 1.5}
    assert state["reason"] == f"KeyError: {LEFT_OUT}"
    assert json.loads(found["meta.json"])["versions"] == {"python": "3.12.1"}
    lines = [json.loads(line) for line in found["journal.jsonl"].splitlines()]
    assert len(lines) - 1 == len(every_event()) - 4
    assert found["traceback.txt"].decode().splitlines() == [
        "Traceback (most recent call last):",
        "  msopt_tui/cli.py:12 in main",
        "KeyError",
    ]
    assert b"KeyError" in found["diagnosis.txt"]
    assert "checkpoint-5" in json.loads(found["files.json"])


def test_the_planted_text_is_really_there(run: Path, tmp_path: Path) -> None:
    """Else the test above would hold for nothing."""
    for name in ("config.toml", "meta.json", "state.json", "events.jsonl", "output.log"):
        assert SECRET in (run / name).read_text()
        assert ROW in (run / name).read_text()
    assert b"QZ7" in members(bundle_run(run, tmp_path, with_log=True).path)["output.log"]


@pytest.mark.parametrize("text", [STRANGE, f"{PLANTED} = [", "\udcff"], ids=["unknown", "torn", "bytes"])
def test_a_strange_configuration_gives_nothing_away(run: Path, tmp_path: Path, text: str) -> None:
    (run / "config.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert_clean(bundle_run(run, tmp_path).path)


@given(st.text())
def test_only_our_own_words_pass(text: str) -> None:
    passed = Sieve().value({"a": 1, "loss": [text]}, "x")
    assert passed in ({"loss": [LEFT_OUT]}, {"loss": [text]})
    assert passed == {"loss": [LEFT_OUT]} or not text or text in words()
    assert exception_in(text) in ("", text.strip().partition(":")[0].rpartition(".")[2])


def test_what_nobody_changed_passes() -> None:
    sieve = Sieve()
    sieve.config(msgspec.to_builtins(Config()))
    flat = sieve.value(flatten(Config()), "settings")
    assert isinstance(flat, dict)
    assert flat["ui.theme"] == "dark"
    assert set(sieve.left_out) <= {
        f"{at}.{key}"
        for at in ("config", "settings")
        for key in ("project.runs_dir", "ui.alerts.rules", "ui.alerts.by", "ui.alerts.command")
    }


def remove(path: Path) -> None:
    path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00{QZ7" * 50)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [remove, garbage, as_folder])
def test_a_damaged_run_still_gives_a_bundle(run: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    for name in ("config.toml", "meta.json", "state.json", "events.jsonl", "output.log"):
        damage(run / name)
        done = bundle_run(run, tmp_path)
        assert_clean(done.path)
    unread = json.loads(members(done.path)["left-out.json"])["unread"]
    assert {"config.toml", "meta.json", "state.json"} <= set(unread)
    assert done.diagnosis[0] == "status      died"


def test_by_the_command_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    where = f"--runs-dir={tmp_path / 'runs'}"
    assert main(["doctor", run.name, where]) == 0
    path = tmp_path / f"msopt-tui-doctor-{run.name}.tar.gz"
    said = capsys.readouterr().out
    assert f"bundle: {path}\n" in said
    assert f"msopt-tui resume {run.name}  goes on from step 5" in said
    assert "last step   7 of 9" in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert main(["doctor", str(run), where]) == 0
    assert path.read_bytes() == before
    assert path.with_name(f"msopt-tui-doctor-{run.name}-2.tar.gz").is_file()


def test_an_unknown_run_is_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "nothing-like-it", f"--runs-dir={run.parent.parent}"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "nothing-like-it" in captured.err
    assert not list(tmp_path.glob("*.tar.gz"))


def test_a_folder_with_nothing_but_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "output.log").write_text("Fatal Python error: Segmentation fault\n")
    assert main(["doctor", "left"]) == 0
    (bundle,) = tmp_path.glob("*.tar.gz")
    assert members(bundle)["traceback.txt"] == b"Fatal Python error: Segmentation fault\n"


def test_a_signal_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs", "a", status="died", exit_code=137)
    assert "reason      signal SIGKILL" in bundle_run(run, tmp_path).diagnosis


def test_the_end_of_a_long_log_begins_with_a_whole_line(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("x" * trace.TAIL_BYTES + "\nKeyError: 1\n")
    assert trace.tail(log) == "KeyError: 1\n"


def test_a_sound_installation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", f"--runs-dir={tmp_path / 'runs'}"]) == 0
    said = capsys.readouterr().out
    assert "BAD" not in said
    assert "torch" in said
    assert not (tmp_path / "runs").exists()


def test_what_is_wrong_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.db").write_bytes(b"no database" * 100)
    assert main(["doctor", f"--runs-dir={tmp_path}"]) == 1
    assert "msopt-tui reindex" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    assert main(["doctor", f"--runs-dir={tmp_path / 'file'}"]) == 1
    assert "--runs-dir" in capsys.readouterr().out


def test_an_index_of_another_version_is_named(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "index.db")) as database:
        database.execute("CREATE TABLE runs (path TEXT)")
        database.execute("PRAGMA user_version = 1")
    index = health.examine(tmp_path)[-1]
    assert index.sound
    assert "version 1" in index.text


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PACKAGES", ("no-such-package-here",))
    assert health.Finding("no-such-package-here", "missing: pip install no-such-package-here", sound=False) in (
        health.examine(tmp_path)
    )
