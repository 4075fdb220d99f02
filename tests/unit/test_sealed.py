"""A line with its checksum: any flipped bit is noticed or makes no difference; plain JSON to everybody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol import events as ev
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.journal import JournalReader, JournalWriter
from msopt_tui.runs.sealed import is_complete, is_doubtful, mended, seal

EVENT = ev.Adjusted(
    time=1.0, step=7, setting="train.learning_rate", old=0.001, new=0.0125, who="ann", why='a "b" ,"crc":"'
)
LINE = seal(encode_json(EVENT))
FIRST = ev.EngineStarted(time=2.0, process=1)


def read(path: Path, *lines: bytes) -> tuple[list[ev.Event], JournalReader]:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    reader = JournalReader(path)
    return reader.read(), reader


def test_it_is_one_more_key_of_the_same_json() -> None:
    fields = json.loads(LINE)
    assert len(fields.pop("crc")) == 8
    assert fields == json.loads(encode_json(EVENT))
    assert not is_doubtful(LINE)
    assert is_complete(LINE)


@given(st.integers(0, len(LINE) * 8 - 1))
def test_a_flipped_bit_is_noticed_or_makes_no_difference(bit: int) -> None:
    damaged = bytearray(LINE)
    damaged[bit // 8] ^= 1 << bit % 8
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        events, reader = read(Path(folder, "events.jsonl"), bytes(damaged), LINE)
    assert events == [EVENT, EVENT] or (events == [EVENT] and reader.damaged >= 1)


def test_a_line_without_one_is_taken_as_it_is(tmp_path: Path) -> None:
    events, reader = read(tmp_path / "e", encode_json(EVENT), LINE)
    assert events == [EVENT, EVENT]
    assert (reader.skipped, reader.damaged) == (0, 0)


@pytest.mark.parametrize("cut", [1, 5, 30, 60])
def test_a_line_torn_by_the_end_of_an_engine_is_no_damage(tmp_path: Path, cut: int) -> None:
    """What is there of it may be the whole line but for its last signs: then it counts."""
    events, reader = read(tmp_path / "e", LINE[:-cut], seal(encode_json(FIRST)))
    assert events[-1] == FIRST
    assert (len(events), reader.skipped) in [(2, 0), (1, 1)]
    assert reader.damaged == 0
    _, reader = read(tmp_path / "e", LINE[:-60], LINE)
    assert reader.damaged == 1, "no engine began behind it"


def test_what_stands_behind_the_end_is_left_out(tmp_path: Path) -> None:
    assert mended(LINE + b"x") == encode_json(EVENT)
    assert mended(LINE[:-1]) == encode_json(EVENT)
    assert mended(LINE.replace(b"0.0125", b"0.0225")) is None
    events, reader = read(tmp_path / "e", LINE + b"x")
    assert events == [EVENT]
    assert reader.skipped == 0


def test_the_writer_knows_how_long_the_file_is(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "e")
    writer.append([EVENT])
    assert writer.size == len(LINE) + 1
    writer.close()
