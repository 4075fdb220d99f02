"""What `check` prints: the plan, and the data as the network will see it, harmless whatever stands in it."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.checkup import Checked
from msopt_tui.checkup.data import data_lines
from msopt_tui.checkup.lengths import length_lines
from msopt_tui.checkup.paint import Painter
from msopt_tui.checkup.plan import Plan, plan_lines, warnings
from msopt_tui.protocol import events as ev
from msopt_tui.state.wrapping import usual_cells
from tests.ui.hostile_app import PAYLOADS
from tests.ui.stories import Classifying, Translating

PLAN = Plan(
    project="p", description="", task="translation", data_key="0123456789abcdef", data_cached=True, data_seconds=0.0,
    vocab_size=9_000, model="t5", parameters=1_000_000, trainable=400, flops_per_token=6e6, memory=2**24,
    device="cpu", dtype="float32", steps=600, rows_per_step=16, tokens_per_step=2_048, epochs=2.5, max_rounds=2,
    refine_mode="ask", flops=7.5e12, checkpoints=3, checkpoint=2**20, disk_free=2**30,
)  # fmt: skip
SETTINGS: dict[str, bool | int | float | str] = {
    "task.name": "text-classification", "data.max_length": 128, "data.deduplicate": "document",
}  # fmt: skip
PLAIN, COLOURED = Painter(in_colour=False, width=100), Painter(in_colour=True, width=100)


def printed(story: Classifying, painter: Painter = PLAIN) -> str:
    return "\n".join(data_lines(story.prepared(), story.inspected(), SETTINGS, painter))


def test_the_plan_is_a_fact_a_line() -> None:
    lines = plan_lines(PLAN)
    assert "task        translation" in lines
    assert "model       t5, 1,000,000 parameters (400 of them learn), 6.00M FLOPs a token" in lines
    assert "round       600 steps of 16 rows (2.05k tokens at most) = 2.5 epochs" in lines
    assert "data        0123456789ab from the cache" in lines


def test_a_disk_that_is_too_small_is_a_warning() -> None:
    assert warnings(PLAN) == []
    assert warnings(msgspec.structs.replace(PLAN, disk_free=2**20)) == ["the checkpoints may not fit on this disk"]


@pytest.mark.parametrize(
    "piece",
    [
        "    classification: docstring → text; package → label (4 classes)",
        "  train           4,120  902,114  214,880         4.20     4,120    4,120",
        "  cut to fit      247 (6.0 %)",
        "  email/header.py#2  128 tokens, 1 target · cut",
        "    [CLS]Create a MIME-compliant header.↵\n    ↵\n    Optional arguments are[SEP]⟦email⟧",
        "  duplicates  61 repeated records\n              · Return the docstring. → asyncio\n",
        "  leakage     9 training records that stand in validation or test",
        "  changed     14 line breaks unified",
        "! 6.0 % of the examples are cut (data.max_length = 128): data.max_length = 448 would hold 99 %",
    ],
)
def test_the_data_is_said_in_full(piece: str) -> None:
    assert piece in printed(Classifying())


def test_every_section_has_its_title_and_advice_comes_last() -> None:
    titles = re.findall(r"^(\w[\w ]*?)(?:  .*)?$", printed(Classifying()), re.MULTILINE)
    assert titles == ["sources", "splits", "rows", "lengths", "cleaning", "before you train"]
    assert "before you train" not in printed(Translating())


def test_running_text_is_told_as_such() -> None:
    seen = msgspec.structs.replace(
        Classifying().inspected(), shapes={}, lengths=ev.Histogram(edges=[128, 129], counts=[850]), truncated=0,
        rows=[ev.PreviewRow(origin="row 1", pieces=[ev.Piece("hidden", False)], tokens=128, supervised=19)],
    )  # fmt: skip
    text = "\n".join(data_lines(Classifying().prepared(), seen, SETTINGS, PLAIN))
    assert "rows are cut from all of it" in text
    assert "each of the 850 has 128 tokens" in text
    assert "which tokens are learned is drawn anew for every batch" in text


def test_lengths_are_drawn_with_their_bounds() -> None:
    lines = length_lines(Classifying().inspected().lengths, PLAIN)
    assert "\x1b" not in "".join(lines)
    assert lines[-1].split() == [str(edge) for edge in range(0, 140, 10)]
    assert lines[1].startswith("811┤")
    assert max(map(len, lines)) <= 100
    assert length_lines(ev.Histogram(edges=[0], counts=[]), PLAIN) == ["  no examples"]


class TestColours:
    def test_what_is_learned_is_bold_and_in_brackets_on_a_terminal(self) -> None:
        assert "[SEP]\x1b[1;32m⟦email⟧\x1b[0m" in printed(Classifying(), COLOURED)

    def test_in_a_pipe_there_are_none(self) -> None:
        assert "\x1b" not in printed(Classifying())

    @pytest.mark.parametrize("painter", [PLAIN, COLOURED], ids=["pipe", "terminal"])
    def test_no_known_payload_reaches_the_terminal(self, painter: Painter) -> None:
        for payload in PAYLOADS:
            seen = msgspec.structs.replace(
                Classifying().inspected(), shapes={payload: payload}, changed={payload: 1},
                removed_examples={payload: [payload]},
                rows=[ev.PreviewRow(origin=payload, pieces=[ev.Piece(payload, True)], tokens=1, supervised=1)],
            )  # fmt: skip
            data = msgspec.structs.replace(Classifying().prepared(), removed={payload: 2})
            text = "\n".join(data_lines(data, seen, SETTINGS, painter))
            ours = re.sub(r"\x1b\[[0-9;]*m", "", text) if painter.in_colour else text
            bad = [c for c in ours if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or 0x2028 <= ord(c) <= 0x202E]
            assert not bad, payload[:30]
            text.encode()

    @given(st.lists(st.tuples(st.text(max_size=80), st.sampled_from(["", "learned"])), max_size=5), st.integers(10, 90))
    def test_paragraphs_fit(self, spans: list[tuple[str, str]], width: int) -> None:
        for line in Painter(in_colour=False, width=width).paragraph(spans, "    "):  # type: ignore[arg-type]  # tones
            assert usual_cells(line) <= width


def test_json_has_the_same() -> None:
    story = Classifying()
    checked = Checked(plan=PLAN, data=story.prepared(), inspection=story.inspected(), advice=["a"], warnings=[])
    read = msgspec.json.decode(msgspec.json.encode(checked))
    assert read["plan"]["steps"] == 600
    assert read["inspection"]["rows"][0]["pieces"][-1] == ["asyncio", True]
    assert read["data"]["removed"]["repeated records"] == 61
    assert msgspec.json.decode(msgspec.json.encode(checked), type=Checked) == checked
