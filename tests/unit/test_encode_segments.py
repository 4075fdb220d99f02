from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data.encode.segments import Coded, Segment, fit, length, prompt

END = 0


def coded(count: int, first: int, cut: str = "keep", supervised: bool = False, rank: int = 0) -> Coded:
    """A segment of tokens that count up, so that it shows where it was cut."""
    segment = Segment("x", supervised, cut, rank)  # type: ignore[arg-type]  # hypothesis knows no literals
    return Coded(segment, list(range(first, first + count)))


def end() -> Coded:
    return Coded(Segment(END, True, "last"), [END])


ROW = [coded(3, 10, "end"), coded(2, 20), coded(3, 30, "start"), coded(2, 40), coded(3, 50, "last", True), end()]


def test_a_row_that_fits_is_whole() -> None:
    row = fit(ROW, length(ROW))
    assert row is not None
    assert row.ids == [10, 11, 12, 20, 21, 30, 31, 32, 40, 41, 50, 51, 52, END]
    assert row.supervised == [0] * 10 + [1] * 4
    assert (row.truncated, row.answer_cut, row.ended) == (False, False, True)


def test_the_source_goes_before_the_answer_and_what_is_kept_stays() -> None:
    shortened = [(limit, fit(ROW, limit)) for limit in range(13, 3, -1)]
    assert [row.ids if row else None for _, row in shortened] == [
        [10, 11, 20, 21, 30, 31, 32, 40, 41, 50, 51, 52, END],
        [10, 20, 21, 30, 31, 32, 40, 41, 50, 51, 52, END],
        [20, 21, 30, 31, 32, 40, 41, 50, 51, 52, END],
        [20, 21, 31, 32, 40, 41, 50, 51, 52, END],
        [20, 21, 32, 40, 41, 50, 51, 52, END],
        [20, 21, 40, 41, 50, 51, 52, END],
        [20, 21, 40, 41, 50, 51, 52],
        [20, 21, 40, 41, 50, 51],
        [20, 21, 40, 41, 50],
        None,
    ]
    assert [(row.answer_cut, row.ended) for _, row in shortened if row] == [(False, True)] * 6 + [(True, False)] * 3


def test_the_lowest_rank_goes_first() -> None:
    row = [coded(2, 10, "end", rank=1), coded(2, 20, "end", rank=0), coded(1, 30), coded(1, 40, "last", True)]
    assert [fitted.ids for limit in (5, 4, 3) if (fitted := fit(row, limit))] == [
        [10, 11, 20, 30, 40],
        [10, 11, 30, 40],
        [10, 30, 40],
    ]


def test_the_first_token_of_a_row_is_no_target() -> None:
    row = fit([coded(3, 10, "last", True), end()], 8)
    assert row is not None
    assert row.supervised == [0, 1, 1, 1]


def test_an_answer_that_ends_with_text_has_not_ended() -> None:
    row = fit([coded(1, 10), coded(3, 20, "last", True)], 8)
    assert row is not None
    assert not row.ended


def test_a_prompt_without_an_answer_is_cut_alike_and_loses_its_beginning_at_last() -> None:
    assert prompt(ROW[:4], 9) == [10, 11, 20, 21, 30, 31, 32, 40, 41]
    assert prompt(ROW[:4], 5) == [20, 21, 32, 40, 41]
    assert prompt(ROW[:4], 3) == [21, 40, 41]


parts = st.lists(
    st.builds(
        coded,
        st.integers(0, 6),
        st.sampled_from([100, 200]),
        st.sampled_from(["keep", "start", "end", "last"]),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=7,
)


def one_by_one(row: list[Coded], limit: int) -> tuple[list[int], list[int]] | None:
    """What `fit` promises, a token at a time."""
    kept = [list(part.ids) for part in row]
    while sum(map(len, kept)) > limit:
        places = [place for place, part in enumerate(row) if kept[place] and part.segment.cut in ("start", "end")]
        answers = [place for place, part in enumerate(row) if kept[place] and part.segment.cut == "last"]
        if places:
            place = min(places, key=lambda place: (row[place].segment.rank, place))
        elif answers:
            place = answers[-1]
        else:
            return None
        kept[place].pop(0 if row[place].segment.cut == "start" else -1)
    flags = [int(part.segment.supervised) for part, ids in zip(row, kept, strict=True) for _ in ids]
    flags[:1] = [0] * len(flags[:1])
    return ([token for ids in kept for token in ids], flags) if any(flags) else None


@given(row=parts, limit=st.integers(1, 40))
def test_a_row_is_cut_as_if_one_token_at_a_time(row: list[Coded], limit: int) -> None:
    fitted = fit(row, limit)
    assert (None if fitted is None else (fitted.ids, fitted.supervised)) == one_by_one(row, limit)
    if fitted is not None:
        assert fitted.truncated == (length(row) > limit)
