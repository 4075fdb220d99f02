"""`msopt-tui new`: questions with usual answers, and files that load whatever the answers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui import cli
from msopt_tui.config.load import load_project
from msopt_tui.config.tasks import METRICS_OF
from msopt_tui.new_project import OFFLINE, Answers, NewError, ask, project_text, write_project


@pytest.mark.parametrize(
    ("task", "model"),
    [(task, model) for task in METRICS_OF for model in ("", "some/model") if model or task != "preference"],
)
def test_every_task_gives_a_file_that_loads(tmp_path: Path, task: str, model: str) -> None:
    data = OFFLINE.get(task, "rows.jsonl")
    path = tmp_path / "p.toml"
    write_project(path, Answers("mine", task, data, model, 50))
    config = load_project(path)
    assert config.task.name == task
    assert config.train.max_steps == 50
    assert config.model.pretrained == model
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.toml"]
    assert path.read_text().count("#") >= 8, "it is commented"


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_whatever_is_answered_is_quoted(name: str, data: str) -> None:
    import tomli

    written = tomli.loads(project_text(Answers(name, "causal-lm", data, "", 10)))
    assert written["project"]["name"] == name
    if data not in OFFLINE.values():
        assert written["data"]["sources"][0]["path"] == data


def test_questions_are_asked_once_more_where_the_answer_is_no_use(tmp_path: Path) -> None:
    lines, asked, out = iter(["", "sums", "translation", "x.csv", "", "no", "20"]), [], io.StringIO()

    def read(prompt: str) -> str:
        asked.append(prompt)
        return next(lines)

    answers = ask(tmp_path / "mine.toml", {}, read, out)
    assert answers == Answers("mine", "translation", "x.csv", "", 20)
    assert "name of the project [mine]: " in asked
    assert any("[bible-verses]" in prompt for prompt in asked), "the usual data follows from the task"
    assert "no task sums: there are causal-lm" in out.getvalue()
    assert "not no" in out.getvalue()


def test_a_question_breaks_between_words_on_a_narrow_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    asked: list[str] = []

    def read(prompt: str) -> str:
        asked.append(prompt)
        return ""

    ask(tmp_path / "mine.toml", {}, read, io.StringIO())
    lines = [line for prompt in asked for line in prompt.splitlines()]
    assert max(map(len, lines)) <= 40
    assert "question-answering" in {word for line in lines for word in line.replace(",", "").split()}


def test_what_is_given_is_not_asked_and_checked_all_the_same(tmp_path: Path) -> None:
    given = {"--task": "masked-lm", "--steps": "7"}
    assert ask(tmp_path / "a.toml", given, None, io.StringIO()) == Answers("a", "masked-lm", "python-topics", "", 7)
    with pytest.raises(NewError, match="no task x"):
        ask(tmp_path / "a.toml", {"--task": "x"}, None, io.StringIO())
    with pytest.raises(NewError, match=r"preference needs data of yours .*chosen and rejected"):
        ask(tmp_path / "a.toml", {"--task": "preference"}, None, io.StringIO())
    with pytest.raises(NewError, match="preference compares with what a pretrained model"):
        ask(tmp_path / "a.toml", {"--task": "preference", "--data": "x.jsonl"}, None, io.StringIO())


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "a.toml", "--yes", "--steps", "20"]) == 0
    assert "msopt-tui check a.toml" in capsys.readouterr().out
    assert load_project(tmp_path / "a.toml").train.max_steps == 20
    assert cli.main(["new", "a.toml", "--yes"]) == 3
    assert "is there already" in capsys.readouterr().err
    assert cli.main(["new", "a.txt", "--yes"]) == 3
    assert cli.main(["new", "b.toml", "--yes", "--steps", "0"]) == 3
    assert not (tmp_path / "b.toml").exists()
    assert cli.main(["new", "a.toml", "b.toml"]) == 3
