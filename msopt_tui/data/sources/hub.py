"""A data set of the Hugging Face hub, or a local directory that `datasets` understands. Runs no code of the set."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.config.schema import Source
from msopt_tui.data import fetch as hub_files
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources.rows import BrokenRow, origin_of, refuse_missing, row_of, text_in, top_of
from msopt_tui.data.sources.values import name_classes, text_columns, with_classes
from msopt_tui.data.tally import Tally
from msopt_tui.data.watch import Account, Watcher, beside

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder, IterableDataset

_ON_HUB = re.compile(r"hf://datasets/(?P<repo>[^@]+)@(?P<commit>[0-9a-f]{40})/(?P<path>.+)")
COMMIT = re.compile(r"[0-9a-f]{40}")
SAVED_WHOLE, SAVED_SPLITS = "state.json", "dataset_dict.json"
"""What `save_to_disk` leaves in the directory of one data set, and of one with splits."""


def rows(source: Source, base_dir: Path, tally: Tally) -> Iterator[Row]:
    """Every row with all its columns, classes by their names. Raises DataError, also where the hub can't be reached."""
    return _rows(source, base_dir, tally, "")


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a row, its text in `text_column`; no other column is read. Raises DataError like `rows`."""
    column = source.text_column
    for row in _rows(source, base_dir, tally, column):
        try:
            text = text_in(row.values, column)
        except BrokenRow as why:
            raise DataError(f'{row.origin}: column "{column}" has {why}: set data.sources.text_column') from why
        if text:
            yield Document(text, row.origin, row.part)
        else:
            tally.remove("rows without text", row.label)


def _rows(source: Source, base_dir: Path, tally: Tally, column: str) -> Iterator[Row]:
    """Whole rows, or only what is in one column."""
    from datasets.exceptions import DatasetsError

    origin = origin_of(_origin(source), source, column)
    try:
        table = _load(source, base_dir).with_format(None)
        features = table.features.to_dict() if table.features else {}
        if table.column_names is not None:
            table = table.select_columns(_wanted(table.column_names, features, column, origin, tally))
        classes = with_classes(features)
        for number, values in enumerate(table, 1):
            if number == 1 and column:
                refuse_missing(column, values, origin)
            named = {
                name: name_classes(value, classes[name]) if name in classes else value for name, value in values.items()
            }
            yield row_of(named, origin, number, tally)
    except DataError:
        raise
    except BrokenRow as why:
        raise DataError(f"{origin}: a row is {why}: this is no table of text") from why
    except (DatasetsError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise _refused(origin, error) from error


def _origin(source: Source) -> str:
    return "/".join(filter(None, ("datasets", source.path, source.name, source.split)))


def _refused(origin: str, error: BaseException) -> DataError:
    return DataError(
        f"{origin}: can't be loaded ({_first_line(error)}): check path, name and split; a set of the hub needs "
        "the network once, or a copy that was downloaded before; a local one is a directory"
    )


def _wanted(
    columns: Sequence[str], features: Mapping[str, object], column: str, origin: str, tally: Tally
) -> list[str]:
    """The columns to read: the one that a text is in, or all but pictures and sound, which are not even decoded."""
    if column:
        refuse_missing(column, columns, origin)
        return [top_of(column, columns)]
    return text_columns(columns, features, origin, tally)


def fetch(source: Source, base_dir: Path, watcher: Watcher) -> None:
    """Download what is missing of a set and make its table, so that reading it finds both in the cache.

    Raises DataError with the way out. A set that is streamed comes while it is read.
    """
    local = directory_of(source, base_dir)
    if source.streaming or (local and any((local / name).is_file() for name in (SAVED_WHOLE, SAVED_SPLITS))):
        return
    try:
        builder = beside(f"looking {source.path} up", lambda _: _builder(source, base_dir), watcher)
        if Path(builder.cache_dir).is_dir():
            return
        for (repo, commit), paths in _files_of(builder).items():
            patterns = [glob.escape(path) for path in paths]
            hub_files.snapshot(repo, watcher, kind="dataset", revision=commit, patterns=patterns)
        what = f"reading {source.path} into a table"
        beside(what, lambda account: _make_table(account, builder, what), watcher)
    except Exception as error:  # the errors of the libraries have no common base, and each means that there is no set
        raise _refused(_origin(source), error) from error


def _builder(source: Source, base_dir: Path) -> DatasetBuilder:
    from datasets import disable_progress_bars, load_dataset_builder
    from datasets import logging as datasets_logging

    disable_progress_bars()
    datasets_logging.set_verbosity_error()
    return load_dataset_builder(
        str(directory_of(source, base_dir) or source.path), source.name or None, revision=source.revision or None
    )


def _files_of(builder: DatasetBuilder) -> dict[tuple[str, str], list[str]]:
    """The files that a set is made of on the hub, by repository and commit."""
    found: dict[tuple[str, str], list[str]] = {}
    for url in chain.from_iterable((builder.config.data_files or {}).values()):
        on_hub = _ON_HUB.fullmatch(str(url))
        if on_hub:
            found.setdefault((on_hub["repo"], on_hub["commit"]), []).append(on_hub["path"])
    return found


def _make_table(account: Account, builder: DatasetBuilder, what: str) -> None:
    """Have `datasets` write its own form of the files, and tell of the rows that are in it."""
    from datasets import DownloadConfig
    from datasets import builder as module

    bar = hub_files.bar_class(lambda bar: account.show(what, int(bar.n), bar.total or 0, "rows"))
    # It takes no class for its bars, and makes all of them of this name.
    before, module.hf_tqdm = module.hf_tqdm, bar
    try:
        builder.download_and_prepare(download_config=DownloadConfig(max_retries=1, disable_tqdm=True))
    finally:
        module.hf_tqdm = before


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
