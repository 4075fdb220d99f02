import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from msopt_tui.data import cache
from msopt_tui.data.meta import Meta

KEY = "0123456789abcdef"


def builder(content: bytes = b"tokens", key: str = KEY) -> Callable[[Path], Meta]:
    """Fills a directory with one file in a folder."""

    def build(directory: Path) -> Meta:
        path = directory / "inner" / "file.bin"
        path.parent.mkdir()
        path.write_bytes(content)
        files = {"inner/file.bin": cache.describe_file(path)}
        return Meta(key, "sha", 0, 300, "<u2", 0, {}, {}, {}, {}, files)

    return build


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "prepared" / KEY


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.parent.iterdir())


def test_what_was_published_is_found(directory: Path) -> None:
    assert cache.lookup(directory, KEY) is None
    meta = cache.publish(directory, KEY, builder())
    assert cache.lookup(directory, KEY) == meta
    assert names(directory) == [KEY]


def test_what_we_write_is_private_whatever_the_umask(directory: Path) -> None:
    before = os.umask(0)
    try:
        cache.publish(directory, KEY, builder())
    finally:
        os.umask(before)
    for folder in (directory, directory.parent, directory.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("name", "harm", "message"),
    [
        ("inner/file.bin", cut, "file.bin has 5 bytes instead of 6"),
        ("inner/file.bin", flip, "file.bin has changed"),
        ("inner/file.bin", Path.unlink, "No such file"),
        ("meta.json", cut, "truncated"),
        ("meta.json", Path.unlink, "No such file"),
        ("meta.json", lambda path: path.write_text("{}"), "missing required field"),
    ],
)
def test_damage_is_found_and_replaced(directory: Path, name: str, harm: Callable[[Path], object], message: str) -> None:
    cache.publish(directory, KEY, builder())
    harm(directory / name)
    with pytest.raises(cache.Damaged, match=message):
        cache.lookup(directory, KEY)
    meta = cache.publish(directory, KEY, builder())
    assert cache.lookup(directory, KEY) == meta
    assert names(directory) == [KEY]


def test_a_directory_of_other_data_is_not_taken(directory: Path) -> None:
    cache.publish(directory, KEY, builder(key="other"))
    with pytest.raises(cache.Damaged, match="belongs to other data"):
        cache.lookup(directory, KEY)


def test_of_two_at_once_the_first_stays(directory: Path) -> None:
    def slow(work: Path) -> Meta:
        cache.publish(directory, KEY, builder(b"first"))
        return builder(b"second")(work)

    meta = cache.publish(directory, KEY, slow)
    assert (directory / "inner" / "file.bin").read_bytes() == b"first"
    assert cache.lookup(directory, KEY) == meta
    assert names(directory) == [KEY]


def test_nothing_stays_of_a_build_that_ends_early(directory: Path) -> None:
    def failing(work: Path) -> Meta:
        (work / "half").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.publish(directory, KEY, failing)
    assert names(directory) == []


def test_what_a_killed_process_left_goes_after_a_day(directory: Path) -> None:
    old, young = (directory.parent / f"{cache.UNFINISHED}{age}" for age in ("old", "young"))
    for path in (old, young):
        path.mkdir(parents=True)
    os.utime(old, (0, 0))
    cache.publish(directory, KEY, builder())
    assert names(directory) == [young.name, KEY]


def test_a_place_that_can_not_be_written_is_an_os_error(directory: Path) -> None:
    directory.parent.parent.mkdir(parents=True)
    directory.parent.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="prepared"):
        cache.publish(directory, KEY, builder())


def test_large_files_are_checked_by_size_only(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "HASH_LIMIT", 5)
    cache.publish(directory, KEY, builder())
    flip(directory / "inner" / "file.bin")
    assert cache.lookup(directory, KEY) is not None
    cut(directory / "inner" / "file.bin")
    with pytest.raises(cache.Damaged):
        cache.lookup(directory, KEY)
