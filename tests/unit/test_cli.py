"""The command line: what words mean, what is refused, and what is never imported for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from msopt_tui.arguments import Options, UsageError
from msopt_tui.cli import USAGE, main
from tests.unit.runs_maker import make_run


def test_words_are_sorted_into_projects_overrides_flags_and_values() -> None:
    options = Options(["a.toml", "train.lr=1", "--headless", "--fps", "8", "--runs-dir=x", 'evaluate.prompts=["a=b"]'])
    assert options.words == ["a.toml"]
    assert options.overrides == ["train.lr=1", 'evaluate.prompts=["a=b"]']
    assert options.flag("--headless")
    assert not options.flag("--json")
    assert options.fps == 8
    assert options.value("--runs-dir") == "x"


@pytest.mark.parametrize("words", [["--nonsense"], ["--fps"], ["-x"]])
def test_unknown_options_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        Options(words)


@pytest.mark.parametrize("text", ["0", "31", "fast", "-1"])
def test_a_frame_rate_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 30"):
        Options([f"--fps={text}"]).fps  # noqa: B018  # the property raises


def test_a_path_with_a_dot_and_an_equals_sign_is_no_override() -> None:
    assert Options(["./a=b.toml"]).words == ["./a=b.toml"]


def test_help_and_version_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main(["--version"]) == 0
    assert "0.1.0" in capsys.readouterr().out


def test_a_misspelt_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["histroy"]) == 3
    assert "did you mean history?" in capsys.readouterr().err


def test_two_project_files_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.toml", "b.toml"]) == 3
    assert "one project file" in capsys.readouterr().err


def test_a_bad_project_file_is_answered_with_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.toml"
    path.write_text("[train]\nlerning_rate = 1\nmax_steps = true\n")
    assert main([str(path)]) == 3
    said = capsys.readouterr().err
    assert "p.toml:2: train.lerning_rate" in said
    assert "p.toml:3: train.max_steps" in said


def test_no_runs_yet_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ([], ["attach"], ["show"], ["resume"]):
        assert main(words) == 3
        assert "start one with" in capsys.readouterr().err
    assert main(["attach", "nothing"]) == 3
    assert main(["history"]) == 0


@pytest.mark.parametrize("words", [["stop", "over"], ["send", "over", "pause"]])
def test_a_run_that_is_over_takes_no_commands(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path, "over")
    assert main([*words, f"--runs-dir={tmp_path}"]) == 1
    assert "over takes no commands: no engine runs it" in capsys.readouterr().err


def test_show_as_json_names_export(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--json"]) == 3
    assert "export RUN" in capsys.readouterr().err


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert '"learning_rate"' in capsys.readouterr().out


def test_every_action_is_in_the_help() -> None:
    for word in (
        "attach",
        "history",
        "show",
        "resume",
        "stop",
        "send",
        "check",
        "schema",
        "export",
        "reindex",
        "doctor",
    ):
        assert f"msopt-tui {word}" in USAGE
    for option in (*Options.FLAGS, *Options.VALUES):
        assert option in USAGE


HEAVY = ("torch", "numpy", "transformers", "datasets", "tokenizers", "safetensors")


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(sorted(name for name in sys.modules if '.' not in name)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("code", "banned"),
    [
        ("import msopt_tui.cli", (*HEAVY, "textual", "rich", "msgspec")),
        ("import msopt_tui.actions, msopt_tui.headless", (*HEAVY, "textual", "rich", "psutil")),
        ("import msopt_tui.ui.app, msopt_tui.ui.screens.history, msopt_tui.ui.terminal", (*HEAVY, "psutil", "plotext")),
        ("import msopt_tui.engine.host", (*HEAVY, "textual", "rich")),
        ("import msopt_tui.refinement.decide, msopt_tui.refinement.diagnose", (*HEAVY, "textual")),
    ],
)
def test_what_a_part_must_not_load_is_not_loaded(code: str, banned: tuple[str, ...]) -> None:
    assert not loaded_by(code) & set(banned)


@pytest.mark.parametrize("words", [["--help"], ["schema"]])
def test_a_reader_that_has_seen_enough_is_no_error(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        command = [sys.executable, "-m", "msopt_tui", *words]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, "")
