from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.projects import Session

# On a busy machine an example may take long; that is no fault of what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# Before anything imports torch: two test processes on two cores, one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"


OPEN_FILES = Path("/proc/self/fd")
MANY_FILES = 300
"""A thousand and twenty-four are what many systems let a process open."""


@pytest.fixture(autouse=True)
def _few_files() -> Iterator[None]:
    """Runs within this process leave their mapped data to the collector, which has its own time."""
    yield
    if OPEN_FILES.is_dir() and sum(1 for _ in OPEN_FILES.iterdir()) > MANY_FILES:
        gc.collect()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared data, made once for all tests of a process."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def session(tmp_path: Path, cache: Path) -> Session:
    """A folder with the tiny project."""
    return Session(tmp_path / "work", cache)
