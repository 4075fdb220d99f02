"""Finding runs: all of them, the latest, one by any name a person would type."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.runs.alive import boot_id
from msopt_tui.runs.history import RunNotFound, find, latest, list_runs
from msopt_tui.runs.lock import RunLock
from msopt_tui.runs.query import Listing, Query, Term, ordered, parse, value_of
from msopt_tui.runs.record import RunRecord
from msopt_tui.runs.row import RunRow, row_of
from tests.unit.runs_maker import make_run

A, B, C = "20260101-000000-baseline", "20260102-000000-wide", "20260102-120000-wide-lr"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    make_run(runs, A, created=1.0)
    make_run(runs, B, created=2.0, status="running", pid=os.getpid(), boot_id=boot_id())
    make_run(runs, C, "other", created=3.0, status="failed")
    return runs


class TestListing:
    def test_newest_first(self, runs: Path) -> None:
        assert [row.run for row in list_runs(runs)] == [C, B, A]

    def test_a_run_whose_engine_is_gone_has_died(self, runs: Path) -> None:
        assert [row.status for row in list_runs(runs)] == ["failed", "died", "completed"]
        with RunLock(runs / "docs" / B / "lock"):
            assert [row.status for row in list_runs(runs)] == ["failed", "running", "completed"]
            assert find(runs, B).status == "running"
        assert find(runs, B).status == "died"

    def test_what_can_be_resumed(self, runs: Path) -> None:
        assert [(row.over, row.resumable) for row in list_runs(runs)] == [(True, True), (True, True), (True, False)]

    def test_the_latest(self, runs: Path, tmp_path: Path) -> None:
        row = latest(runs)
        assert row is not None
        assert row.run == C
        assert latest(tmp_path / "none") is None


class TestFind:
    @pytest.mark.parametrize(
        ("name", "run"),
        [
            (A, A),
            (f"docs/{A}", A),
            ("20260101", A),
            ("docs/20260102", B),
            ("baseline", A),
            ("wide-lr", C),
            ("other", C),
            ("docs", B),
        ],
    )
    def test_names(self, runs: Path, name: str, run: str) -> None:
        assert find(runs, name).run == run

    def test_paths(self, runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        assert find(tmp_path / "no-runs-here", str(runs / "docs" / A)).path == str(runs / "docs" / A)
        monkeypatch.chdir(runs / "docs" / A)
        assert find(tmp_path, ".").run == A

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("20260102", [f"docs/{B}", f"other/{C}", "write more of it"]),
            ("wide", [f"docs/{B}", f"other/{C}"]),
            ("20260101-000000-basline", ["no run", "did you mean", A]),
            ("xyz", ["no run xyz", "newest are", C]),
            ("", ["no run"]),
            ("../../etc", ["no run"]),
            ("\x1b[2Jx", [r"\x1b[2Jx"]),
        ],
    )
    def test_what_is_not_found_or_not_one_names_the_near_ones(self, runs: Path, name: str, words: list[str]) -> None:
        with pytest.raises(RunNotFound) as error:
            find(runs, name)
        assert all(word in str(error.value) for word in words), str(error.value)
        assert "\x1b" not in str(error.value)

    def test_where_there_are_no_runs(self, tmp_path: Path) -> None:
        with pytest.raises(RunNotFound, match="there are no runs in"):
            find(tmp_path, "x")

    def test_a_long_list_is_cut(self, tmp_path: Path) -> None:
        for number in range(20):
            make_run(tmp_path, f"20260101-0000{number:02}-a")
        with pytest.raises(RunNotFound, match="and 14 more"):
            find(tmp_path, "2026")


def row(name: str = "r", **values: object) -> RunRow:
    defaults: dict[str, object] = {"run": name, "project": "docs", "status": "completed"}
    return row_of(f"/runs/docs/{name}", RunRecord(**(defaults | values)))  # type: ignore[arg-type]


def chosen(text: str, *rows: RunRow) -> list[str]:
    return [one.run for one in Listing(rows).select(parse(text), "run", False)]


class TestQuery:
    ROWS = (
        row(
            "a",
            description="Wide Model",
            best_loss=1.5,
            step=100,
            settings={
                "train.learning_rate": 1e-3,
                "train.torch_compile": True,
                "data.sources": '[{"kind":"text","path":"a, \\"learning_rate\\": 7"}]',
                "model.architecture": "llama",
            },
            metrics={"loss": 1.5, "accuracy": 0.25},
        ),
        row(
            "b",
            status="failed",
            best_loss=2.5,
            step=50,
            reason="CUDA out of memory",
            settings={"train.learning_rate": 1e-4, "train.torch_compile": False},
            metrics={"loss": 2.5, "accuracy": None},
        ),
        row("c", status="died", device="cuda:0"),
    )

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("", "abc"),
            ("  ", "abc"),
            ("WIDE model", "a"),
            ("model wide", "a"),
            ("wide cuda", ""),
            ("cuda", "bc"),
            ("best_loss<2", "a"),
            ("best<=2.5", "ab"),
            ("best!=2.5", "a"),
            ("steps>50", "a"),
            ("steps>=50", "ab"),
            ("step=0", "c"),
            ("best_loss<", "abc"),
            ("best_loss<x", ""),
            ("best_loss<nan", ""),
            ("status=died", "c"),
            ("status!=died", "ab"),
            ("status<x", ""),
            ("train.learning_rate<5e-4", "b"),
            ("learning_rate>=5e-4", "a"),
            ("learning_rate=7", ""),
            ("architecture=LLAMA", "a"),
            ("torch_compile=true", "a"),
            ("accuracy>0.2", "a"),
            ("sources=x", ""),
            ("no_such_field<2", ""),
            ("failed best<3", "b"),
            ("< = > [", ""),
        ],
    )
    def test_words_and_comparisons(self, text: str, names: str) -> None:
        assert chosen(text, *self.ROWS) == list(names)

    def test_words_find_text_across_fields_only_within_one(self) -> None:
        assert parse("a  B\tc") == Query(("a", "b", "c"))
        assert parse("best<2 x") == Query(("x",), (Term("best_loss", "<", "2"),))
        assert chosen("docsa", *self.ROWS) == []

    @given(st.text(max_size=40))
    def test_nothing_typed_is_an_error(self, text: str) -> None:
        chosen(text, *self.ROWS)

    @given(
        st.dictionaries(
            st.sampled_from(["train.learning_rate", "train.optim", "train.seed", "project.name"]),
            st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e300, 1e300) | st.text(max_size=30),
        )
    )
    def test_a_setting_is_found_as_it_was_stored(self, settings: dict[str, bool | int | float | str]) -> None:
        one = row(settings=settings)
        for key in ("train.learning_rate", "train.optim", "train.seed"):
            expected = one.settings.get(key)
            assert value_of(one, key) == expected
            assert value_of(one, key.partition(".")[2]) == expected


class TestOrder:
    @given(st.lists(st.none() | st.floats(0, 10)), st.booleans())
    def test_rows_without_a_value_come_last_both_ways(self, losses: list[float | None], reverse: bool) -> None:
        rows = [row(str(number), best_loss=loss) for number, loss in enumerate(losses)]
        values = [one.best_loss for one in ordered(rows, "best_loss", reverse)]
        known = [loss for loss in losses if loss is not None]
        assert values == sorted(known, reverse=reverse) + [None] * (len(losses) - len(known))

    def test_equal_rows_stay_as_they_stood(self) -> None:
        rows = [row("b"), row("a"), row("c", status="failed")]
        assert [one.run for one in ordered(rows, "status", False)] == ["b", "a", "c"]
        assert [one.run for one in ordered(rows, "run", True)] == ["c", "b", "a"]
