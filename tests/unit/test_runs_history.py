"""Finding runs: all of them, the latest, one by any name a person would type."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from msopt_tui.runs.alive import boot_id
from msopt_tui.runs.history import RunNotFound, find, latest, list_runs
from msopt_tui.runs.lock import RunLock
from msopt_tui.runs.query import Listing, QueryError, ordered, parse, so_far, value_of
from msopt_tui.runs.record import RunRecord
from msopt_tui.runs.row import RunRow, row_of
from msopt_tui.runs.values import names, resolve
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


Tree = str | tuple[str, "Tree"] | tuple["Tree", str, "Tree"]
LEAVES = ("best_loss < 2", "status=died", "cuda", "lr>1e-4")


def _combined(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.tuples(st.just("not"), trees) | st.tuples(trees, st.sampled_from(["and", "or"]), trees)


def _written(tree: Tree) -> str:
    return tree if isinstance(tree, str) else "(" + " ".join(map(_written, tree)) + ")"


def _holds(tree: Tree, row: RunRow) -> bool:
    """What a tree means, said once more and otherwise."""
    if tree == "best_loss < 2":
        return row.best_loss is not None and row.best_loss < 2
    if tree == "status=died":
        return row.status == "died"
    if tree == "cuda":
        return "cuda" in (row.device + row.reason).lower()
    if isinstance(tree, str):
        return float(row.settings.get("train.learning_rate", 0)) > 1e-4
    if len(tree) == 2:
        return not _holds(tree[1], row)
    left, word, right = tree
    return (_holds(left, row) or _holds(right, row)) if word == "or" else _holds(left, row) and _holds(right, row)


class TestQuery:
    ROWS = (
        row(
            "a",
            created=1e9,
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
            created=1e9 - 5 * 86_400,
            best_loss=2.5,
            step=50,
            reason="CUDA out of memory",
            settings={"train.learning_rate": 1e-4, "train.torch_compile": False, "task.name": "preference"},
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
            ('"wide model"', "a"),
            ('"model wide"', ""),
            ("wide cuda", ""),
            ("cuda", "bc"),
            ("best_loss<2", "a"),
            ("best_loss < 2", "a"),
            ("val_loss<2", "a"),
            ("loss/best<2", "a"),
            ("best<=2.5", "ab"),
            ("best!=2.5", "a"),
            ("not best=2.5", "ac"),
            ("steps>50", "a"),
            ("steps>=50", "ab"),
            ("steps>=0.05k", "ab"),
            ("step=0", "c"),
            ("step==0", "c"),
            ("status=died", "c"),
            ("status!=died", "ab"),
            ("status ~ IE", "c"),
            ("status !~ ie", "ab"),
            ("train.learning_rate<5e-4", "b"),
            ("learning_rate>=5e-4", "a"),
            ("lr >= 5e-4", "a"),
            ("lr > 1e-5", "ab"),
            ("learning_rate=7", ""),
            ("architecture=LLAMA", "a"),
            ("model ~ lam", "a"),
            ("torch_compile=true", "a"),
            ("accuracy>0.2", "a"),
            ("sources=x", ""),
            ("task = dpo", "b"),
            ("age < 3d", "a"),
            ("age > 3d", "b"),
            ("age > 90m", "ab"),
            ("created >= 2001-09-01", "ab"),
            ("failed best<3", "b"),
            ("best<2 or status=died", "ac"),
            ("status=failed or status=died and best<9", "b"),
            ("(status=failed or status=died) and cuda", "bc"),
            ("not (status=failed or status=died)", "a"),
            ("NOT died AND NOT failed", "a"),
            ("not not died", "c"),
            ('reason ~ "out of"', "b"),
            ('"not" or died', "c"),
        ],
    )
    def test_words_and_comparisons(self, text: str, names: str) -> None:
        found = Listing(self.ROWS).select(parse(text, now=1e9 + 86_400), "run", False)
        assert [one.run for one in found] == list(names)

    @pytest.mark.parametrize(
        ("text", "at", "words"),
        [
            ("best_loss<", 10, "a value is missing after <"),
            ("best_loss <  ", 11, "a value is missing after <"),
            ("best_loss<x", 10, "< compares numbers, and x is none"),
            ("best_loss<nan", 10, "compares numbers"),
            ("status<x", 7, "compares numbers"),
            ("no_such_field<2", 0, "no metric, setting or column no_such_field"),
            ("acuracy > 1", 0, "did you mean accuracy?"),
            ("learning_rat > 1", 0, "did you mean learning_rate?"),
            ("< = > [", 0, "a word or a comparison is missing here"),
            ("a and", 5, "a word or a comparison is missing here"),
            ("or a", 0, "a word or a comparison is missing here"),
            ("a or and b", 5, "a word or a comparison is missing here"),
            ("(a or b", 0, "this bracket is not closed"),
            ("a or b)", 6, "no bracket is open"),
            ("()", 1, "a word or a comparison is missing here"),
            ('a "b c', 2, 'the closing " is missing'),
            ("age < 3x", 6, "3x is no duration: write one like"),
            ("not " * 60 + "a", 204, "inside one another"),
            ("(" * 9999, 51, "inside one another"),
        ],
    )
    def test_what_cannot_be_read_says_what_and_where(self, text: str, at: int, words: str) -> None:
        with pytest.raises(QueryError) as error:
            parse(text)
        assert words in str(error.value)
        assert error.value.at == at

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ("best<2 and", "best<2"),
            ("best<2 and lr >", "best<2"),
            ("best<2 and (status=died or", "best<2 and (status=died)"),
            ("(best<2 or died", "(best<2 or died)"),
            ('best<2 "wide mo', "best<2"),
            ("best<2 )", "best<2"),
            ("nothing_known < 2", ""),
            ("not", ""),
            ("best<2", "best<2"),
        ],
    )
    def test_a_line_being_typed_asks_for_what_can_be_read(self, text: str, read: str) -> None:
        query, fault = so_far(text)
        assert (fault is None) == (text == read)
        names = [one.run for one in Listing(self.ROWS).select(query, "run", False)]
        assert names == chosen(read, *self.ROWS)

    @example('"\\"')  # the second mark is text: the first is not closed
    @given(st.text(alphabet='ab<>=~!()" \\norad', max_size=40))
    def test_whatever_is_being_typed_asks_for_something(self, text: str) -> None:
        query, fault = so_far(text)
        if fault is None:
            assert Listing(self.ROWS).select(query) == Listing(self.ROWS).select(parse(text))
        else:
            Listing(self.ROWS).select(query)

    def test_words_are_found_only_within_one_field(self) -> None:
        assert chosen("docsa", *self.ROWS) == []

    @given(st.text(max_size=40) | st.text(alphabet='ab<>=~!()" \\norad', max_size=40))
    def test_whatever_is_typed_selects_or_says_where_it_is_wrong(self, text: str) -> None:
        at, found = 0, []
        try:
            found = chosen(text, *self.ROWS)
        except QueryError as error:
            at = error.at
        assert 0 <= at <= len(text)
        assert set(found) <= set("abc")

    @given(st.recursive(st.sampled_from(LEAVES), _combined, max_leaves=8), st.integers(1, 2))
    def test_what_is_written_out_means_what_it_says(self, tree: Tree, spaces: int) -> None:
        rows = [row for row in self.ROWS if _holds(tree, row)]
        written = _written(tree).replace(" ", " " * spaces)
        assert chosen(written, *self.ROWS) == [row.run for row in rows]

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


class TestNames:
    @pytest.mark.parametrize(
        ("name", "meaning"),
        [
            ("lr", "train.learning_rate"),
            ("epochs", "train.num_train_epochs"),
            ("seed", "train.seed"),
            ("task", "task.name"),
            ("task.type", "task.name"),
            ("model.lora.rank", "model.lora.r"),
            ("val_loss", "best_loss"),
            ("accuracy", "accuracy"),
            ("loss", "loss"),
            ("created", "created"),
            ("pid", None),
            ("", None),
            ("train.", None),
            ("a.b", None),
        ],
    )
    def test_what_a_name_means(self, name: str, meaning: str | None) -> None:
        assert resolve(name) == meaning

    def test_every_name_means_itself(self) -> None:
        wrong = {name: resolve(name) for name in names() if resolve(name) != name}
        assert wrong == {}


class TestOrder:
    @given(st.lists(st.none() | st.floats(0, 10)), st.booleans())
    def test_rows_without_a_value_come_last_both_ways(self, losses: list[float | None], reverse: bool) -> None:
        rows = [row(str(number), best_loss=loss) for number, loss in enumerate(losses)]
        values = [one.best_loss for one in ordered(rows, "best_loss", reverse)]
        known = [loss for loss in losses if loss is not None]
        assert values == sorted(known, reverse=reverse) + [None] * (len(losses) - len(known))

    @given(st.lists(st.none() | st.booleans() | st.floats(0, 1) | st.text(max_size=3)), st.booleans())
    def test_any_setting_orders_whatever_it_holds(self, values: list[float | str | None], reverse: bool) -> None:
        rows = [
            row(str(number), settings={} if value is None else {"train.seed": value})
            for number, value in enumerate(values)
        ]
        found = [value_of(one, "train.seed") for one in ordered(rows, "seed", reverse)]
        key = [(isinstance(value, str), value) for value in found if value is not None]
        assert key == sorted(key, reverse=reverse)
        assert found[len(key) :] == [None] * (len(values) - len(key))

    def test_equal_rows_stay_as_they_stood(self) -> None:
        rows = [row("b"), row("a"), row("c", status="failed")]
        assert [one.run for one in ordered(rows, "status", False)] == ["b", "a", "c"]
        assert [one.run for one in ordered(rows, "run", True)] == ["c", "b", "a"]
