"""Run directories: names that are safe, unique and private; sockets whose path fits; files replaced whole."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.runs import directory as d

NOON = 1_790_000_000.0
HOSTILE = [
    "../../etc",
    "/etc/passwd",
    "🚀🔥",
    "x" * 300,
    "a\nb\r\x1b[2J",
    ".",
    "..",
    "",
    "\x00",
    "índex.db",
    "日本語",
    "-rf",
]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o777])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_layout(tmp_path: Path) -> None:
    run = d.create(tmp_path / "runs", "python-docs", "baseline", lambda: NOON)
    assert re.fullmatch(r"\d{8}-\d{6}-baseline", run.name)
    assert run.path.parent == tmp_path / "runs" / "python-docs"
    assert run.checkpoints.is_dir()
    assert run.evaluations.is_dir()
    names = {p.name for p in (run.config, run.meta, run.state, run.events, run.output_log, run.best, run.latest)}
    assert names == {"config.toml", "meta.json", "state.json", "events.jsonl", "output.log", "best", "latest"}
    assert run.checkpoint(40) == run.checkpoints / "checkpoint-40"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_below_the_runs_folder(tmp_path: Path, name: str) -> None:
    runs = tmp_path / "runs"
    run = d.create(runs, name, name, lambda: NOON)
    assert run.path.resolve().parent.parent == runs.resolve()
    assert run.path.parent.name != "index.db"


@given(st.text(max_size=400))
def test_a_safe_name_is_short_plain_and_never_empty(text: str) -> None:
    name = d.safe_name(text, "run")
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", name)
    assert len(name) <= d.NAME_LIMIT


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_names_that_lose_letters_stay_different(one: str, other: str) -> None:
    if one != other and not one.isascii() and not other.isascii():
        assert d.safe_name(one, "run") != d.safe_name(other, "run")


def test_two_runs_in_one_second_and_a_clock_that_jumps_back(tmp_path: Path) -> None:
    times = [NOON, NOON, NOON + 1, NOON, NOON - 3600]
    runs = [d.create(tmp_path, "p", "run", lambda at=at: at) for at in times]  # type: ignore[misc]
    assert len({run.path for run in runs}) == len(times)
    assert runs[1].name == f"{runs[0].name}-2"
    assert runs[3].name == f"{runs[0].name}-3"


def test_many_at_once_never_share_a_directory(tmp_path: Path) -> None:
    made: list[Path] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        made.extend(d.create(tmp_path / "runs", "p", "run", lambda: NOON).path for _ in range(5))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 40


def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path, any_umask: None) -> None:
    run = d.create(tmp_path / "a" / "runs", "p", "run", lambda: NOON)
    d.write_text_atomic(run.best, "checkpoint-1\n")
    folders = [run.checkpoints, run.evaluations, run.path, *run.path.parents]
    ours = folders[: folders.index(tmp_path)]
    assert [mode(path) for path in ours] == [0o700] * len(ours)
    assert mode(run.best) == 0o600


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    runs.chmod(0o755)
    d.create(runs, "p")
    assert mode(runs) == 0o755


def test_a_place_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(OSError, match="runs"):
        d.create(tmp_path / "runs", "p")


class TestWriteAtomic:
    def test_replaces(self, tmp_path: Path) -> None:
        path = tmp_path / "state.json"
        for text in ("one", "two"):
            d.write_text_atomic(path, text)
        assert path.read_text() == "two"
        assert [p.name for p in tmp_path.iterdir()] == ["state.json"], "nothing temporary is left"

    def test_a_full_disk_leaves_what_was_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "state.json"
        d.write_text_atomic(path, "one")

        def full(fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            d.write_text_atomic(path, "two")
        assert path.read_text() == "one"
        assert [p.name for p in tmp_path.iterdir()] == ["state.json"]

    def test_a_reader_never_sees_half_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "state.json"
        texts = ["a" * 100_000, "b" * 50_000]
        d.write_text_atomic(path, texts[0])
        seen: set[str] = set()
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                seen.add(path.read_text())

        reader = threading.Thread(target=read)
        reader.start()
        for turn in range(200):
            d.write_text_atomic(path, texts[turn % 2], durable=False)
        done.set()
        reader.join()
        assert seen <= set(texts)


class TestControlSocket:
    def test_lies_in_the_run_directory_where_its_path_is_short(self) -> None:
        assert d.RunDirectory(Path("/srv/r")).control_socket() == Path("/srv/r/control.sock")

    def test_fits_for_every_length_of_path(self) -> None:
        for length in (60, 88, 89, 90, 95, 120, 4000):
            path = Path("/" + "/".join(["x" * 20] * (length // 21)) + "/" + "y" * (length % 21 + 1))
            socket = d.RunDirectory(path).control_socket()
            assert len(os.fsencode(socket)) <= d.SOCKET_LIMIT
            assert socket.parent in (path, d.socket_folder())

    def test_is_the_same_by_whatever_way_the_run_is_reached(self, tmp_path: Path) -> None:
        long = tmp_path / ("x" * 150)
        long.mkdir()
        short = tmp_path / "s"
        short.symlink_to(long)
        assert d.RunDirectory(short).control_socket() == d.RunDirectory(long).control_socket()
        assert d.RunDirectory(long).control_socket().parent == d.socket_folder()

    def test_does_not_depend_on_the_session(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        run = d.RunDirectory(tmp_path / ("x" * 150))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        one = run.control_socket()
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        assert run.control_socket() == one


class TestPrivateFolder:
    def test_is_made_and_found_again(self, tmp_path: Path, any_umask: None) -> None:
        path = tmp_path / "sockets"
        d.private_folder(path)
        d.private_folder(path)
        assert mode(path) == 0o700

    def test_one_that_others_can_enter_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "sockets"
        path.mkdir()
        path.chmod(0o755)
        with pytest.raises(PermissionError, match="chmod 700"):
            d.private_folder(path)

    def test_a_link_or_a_file_in_its_place_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(tmp_path / "mine")
        (tmp_path / "file").touch()
        for name in ("link", "file"):
            with pytest.raises(PermissionError, match="not a folder of yours"):
                d.private_folder(tmp_path / name)

    def test_one_of_another_user_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "sockets"
        path.mkdir(mode=0o700)
        monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
        with pytest.raises(PermissionError, match="not a folder of yours"):
            d.private_folder(path)
