"""Foreign text is harmless after `sanitise`, and whatever a widget draws is harmless after the filter."""

import re
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from msopt_tui.ui.sanitise import (
    MAX_ATTACHED,
    SanitisingFilter,
    is_harmless,
    plain,
    plain_rich,
    sanitise,
)
from tests.pty_session import PtySession
from tests.ui.hostile_app import PAYLOADS

HOSTILE_APP = Path(__file__).with_name("hostile_app.py")
BIDI_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
BACKGROUND = Color(0, 0, 0)

nasty = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text(st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Mn"))),
    st.sampled_from(PAYLOADS).map(lambda payload: payload[:300]),
    st.text("\x1b[]PX^_0;?\\\x07\x9b\x9d\x9cm\r\n\t ab"),
    st.text("👩👨👧❤\ufe0f\u200d🏽\u0301a─"),
)
hostile = st.lists(nasty, max_size=5).map("".join)
honest = st.text(
    st.characters(categories=("Lu", "Ll", "Lt", "Nd", "Sm", "Sc", "So", "Pd", "Ps", "Pe", "Po"), include_characters=" ")
)


def forbidden(text: str, allowed: str = "") -> list[str]:
    """The characters that no terminal and no reader should get, by the Unicode database and not by our tables."""
    return [
        character
        for character in text
        if character not in allowed
        and (
            unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(character) in BIDI_CLASSES
            or character in "\u200e\u200f\u061c"
        )
    ]


def longest_attached_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = 0 if get_character_cell_size(character) or character in "\n\t" else run + (character != "\u200d")
        longest = max(longest, run)
    return longest


@given(hostile, st.integers(1, 40))
@settings(max_examples=300, deadline=None)
@example("\x1b\x1b[m[31m", 40)
@example("👩\u200d" + "x" * 50, 5)
@example("\u202e\u0301" * 10, 40)
def test_nothing_forbidden_is_left_and_a_second_time_changes_nothing(text: str, max_line: int) -> None:
    lines = sanitise(text, max_line=max_line)
    assert forbidden(lines, allowed="\n\t") == []
    assert longest_attached_run(lines) <= MAX_ATTACHED
    assert all(len(line) <= max_line for line in lines.split("\n"))
    assert sanitise(lines, max_line=max_line) == lines
    one_line = sanitise(text, multiline=False)
    assert forbidden(one_line) == []
    assert sanitise(one_line, multiline=False) == one_line


@given(honest)
@settings(max_examples=300, deadline=None)
def test_letters_digits_and_symbols_are_unchanged(text: str) -> None:
    assert sanitise(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "plain ASCII, 100 % of it",
        "naïve café, e\u0301 and o\u0302\u0323 decomposed",
        "漢字 かな 한국어 ภาษาไทย हिन्दी العربية עברית",
        "🙂 👍🏽 ❤\ufe0f 1\ufe0f\u20e3 🇩🇪 👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 👩🏽\u200d💻",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "─│┌┐ ⣿⡇⠁ ▁▂▃ ✓ ● ▶ ≤ ⟨α∇L⟩",
        "tab\there\nand a second line\n",
    ],
)
def test_honest_text_is_unchanged(text: str) -> None:
    assert sanitise(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred\x9dtitle\x9c.", "red."),
        ("\x1bP1;2q#data\x1b\\sixel", "sixel"),
        ("unfinished \x1b]0;the rest stays", "unfinished 0;the rest stays"),
        ("\x00 \x07 \x7f \x80 \ud800", "␀ ␇ ␡ � �"),
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("exe.\u202egpj", "exe.gpj"),
        ("e" + "\u0301" * 10_000 + "x", "e" + "\u0301" * MAX_ATTACHED + "x"),
        ("a\u200db\u200dc", "abc"),
        ("👩\u200d" * 6 + "👩", "👩\u200d👩\u200d👩\u200d👩👩\u200d👩\u200d👩"),
    ],
)
def test_hostile_text_becomes(text: str, expected: str) -> None:
    assert sanitise(text) == expected


def test_long_lines_end_with_an_ellipsis() -> None:
    assert sanitise("x" * 55_000, max_line=8) == "xxxxxxx…"
    assert sanitise("short\n" + "x" * 20, max_line=8, ellipsis=" […]") == "short\nxxxx […]"
    assert sanitise("long", max_line=1) == "…"
    with pytest.raises(ValueError, match="at least 1"):
        sanitise("x", max_line=0)


def test_one_line_has_spaces_for_breaks_and_tabs() -> None:
    assert sanitise("a\r\nb\tc\nd", multiline=False) == "a b c d"


def test_a_hundred_thousand_openers_take_no_quadratic_time() -> None:
    for opener in ("\x1b]", "\x9d", "\x1bP", "\x1b[", "\x1b[1;", "e\u0301\u200d"):
        assert forbidden(sanitise(opener * 100_000, max_line=10**6)) == []


def test_every_zero_width_character_raises_suspicion() -> None:
    missed = [
        code
        for code in (*range(0x20000), *range(0xE0000, 0xE1000))  # The planes that have any.
        if get_character_cell_size(chr(code)) == 0 and is_harmless(chr(code) * (MAX_ATTACHED + 1))
    ]
    assert missed == []


def test_markup_stays_text() -> None:
    payload = "[bold]b[/bold] [@click=app.quit]quit[/] [/] \x1b[2J"
    shown = "[bold]b[/bold] [@click=app.quit]quit[/] [/] "
    assert plain(payload).plain == plain_rich(payload).plain == shown
    assert not plain(payload).spans
    assert not plain_rich(payload).spans


@given(st.lists(hostile, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
@example(["a\u200db" * 5])
@example(["\u200dabc", "x\t\ny"])
@example(["❤\ufe0f\u200d", "\ud800"])
def test_the_filter_leaves_nothing_forbidden_and_keeps_every_width(texts: list[str]) -> None:
    segments = [Segment(text, Style(bold=True)) for text in texts]
    cleaned = SanitisingFilter().apply(segments, BACKGROUND)
    for before, after in zip(segments, cleaned, strict=True):
        assert forbidden(after.text) == []
        assert longest_attached_run(after.text) <= MAX_ATTACHED
        assert cell_len(after.text) == cell_len(before.text)
        assert after.style == before.style


def test_the_filter_drops_links_and_actions_and_keeps_the_rest_of_a_style() -> None:
    meta = Style.from_meta({"@click": "app.quit", "@mouse.down": "x", "offset": (3, 4)})
    style = Style(bold=True, color="#123456", link="http://owned.example") + meta
    (segment,) = SanitisingFilter().apply([Segment("text", style)], BACKGROUND)
    assert segment.style is not None
    assert segment.style.link is None
    assert segment.style.meta == {"offset": (3, 4)}
    assert segment.style.bold
    assert segment.style.color == style.color


def test_the_filter_hands_back_harmless_segments_themselves() -> None:
    segments = [Segment("loss 0.123", Style.from_meta({"offset": (1, 2)})), Segment("⣿⡇⠁"), Segment("漢字", None)]
    assert all(a is b for a, b in zip(SanitisingFilter().apply(segments, BACKGROUND), segments, strict=True))


MEANT = re.compile(
    r"\x1b\[[\d;]*m"  # colours
    r"|\x1b\[\d+;\d+H"  # cursor positions
    r"|\x1b\[\?(?:1049|25|7|1000|1003|1004|1006|1015|2004|2026)[hl]|\x1b\[\?(?:2026|2048)\$p"  # modes, queries
    r"|\x1b\[[<>]\d*u"  # keyboard protocol
    r"|\x1b\]22;[a-z-]+\x07"  # pointer shape
)


def test_no_widget_lets_an_escape_through_to_a_terminal() -> None:
    with PtySession([sys.executable, HOSTILE_APP], lines=80) as session:
        session.wait_for("EVERYTHING SHOWN", 20.0)
        session.send("\x1b[B" * 5 + "\t" + "\x1b[B" * 5)
        session.wait_for(lambda s: s.raw.count(b"\x1b[?2026l") > 3)
        shown = session.text()
        session.send("\x18")
        assert session.wait_exit() == 0
        output = session.raw.decode("utf-8")
    for mark in ("title ", "clear ", "reset ", "bidi ", "strings ", "C1 "):
        assert shown.count(mark) >= 4, f"{mark!r} was to be shown by several widgets"
    assert forbidden(MEANT.sub("", output), allowed="\r\n") == []
    assert "\x1b[998;997H" not in output
    assert "\x1b[38;5;201m" not in output
    assert output.count("\x1b[?1049l") == output.count("\x1b[?1049h") == 1
    assert longest_attached_run(MEANT.sub("", output)) <= 2 * MAX_ATTACHED, "of one segment, and of its neighbour"
