"""The journal: torn anywhere it reads as a prefix; a full disk loses nothing that fits the buffer."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from msopt_tui.protocol import events as ev
from msopt_tui.protocol.codec import encode_line
from msopt_tui.runs import journal as module
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.journal import JournalReader, JournalWriter
from msopt_tui.runs.sealed import seal


def steps(first: int, count: int = 3) -> ev.StepsDone:
    return ev.StepsDone(
        time=1.0,
        first=first,
        losses=[2.5, None, 2.25][:count],
        grad_norms=[1.0] * count,
        learning_rates=[1e-3] * count,
        seconds=0.1,
        tokens=64,
    )


EVENTS: list[ev.Event] = [
    ev.RunStarted(time=1.0, run="r", project="p ☃ \n\x1b[2J", settings={"train.learning_rate": 1e-3}),
    steps(1),
    ev.Noted(time=2.0, level="warning", text='quotes " and \\ and \u2028'),
    steps(4),
    ev.RunEnded(time=3.0, status="completed", step=6),
]
WHOLE = b"".join(seal(encode_json(event)) + b"\n" for event in EVENTS)


def notes(*texts: str) -> list[ev.Event]:
    return [ev.Noted(time=1.0, level="info", text=text) for text in texts]


def texts(events: list[ev.Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, ev.Noted)]


def drain(reader: JournalReader) -> list[ev.Event]:
    events = reader.read()
    while reader.behind:
        events += reader.read()
    return events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


class Disk:
    """A disk with room for so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, fd: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = os.write(fd, data[: self.room])
        self.room -= taken
        return taken


class TestReading:
    def test_what_was_written_comes_back(self, path: Path) -> None:
        writer, reader = JournalWriter(path), JournalReader(path)
        writer.append(EVENTS[:2])
        assert reader.read() == EVENTS[:2]
        assert reader.read() == []
        writer.append(EVENTS[2:])
        assert reader.read() == EVENTS[2:]
        assert not reader.behind
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_file_that_is_not_there_yet(self, path: Path) -> None:
        reader = JournalReader(path)
        assert reader.read() == []
        assert reader.error == ""
        JournalWriter(path).append(EVENTS)
        assert reader.read() == EVENTS

    def test_a_file_that_cannot_be_read_says_why(self, path: Path) -> None:
        path.mkdir()
        reader = JournalReader(path)
        assert reader.read() == []
        assert "directory" in reader.error

    @given(st.integers(0, len(WHOLE)))
    def test_torn_at_any_byte_it_is_a_prefix_and_goes_on_later(self, cut: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "events.jsonl")
            path.write_bytes(WHOLE[:cut])
            reader = JournalReader(path)
            before = reader.read()
            assert before == EVENTS[: len(before)]
            assert len(before) == WHOLE[:cut].count(b"\n")
            with path.open("ab") as file:
                file.write(WHOLE[cut:])
            assert before + reader.read() == EVENTS
            assert reader.skipped == 0

    @settings(max_examples=50)
    @given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 64))
    def test_any_rhythm_of_writing_and_any_size_of_chunk(self, pieces: list[int], chunk: int) -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "CHUNK_BYTES", chunk)
            path = Path(folder, "events.jsonl")
            reader, events, at = JournalReader(path), [], 0
            for piece in [*pieces, len(WHOLE)]:
                with path.open("ab") as file:
                    file.write(WHOLE[at : at + piece])
                at += piece
                events += drain(reader)
            assert events == EVENTS

    @given(st.binary(max_size=200))
    @example(b'{"type":"Noted","level":"info","text":"\xff"}')
    @example(b'{"type":"FromTheFuture"}')
    @example(b'{"type":"Noted","x":' + b"[" * 50_000)
    @example(b"\n\n \r\n")
    def test_foreign_lines_are_skipped_alone(self, garbage: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "events.jsonl")
            path.write_bytes(encode_line(EVENTS[0]) + garbage + b"\n" + encode_line(EVENTS[-1]))
            reader = JournalReader(path)
            events = reader.read()
            assert events[0] == EVENTS[0]
            assert events[-1] == EVENTS[-1]
            bad = [line for line in garbage.split(b"\n") if line.strip()]
            assert reader.skipped + len(events) - 2 == len(bad)

    def test_limits_in_bytes_and_in_time(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "CHUNK_BYTES", 256)
        JournalWriter(path).append(EVENTS * 10)
        reader = JournalReader(path)
        assert len(reader.read(seconds=60, max_bytes=600)) < 50
        assert reader.behind
        some = reader.read(seconds=0)
        assert some, "one chunk is read in any case"
        assert reader.behind
        drain(reader)
        assert not reader.behind

    def test_a_line_beyond_all_measure_is_skipped(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "CHUNK_BYTES", 1_000)
        monkeypatch.setattr(module, "LINE_BYTES", 5_000)
        path.write_bytes(encode_line(EVENTS[0]) + b"x" * 20_000 + b"\n" + encode_line(EVENTS[-1]))
        reader = JournalReader(path)
        assert drain(reader) == [EVENTS[0], EVENTS[-1]]
        assert reader.skipped == 1


class TestWriting:
    @given(st.integers(1, len(WHOLE) - 1))
    def test_after_a_crash_the_next_engine_starts_a_line_of_its_own(self, cut: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "events.jsonl")
            path.write_bytes(WHOLE[:cut])
            writer = JournalWriter(path)
            writer.append(notes("back"))
            writer.close()
            reader = JournalReader(path)
            events = reader.read()
            assert events[-1:] == notes("back")
            assert events[:-1] == EVENTS[: len(events) - 1]
            # The checksum tells that a line without its last signs is otherwise whole.
            assert reader.skipped == (0 if any(end - 3 <= cut <= end for end in _ends()) else 1)
            assert reader.damaged == reader.skipped, "no engine began behind it"

    def test_one_write_a_batch(self, path: Path) -> None:
        sizes: list[int] = []

        def write(fd: int, data: bytes) -> int:
            sizes.append(len(data))
            return os.write(fd, data)

        writer = JournalWriter(path, write=write)
        writer.append(EVENTS)
        writer.append([])
        assert sizes == [len(WHOLE)]

    def test_foreign_text_that_json_cannot_hold(self, path: Path) -> None:
        writer = JournalWriter(path)
        writer.append(notes("file \udcff.txt"))
        assert texts(JournalReader(path).read()) == ["file ?.txt"]

    def test_fsync_and_close(self, path: Path) -> None:
        writer = JournalWriter(path)
        writer.append(EVENTS)
        assert writer.fsync()
        writer.close()
        writer.close()
        assert path.read_bytes() == WHOLE

    def test_a_link_is_not_followed(self, path: Path, tmp_path: Path) -> None:
        path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(OSError, match="symbolic"):
            JournalWriter(path)


class TestFullDisk:
    @given(st.integers(0, 400))
    def test_nothing_is_lost_and_no_line_is_torn(self, room: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path, disk = Path(folder, "events.jsonl"), Disk(room)
            writer = JournalWriter(path, write=disk.write)
            for event in EVENTS:
                writer.append([event])
            written = path.stat().st_size
            assert writer.waiting == len(WHOLE) - written
            assert bool(writer.error) == (writer.waiting > 0)
            assert JournalReader(path).read() == EVENTS[: WHOLE[:written].count(b"\n")]
            disk.room = 1_000_000
            assert writer.flush()
            assert writer.error == ""
            assert path.read_bytes() == WHOLE
            assert writer.lost == 0
            writer.close()

    def test_a_full_buffer_drops_figures_before_deeds_and_says_so(self, path: Path) -> None:
        disk = Disk(0)
        writer = JournalWriter(path, buffer_bytes=1_500, write=disk.write)
        for turn in range(1, 30):
            writer.append([steps(3 * turn - 2)])
            if turn % 10 == 0:
                writer.append(notes(f"deed {turn}"))
        assert writer.waiting <= 1_500
        assert writer.lost > 10
        disk.room = 1_000_000
        writer.append(notes("room again"))
        events = JournalReader(path).read()
        said = texts(events)
        assert said[:-1] == ["deed 10", "deed 20", "room again"]
        assert f"{writer.lost} journal entries are missing" in said[-1]
        kept = [event.first for event in events if isinstance(event, ev.StepsDone)]
        assert kept == sorted(kept)
        assert kept[-1] == 3 * 29 - 2, "the newest figures stay"

    def test_deeds_go_too_where_nothing_else_is_left(self, path: Path) -> None:
        disk = Disk(0)
        writer = JournalWriter(path, buffer_bytes=300, write=disk.write)
        for turn in range(100):
            writer.append(notes(f"deed {turn}"))
        assert writer.waiting <= 300
        disk.room = 1_000_000
        writer.flush()
        assert texts(JournalReader(path).read())[-2] == "deed 99"

    def test_half_a_written_line_is_finished_even_when_the_buffer_overflows(self, path: Path) -> None:
        disk = Disk(20)
        writer = JournalWriter(path, buffer_bytes=200, write=disk.write)
        for turn in range(50):
            writer.append(notes(f"deed {turn}"))
        disk.room = 1_000_000
        writer.flush()
        reader = JournalReader(path)
        assert texts(reader.read())[0] == "deed 0"
        assert reader.skipped == 0


def _ends() -> set[int]:
    """Lengths of WHOLE at which a line is complete, its newline included."""
    return {index + 1 for index, byte in enumerate(WHOLE) if byte == 10}
