"""What can be wrong with a project file, said in one line a problem."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one key of a project file or of the command line."""

    where: str
    """The file's name, or `command line`."""
    key: str
    """The dotted key, empty when the file as a whole is meant."""
    message: str
    """What is wrong and what would be right."""
    line: int = 0
    """Line number from 1; 0 where it is not known."""

    def __str__(self) -> str:
        """`file:line: key: message`."""
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(ValueError):
    """A project file that can't be used: every problem in it at once, a line each."""

    def __init__(self, problems: list[Problem]) -> None:
        assert problems, "an error without a problem tells nobody anything"
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
