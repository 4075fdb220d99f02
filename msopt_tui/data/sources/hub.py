"""A data set of the Hugging Face hub, or a local directory that `datasets` understands. Runs no code of the set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources.rows import BrokenRow, document_of, origin_of, refuse_missing
from msopt_tui.data.tally import Tally

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

COMMIT = re.compile(r"[0-9a-f]{40}")
SAVED_WHOLE, SAVED_SPLITS = "state.json", "dataset_dict.json"
"""What `save_to_disk` leaves in the directory of one data set, and of one with splits."""


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a row. Raises DataError, also where the hub can't be reached."""
    from datasets.exceptions import DatasetsError

    origin = "/".join(filter(None, ("datasets", source.path, source.name, source.split)))
    origin = origin_of(origin, source)
    try:
        rows = _load(source, base_dir)
        columns = rows.column_names
        if columns is not None:
            refuse_missing(source.text_column, columns, origin)
            rows = rows.select_columns([source.text_column])
        yield from _documents(rows, source.text_column, origin, tally)
    except DataError:
        raise
    except BrokenRow as why:
        raise DataError(f'{origin}: column "{source.text_column}" has {why}: set data.sources.text_column') from why
    except (DatasetsError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise DataError(
            f"{origin}: can't be loaded ({_first_line(error)}): check path, name and split; a set of the hub needs "
            "the network once, or a copy that was downloaded before; a local one is a directory"
        ) from error


def _documents(rows: Iterable[Mapping[str, object]], column: str, origin: str, tally: Tally) -> Iterator[Document]:
    for number, row in enumerate(rows, 1):
        if number == 1:
            refuse_missing(column, row, origin)
        document = document_of(row[column], origin, number, tally)
        if document:
            yield document


def _load(source: Source, base_dir: Path) -> Dataset | IterableDataset:
    """Never passes `trust_remote_code`: a set that needs it is refused by `datasets`."""
    from datasets import DownloadConfig, disable_progress_bars, load_dataset, load_from_disk

    disable_progress_bars()
    local = directory_of(source, base_dir)
    if local and (local / SAVED_WHOLE).is_file():
        return load_from_disk(str(local))
    if local and (local / SAVED_SPLITS).is_file():
        splits = load_from_disk(str(local))
        if source.split not in splits:
            raise DataError(f'{local}: has no split "{source.split}": set data.sources.split to one of: {[*splits]}')
        return splits[source.split]
    return load_dataset(
        str(local) if local else source.path,
        source.name or None,
        split=source.split,
        revision=source.revision or None,
        streaming=source.streaming,
        download_config=None if source.streaming else DownloadConfig(max_retries=1, disable_tqdm=True),
    )


def directory_of(source: Source, base_dir: Path) -> Path | None:
    """The local directory that `path` names, if there is one; else it is a name on the hub."""
    local = base_dir / Path(source.path).expanduser()
    return local if local.is_dir() else None


def _first_line(error: BaseException) -> str:
    """What went wrong first: `datasets` wraps the cause in a message that says nothing."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0][:300]


def files(source: Source, base_dir: Path) -> list[Path] | None:
    """The files of a local directory; none for a commit of the hub, which can't change; else `None`."""
    local = directory_of(source, base_dir)
    if local:
        return sorted(path for path in local.rglob("*") if path.is_file())
    return [] if COMMIT.fullmatch(source.revision) else None
