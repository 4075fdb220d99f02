"""The queue: one project after another, whatever becomes of one of them, of the terminal, or of the queue itself."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from msopt_tui import cli, queueing
from msopt_tui.queueing import Worker, line_of, list_queue
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.lock import RunLock, RunLocked
from msopt_tui.runs.queue_file import Entry, Queue, QueueError, QueueStore
from msopt_tui.runs.queue_runs import run_of
from msopt_tui.runs.record import RunMeta, RunRecord, write_meta, write_record
from tests.unit.runs_maker import make_run

PYTHON = sys.executable
SCRIPT = """
from pathlib import Path
from msopt_tui.queueing import work
sys.exit(work(Path(sys.argv[1])))
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the program itself: what it is told to do stands in the project file."""
    package = tmp_path / "msopt_tui_stand_in.py"
    package.write_text("import sys\nexec(open(sys.argv[1]).read())\n")
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {package} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return tmp_path


def project(folder: Path, name: str, code: str) -> str:
    path = folder / name
    path.write_text(code)
    return str(path)


@pytest.fixture(autouse=True)
def _signals() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def queue_of(folder: Path, *names: str, arguments: tuple[str, ...] = ()) -> QueueStore:
    store = QueueStore(folder / "runs")
    for name in names:
        store.change(lambda queue, name=name: queue.add(name, str(folder), str(folder / "runs"), arguments))  # type: ignore[misc]
    return store


def statuses(store: QueueStore) -> list[str]:
    return [f"{Path(entry.project).stem} {entry.status} {entry.exit_code}" for entry in store.read().entries]


def test_it_goes_on_after_a_failure_and_says_so(fake: Path) -> None:
    names = [
        project(fake, "a.toml", "print('hello', sys.argv[2:])"),
        project(fake, "b.toml", "sys.exit(3)"),
        project(fake, "c.toml", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        project(fake, "d.toml", "print('\\x1b[2J last')"),
    ]
    out = io.StringIO()
    store = queue_of(fake, *names, arguments=("train.seed=1",))
    worker = Worker(store, out)
    assert worker.run() == 1
    assert [done.exit_code for done in worker.done] == [0, 3, 137, 0]
    text = out.getvalue()
    assert "hello ['train.seed=1', '--headless']" in text
    assert "2 done, 2 failed, 0 left" in text
    assert "\x1b" not in text, "foreign text can't act on the terminal"
    assert statuses(store) == ["a done 0", "b failed 3", "c failed 137", "d done 0"]
    assert not store.is_worked
    assert list_queue(store)[-1] == "2 done, 2 failed"
    assert Worker(store, out).run() == 0, "nothing is left"


def test_a_terminal_that_is_gone_ends_nothing(fake: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    mark = fake / "mark"
    names = [
        project(fake, "a.toml", "print('x' * 100_000)"),
        project(fake, "b.toml", f"import os, signal; os.kill(os.getppid(), signal.SIGHUP); open({str(mark)!r}, 'w')"),
    ]
    out = os.fdopen(writer, "w")
    assert Worker(queue_of(fake, *names), out).run() == 0
    assert mark.exists()
    with pytest.raises(BrokenPipeError):
        out.close()


def test_what_is_added_meanwhile_has_its_turn_and_a_second_worker_keeps_out(fake: Path) -> None:
    store = QueueStore(fake / "runs")
    late = project(fake, "late.toml", "")
    code = f"""
from pathlib import Path
from msopt_tui.queueing import work
from msopt_tui.runs.queue_file import QueueStore
assert work(Path({str(fake / "runs")!r})) == 0
QueueStore(Path({str(fake / "runs")!r})).change(lambda queue: queue.add({late!r}, "/", "/"))
"""
    queue_of(fake, project(fake, "a.toml", code))
    out = io.StringIO()
    assert Worker(store, out).run() == 0, out.getvalue()
    assert "another worker (process" in out.getvalue()
    assert statuses(store) == ["a done 0", "late done 0"]


@pytest.mark.parametrize(("record", "turn"), [("completed", ""), ("failed", ""), ("running", "resumed"), ("", "anew")])
def test_what_a_killed_worker_had_under_way(record: str, turn: str, fake: Path) -> None:
    told = fake / "told"
    name = project(fake, "a.toml", f"open({str(told)!r}, 'w').write(' '.join(sys.argv[2:]))")
    store = queue_of(fake, name, arguments=("--resume=auto",))
    assert store.take(store.worker_lock()) is not None
    assert statuses(store) == ["a running 0"]
    run = fake / "runs/docs/20260101-000000-r"
    if record:
        make_run(fake / "runs", run.name, status=record, exit_code=1 if record == "failed" else 0)
        write_meta(RunDirectory(run).meta, RunMeta(run=run.name, project="docs", created=1.0, project_file=name))
    out = io.StringIO()
    Worker(store, out).run()
    assert "its worker went without a word" in out.getvalue()
    assert statuses(store) == ["a failed 1" if record == "failed" else "a done 0"]
    if not turn:
        assert not told.exists(), "it ended by itself meanwhile"
    else:
        assert told.read_text() == (f"--resume={run} --headless" if turn == "resumed" else "--resume=auto --headless")
    assert store.read().entries[0].run == (str(run) if record else "")


def test_an_engine_that_outlived_its_worker_is_waited_for(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = project(fake, "a.toml", "sys.exit(9)")
    store = queue_of(fake, name)
    store.take(store.worker_lock())
    run = make_run(fake / "runs", "20260101-000000-r", status="running")
    created = store.read().entries[0].began
    write_meta(RunDirectory(run).meta, RunMeta(run=run.name, project="docs", created=created, project_file=name))
    engine = RunLock(RunDirectory(run).lock)
    engine.acquire()

    def finish(_: float) -> None:
        write_record(RunDirectory(run).state, RunRecord(run=run.name, project="docs", status="completed"))
        engine.release()

    monkeypatch.setattr(time, "sleep", finish)
    assert Worker(store, io.StringIO()).run() == 0
    assert statuses(store) == ["a done 0"]


def test_the_run_of_an_entry_is_the_one_made_in_its_turn(tmp_path: Path) -> None:
    entry = Entry(id=1, project="/p.toml", folder="/", runs_dir=str(tmp_path), began=1_000.0)
    assert run_of(entry) is None
    for name, created, file in (
        ("old", 10, "/p.toml"),
        ("other", 1_001, "/q"),
        ("b", 1_900, "/p.toml"),
        ("a", 1_001, "/p.toml"),
    ):
        path = make_run(tmp_path, name)
        write_meta(path / "meta.json", RunMeta(run=name, project="docs", created=created, project_file=file))
    assert run_of(entry) == tmp_path / "docs" / "a"
    assert run_of(Entry(id=1, project="/p.toml", folder="/", runs_dir=str(tmp_path))) is None, "its turn has not come"


def test_moving_removing_and_doing_again() -> None:
    queue = Queue()
    for name in "abcd":
        queue = queue.add(name, "/", "/")
    first = queue.entries[0]
    queue = queue.put(Entry(id=first.id, project="a", folder="/", runs_dir="/", status="running"))
    assert [one.project for one in queue.move(4, -2).entries] == ["a", "d", "b", "c"]
    assert [one.project for one in queue.move(2, 99).entries] == ["a", "c", "d", "b"]
    assert [one.project for one in queue.remove(3).entries] == ["a", "b", "d"]
    refused: list[Callable[[], Queue]] = [
        lambda: queue.remove(1),
        lambda: queue.move(1, 1),
        lambda: queue.again(2),
        lambda: queue.remove(9),
    ]
    for deed in refused:
        with pytest.raises(QueueError):
            deed()
    failed = queue.put(Entry(id=1, project="a", folder="/", runs_dir="/", status="failed", exit_code=1))
    assert [(one.project, one.status) for one in failed.again(1).entries][-1] == ("a", "waiting")
    removed = queue.remove(2)
    assert removed.put(queue.get(2)) == removed, "what was removed stays away"


def test_a_damaged_file_is_named_and_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = queue_of(tmp_path, "a.toml")
    store.path.write_bytes(store.path.read_bytes()[:-20])
    damaged = store.path.read_bytes()
    with pytest.raises(QueueError, match=r"queue.json is damaged .*; to begin a new queue move it away: /"):
        queue_of(tmp_path, "b.toml")
    assert cli.main(["queue", f"--runs-dir={tmp_path / 'runs'}"]) == 1
    assert cli.main(["queue", "b.toml", f"--runs-dir={tmp_path / 'runs'}"]) == 1
    assert "queue.json is damaged" in capsys.readouterr().err
    assert store.path.read_bytes() == damaged
    store.path.write_text('{"version": 99}')
    with pytest.raises(QueueError, match="newer version"):
        store.read()


def test_the_queue_of_someone_else_is_not_worked_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = queue_of(tmp_path, "a.toml")
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(QueueError, match="is not yours"):
        Worker(store, io.StringIO()).run()
    with pytest.raises(QueueError, match="is not yours"):
        queue_of(tmp_path, "b.toml")


def test_many_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from msopt_tui.runs.queue_file import QueueStore
for number in range(20):
    QueueStore(Path(sys.argv[1])).change(lambda queue: queue.add(f"{sys.argv[2]}-{number}", "/", "/"))
"""
    children = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(one)]) for one in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    queue = QueueStore(tmp_path).read()
    assert len({entry.project for entry in queue.entries}) == len({entry.id for entry in queue.entries}) == 60


def test_a_signal_goes_to_the_project_under_way_and_no_other_begins(fake: Path) -> None:
    ready = fake / "ready"
    code = f"""
import signal, time, sys
signal.signal(signal.SIGTERM, lambda *_: (print('saved', flush=True), sys.exit(143)))
open({str(ready)!r}, 'w').close()
signal.pause()
"""
    store = queue_of(fake, project(fake, "a.toml", code), project(fake, "b.toml", ""))
    script = f"import sys; sys.executable = {sys.executable!r}\n" + SCRIPT
    environment = os.environ | {"PYTHONPATH": os.getcwd()}  # noqa: PTH109
    process = subprocess.Popen(
        [PYTHON, "-c", script, str(fake / "runs")],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    text, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "saved" in text
    assert "0 done, 1 failed, 1 left; msopt-tui queue goes on with them" in text
    assert statuses(store) == ["a failed 143", "b waiting 0"]


def test_the_command(fake: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(fake)
    assert cli.main(["queue"]) == 0
    assert "nothing in" in capfd.readouterr().out
    project(fake, "a.toml", "sys.exit(4)")
    assert cli.main(["queue", "a.toml", "train.seed=1", "--json"]) == 1
    assert "0 done, 1 failed, 0 left" in capfd.readouterr().out
    (entry,) = QueueStore(fake / "runs").read().entries
    assert (entry.project, entry.arguments) == (str(fake / "a.toml"), ("train.seed=1", "--json"))
    QueueStore(fake / "runs").change(lambda queue: queue.again(entry.id))
    started: list[Path] = []
    monkeypatch.setattr(queueing, "start_worker", started.append)
    assert cli.main(["queue"]) == 0
    assert started == [fake / "runs"]
    assert "1 failed, 1 waiting" in capfd.readouterr().out
    with QueueStore(fake / "runs").worker_lock():
        assert cli.main(["queue", f"--runs-dir={fake / 'runs'}"]) == 0
        assert cli.main(["queue", "a.toml"]) == 0
    assert "worked off in the background" in (out := capfd.readouterr().out)
    assert "another worker (process" in out
    assert len(started) == 1
    assert line_of(entry).startswith("✗ exit code 4")
    with QueueStore(fake / "runs").worker_lock(), pytest.raises(RunLocked):
        Worker(QueueStore(fake / "runs")).run()
