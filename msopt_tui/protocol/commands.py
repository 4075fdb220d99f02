"""Commands: what a person or a script asks of a running engine, imperative. A closed set."""

from __future__ import annotations

import uuid

import msgspec

from msopt_tui.config.fields import Scalar


def new_id() -> str:
    """A fresh command id."""
    return uuid.uuid4().hex[:12]


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True, omit_defaults=True):
    """Common form of every command."""

    id: str = msgspec.field(default_factory=new_id)
    who: str = "person"
    """Shown in the journal."""

    @property
    def name(self) -> str:
        """The command's word in the journal."""
        return type(self).__name__.lower()

    @property
    def detail(self) -> str:
        """Its arguments in words."""
        return ""


class Pause(Base, frozen=True, kw_only=True):
    """Wait at the next step boundary, or at that of a later step, with the model in memory."""

    at_step: int | None = None
    """Go on until so many optimiser steps are done; `None` waits at once."""

    @property
    def detail(self) -> str:
        """Where it waits."""
        return "" if self.at_step is None else f"at step {self.at_step}"


class Step(Base, frozen=True, kw_only=True):
    """Take so many optimiser steps and pause again; goes on from a pause."""

    steps: int = 1

    @property
    def detail(self) -> str:
        """How many."""
        return "" if self.steps == 1 else f"{self.steps} steps"


class Until(Base, frozen=True, kw_only=True):
    """Go on, from a pause too, and pause when so many optimiser steps are done."""

    step: int

    @property
    def detail(self) -> str:
        """How far."""
        return f"step {self.step}"


class Continue(Base, frozen=True, kw_only=True):
    """Go on after a pause."""


class Evaluate(Base, frozen=True, kw_only=True):
    """Evaluate the current weights on the validation split now; pressed again meanwhile, it is the same evaluation.

    With a file or a prompt the answer is an event of its own, and no part of the run's curves.
    """

    file: str = ""
    """Absolute path of a file to measure instead: UTF-8 text for tasks that learn from running text, else rows of the
    task as JSON lines, CSV, Parquet or Arrow."""
    prompt: str = ""
    """A text to answer instead."""

    @property
    def name(self) -> str:
        """`ask` for a prompt; an evaluation otherwise, of a file too."""
        return "ask" if self.prompt else "evaluate"

    @property
    def detail(self) -> str:
        """What is evaluated, where that is not the validation split."""
        return self.file or self.prompt


class CancelAnswer(Base, frozen=True, kw_only=True):
    """Have the answer to a prompt end where it is, or not begin."""

    answer: str
    """Id of the command that asked for it."""

    @property
    def name(self) -> str:
        """In two words."""
        return "cancel answer"


class Save(Base, frozen=True, kw_only=True):
    """Write a checkpoint now."""


class Pin(Base, frozen=True, kw_only=True):
    """Keep a checkpoint whatever `save_total_limit` says, or no longer."""

    step: int | None = None
    """`None`: the latest."""
    keep: bool = True

    @property
    def name(self) -> str:
        """`pin` or `unpin`."""
        return "pin" if self.keep else "unpin"

    @property
    def detail(self) -> str:
        """Which one."""
        return "" if self.step is None else f"checkpoint {self.step}"


class RollBack(Base, frozen=True, kw_only=True):
    """Put the weights of a checkpoint of this run in force again; steps and data go on."""

    step: int

    @property
    def detail(self) -> str:
        """Where to."""
        return f"to checkpoint {self.step}"


class Refine(Base, frozen=True, kw_only=True):
    """End the round here and refine."""


class Adjust(Base, frozen=True, kw_only=True):
    """Change settings from the next step on; one wrong value refuses them all."""

    changes: dict[str, Scalar]
    why: str = ""

    @property
    def detail(self) -> str:
        """`train.learning_rate = 0.0003`."""
        return ", ".join(f"{key} = {value}" for key, value in self.changes.items())


class Undo(Base, frozen=True, kw_only=True):
    """Take the last adjustment back."""


class Decide(Base, frozen=True, kw_only=True):
    """Answer the proposal on the table."""

    proposal: str
    accept: bool
    """Otherwise the next round keeps the settings, or there is none."""
    finish: bool = False
    """No further round: the best checkpoint is tested and exported."""
    changes: dict[str, Scalar] | None = None
    """The changes as edited; `None` takes them as proposed."""

    @property
    def detail(self) -> str:
        """What was decided."""
        return f"{'accept' if self.accept else 'finish after' if self.finish else 'reject'} {self.proposal}"


class Stop(Base, frozen=True, kw_only=True):
    """End the run: with a checkpoint to resume from, or without one."""

    save: bool = True
    cancel: bool = False
    """The run is not meant to be taken up again."""
    exit_code: int = 0
    """Of the engine: 128 + n after signal n, so that whoever waits for it knows."""

    @property
    def detail(self) -> str:
        """What happens to the work."""
        return "cancel" if self.cancel else ("save" if self.save else "no checkpoint")


Command = (
    Pause
    | Step
    | Until
    | Continue
    | Evaluate
    | CancelAnswer
    | Save
    | Pin
    | RollBack
    | Refine
    | Adjust
    | Undo
    | Decide
    | Stop
)
