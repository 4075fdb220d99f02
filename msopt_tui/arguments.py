"""The words of a command line, sorted into words, overrides, flags and values."""

from __future__ import annotations


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


class Options:
    """Parsed command line. Parsed by hand: forty lines here start in a millisecond, argparse in fifteen."""

    FLAGS = ("--headless", "--json", "--in-process", "--readonly", "--no-color", "--tree", "--yes", "--with-log")
    VALUES = ("--resume", "--fps", "--runs-dir", "--why", "--at", "--name", "--task", "--data", "--model", "--steps")

    def __init__(self, arguments: list[str]) -> None:
        self.words: list[str] = []
        """What is neither a flag nor an override."""
        self.overrides: list[str] = []
        self._flags: set[str] = set()
        self._values: dict[str, str] = {}
        rest = iter(arguments)
        for word in rest:
            name, sign, value = word.partition("=")
            if name in self.VALUES:
                self._values[name] = value if sign else next(rest, "")
                if not self._values[name]:
                    raise UsageError(f"{name} needs a value")
            elif word in self.FLAGS:
                self._flags.add(word)
            elif word.startswith("-") and word != "-":
                raise UsageError(f"unknown option {word}")
            elif sign and "." in name and "/" not in name:
                self.overrides.append(word)
            else:
                self.words.append(word)

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return name in self._flags

    def value(self, name: str, default: str = "") -> str:
        """The value of an option."""
        return self._values.get(name, default)

    def given(self, *names: str) -> dict[str, str]:
        """Those of these options that were given a value."""
        return {name: self._values[name] for name in names if name in self._values}

    @property
    def fps(self) -> int | None:
        """Redraws a second; raises UsageError for what is no number from 1 to 30."""
        text = self.value("--fps")
        if not text:
            return None
        if not text.isdigit() or not 1 <= int(text) <= 30:
            raise UsageError(f"--fps takes a number from 1 to 30, not {text}")
        return int(text)
