"""FAULTS 28: an hour of a busy run, told in two minutes, leaves engine and cockpit small and quick."""

from pathlib import Path

import pytest

from benchmarks import soak

HOUR = soak.Amounts(steps=330_000, lines=100_000, seconds=120.0)
SAMPLE = soak.Amounts(steps=20_000, lines=6_000, seconds=5.0)


@pytest.mark.soak
def test_an_hour_of_points_and_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = soak.measure(HOUR, 60.0, tmp_path)
    print("\n".join(soak.report(found, HOUR)))
    assert found.points > 990_000
    assert soak.missed(found) == []


def test_a_few_minutes_of_it_keep_files_and_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = soak.measure(SAMPLE, 2.0, tmp_path)
    assert found.told > 3, "the processes were looked at"
    # How quick it is belongs to a quiet machine; what is kept does not depend on one.
    assert [text for text in soak.missed(found) if not text.startswith(("redraw", "cpu"))] == []
