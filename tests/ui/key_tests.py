"""Which test presses the keys of which action, so that one without a test is a failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Callable[..., Awaitable[None]])


class KeyTests(Generic[T]):
    """The tests of one part of the table of keys; called with an action's id it marks the test of that action."""

    def __init__(self, prefix: str = "") -> None:
        """`prefix` is what the ids of the part begin with; the marks leave it out."""
        self._prefix = prefix
        self._tests: dict[str, T] = {}

    def __call__(self, action_id: str) -> Callable[[T], T]:
        """Marks what is expected of a key; the test runs once for each key of the action."""

        def register(test: T) -> T:
            self._tests[f"{self._prefix}{action_id}"] = test
            return test

        return register

    def __getitem__(self, action_id: str) -> T:
        assert action_id in self._tests, f"no test presses the keys of {action_id}"
        return self._tests[action_id]

    @property
    def ids(self) -> set[str]:
        """Of the actions that have a test."""
        return set(self._tests)
