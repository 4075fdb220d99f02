"""A crash bundle: what of a run helps to see why it went wrong, and no secret or row of data with it."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import tarfile
import time
import tomllib
from collections import Counter, deque
from pathlib import Path
from typing import NamedTuple

import msgspec
import tomli_w

from msopt_tui.doctor import trace
from msopt_tui.doctor.diagnosis import diagnose
from msopt_tui.doctor.health import versions
from msopt_tui.doctor.sieve import Sieve
from msopt_tui.protocol import events as ev
from msopt_tui.runs.alive import is_alive
from msopt_tui.runs.directory import PRIVATE_FILE, RunDirectory, safe_name
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.journal import JournalReader
from msopt_tui.runs.record import RunRecord, read_meta, read_record
from msopt_tui.runs.row import row_of
from msopt_tui.runs.scan import read_run

LAST_EVENTS = 400
WITH_ROWS = (ev.Sampled, ev.DataInspected, ev.Answered, ev.AnswerGrew)
"""Events that are made of rows: left out whole."""
_FOLDER = "msopt-tui-doctor"
_FILES = ("config.toml", "meta.json", "state.json", "events.jsonl", "output.log", "best", "latest", "pinned", "lock")
_CHECKPOINT = re.compile(r"checkpoint-\d{1,12}")


class Bundled(NamedTuple):
    """What was written, and what is told beside it."""

    path: Path
    left_out: int
    """Texts, lines and events that are not in it."""
    diagnosis: list[str]


def bundle_run(run: Path, folder: Path, *, with_log: bool = False) -> Bundled:
    """Write `msopt-tui-doctor-<run>.tar.gz` to a folder, for this user only.

    Whatever of the run can't be read is named in it and stops nothing. With `with_log` the end of `output.log` goes in
    as it is. Raises OSError where the bundle can't be written.
    """
    sieve, unread = Sieve(), dict[str, str]()
    directory = RunDirectory(run)
    record, status = _standing(run)
    members = {
        "config.toml": _config(directory, sieve, unread),
        "meta.json": _meta(directory, sieve, unread),
        "state.json": _json(sieve.struct(record, "state")),
        "versions.json": _json(sieve.versions(versions(), "versions")),
        "files.json": _json(_files(run)),
        "journal.jsonl": _journal(directory, sieve, unread),
        **_log(directory, sieve, unread, with_log),
        "diagnosis.txt": "\n".join([*diagnose(record, status, None), ""]).encode(),
    }
    if read_record(directory.state) is None:
        unread["state.json"] = "missing or damaged: made from the journal, if from anything"
    members["left-out.json"] = _json({"left_out": dict(sorted(sieve.left_out.items())), "unread": unread})
    path = _write(folder, f"{_FOLDER}-{safe_name(run.name, 'run')}", members)
    return Bundled(path, sum(sieve.left_out.values()), diagnose(record, status, run))


def _standing(run: Path) -> tuple[RunRecord, str]:
    record = read_run(run)
    row = row_of(str(run), record)
    return record, record.status if row.over or is_alive(row, row.directory.lock) else "died"


def _config(directory: RunDirectory, sieve: Sieve, unread: dict[str, str]) -> bytes:
    try:
        values = tomllib.loads(directory.config.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        unread["config.toml"] = type(error).__name__
        return b""
    return tomli_w.dumps(sieve.config(values)).encode()


def _meta(directory: RunDirectory, sieve: Sieve, unread: dict[str, str]) -> bytes:
    meta = read_meta(directory.meta)
    if meta is None:
        unread["meta.json"] = "missing, damaged or of a newer version"
        return b""
    return _json(sieve.struct(meta, "meta"))


def _journal(directory: RunDirectory, sieve: Sieve, unread: dict[str, str]) -> bytes:
    last: deque[ev.Event] = deque(maxlen=LAST_EVENTS)
    counts: Counter[str] = Counter()
    reader, more = JournalReader(directory.events), True
    while more:
        for event in reader.read(seconds=1.0):
            counts[type(event).__name__] += 1
            if not isinstance(event, WITH_ROWS):
                last.append(event)
        more = reader.behind
    for kind in WITH_ROWS:
        if counts[kind.__name__]:
            sieve.left_out[f"journal.{kind.__name__}"] = counts[kind.__name__]
    if reader.error or not directory.events.is_file():
        unread["events.jsonl"] = "missing, or it can't be read"
    if reader.skipped:
        unread["events.jsonl: lines that are no event"] = str(reader.skipped)
    lines: list[dict[str, object]] = [{"events_in_the_journal": dict(counts)}]
    for event in last:
        name = type(event).__name__
        lines.append({"type": name, **sieve.struct(event, f"journal.{name}")})
    return b"".join(encode_json(line) + b"\n" for line in lines)


def _log(directory: RunDirectory, sieve: Sieve, unread: dict[str, str], with_log: bool) -> dict[str, bytes]:
    try:
        text = trace.tail(directory.output_log)
    except OSError as error:
        unread["output.log"] = type(error).__name__
        return {}
    if with_log:
        return {"output.log": text.encode()}
    kept, dropped = trace.frames(text)
    if dropped:
        sieve.left_out["output.log (lines; --with-log takes them in)"] = dropped
    return {"traceback.txt": "\n".join([*kept, ""]).encode()}


def _files(run: Path) -> dict[str, int]:
    """Sizes (bytes) of the files whose names are ours; a checkpoint by the sum of its files."""
    sizes: dict[str, int] = {}
    for name in _FILES:
        with contextlib.suppress(OSError):  # not there
            sizes[name] = (run / name).stat().st_size
    with contextlib.suppress(OSError):  # no such folder, or one we can't enter: then there is nothing to list
        for folder in sorted((run / "checkpoints").iterdir()):
            if _CHECKPOINT.fullmatch(folder.name) and folder.is_dir():
                sizes[folder.name] = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return sizes


def _json(value: object) -> bytes:
    return msgspec.json.format(encode_json(value), indent=2) + b"\n"


def _write(folder: Path, stem: str, members: dict[str, bytes]) -> Path:
    packed = io.BytesIO()
    # Not tarfile's own gzip: it would write the file's name into the header.
    with gzip.GzipFile("", "wb", fileobj=packed) as zipped, tarfile.open(mode="w", fileobj=zipped) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(f"{_FOLDER}/{name}")
            entry.size, entry.mode, entry.mtime = len(data), PRIVATE_FILE, int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    number = 1
    while True:
        path = folder / (f"{stem}.tar.gz" if number == 1 else f"{stem}-{number}.tar.gz")
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        except FileExistsError:
            number += 1
            continue
        try:
            with os.fdopen(fd, "wb") as file:
                os.fchmod(fd, PRIVATE_FILE)
                file.write(packed.getvalue())
        except OSError:
            path.unlink()
            raise
        return path
