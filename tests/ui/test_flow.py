"""Styled foreign text in lines: it fits, nothing is lost, and nothing acts on the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.flow import bar, beside, flow
from msopt_tui.ui.widgets.lines import Words, words_length
from tests.ui.hostile_app import PAYLOADS

roles = st.sampled_from(["", "learned", "bad"])
spans = st.lists(st.tuples(st.text(max_size=40) | st.sampled_from(PAYLOADS[:-2]), roles), max_size=6)


def said(lines: list[Words]) -> str:
    return "".join(text for line in lines for text, _ in line)


@given(spans, st.integers(2, 60))
def test_every_line_fits(text: list[tuple[str, Role]], width: int) -> None:
    for line in flow(text, width):
        assert words_length(line) <= width


@given(spans, st.integers(2, 60))
def test_only_white_space_is_lost(text: list[tuple[str, Role]], width: int) -> None:
    shown = "".join(said(flow(text, width)).replace("↵", "").split())
    assert shown == "".join("".join(sanitise(piece).expandtabs(4) for piece, _ in text).replace("↵", "").split())


@given(spans, st.integers(2, 60))
def test_nothing_that_acts_on_a_terminal_is_left(text: list[tuple[str, Role]], width: int) -> None:
    shown = said(flow(text, width))
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0x202A <= ord(c) <= 0x202E for c in shown)


def test_every_piece_keeps_what_it_is_and_breaks_are_marked() -> None:
    lines = flow([("read this\nand ", ""), ("learn this", "learned")], 40)
    assert lines == [[("read this", ""), ("↵", "muted")], [("and ", ""), ("learn this", "learned")]]
    assert flow([("one two three", "")], 8) == [[("one two", "")], [("three", "")]]


@pytest.mark.parametrize(("share", "shown"), [(0, ""), (1e-9, "▏"), (0.5, "████"), (1, "████████"), (2, "████████")])
def test_a_bar_is_never_nothing_for_something(share: float, shown: str) -> None:
    assert bar(share, 8) == shown


@given(st.floats(0, 1), st.integers(1, 80))
def test_a_bar_fits(share: float, width: int) -> None:
    assert cell_len(bar(share, width)) <= width


def test_columns_stand_side_by_side() -> None:
    lines = beside([[("left", "")], [("much too long", "")]], [[("right", "")]], 8)
    assert ["".join(text for text, _ in line) for line in lines] == ["left    right", "much …  "]
