"""Scripted runs of other tasks than language modelling: what their data, samples and evaluations look like."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from msopt_tui.protocol import events as ev
from tests.ui.scripted import SETTINGS, Script

LABELS = ["asyncio", "collections", "email", "unittest"]
SENTENCES = (
    (
        "In the beginning God created the heaven and the earth.",
        "In the beginning, God created the heavens and the earth.",
    ),
    ("And the earth was without form, and void.", "The earth was formless and empty."),
    ("And God said, Let there be light: and there was light.", "God said, “Let there be light,” and there was light."),
)


class Classifying(Script):
    """Which package a docstring comes from."""

    task = "text-classification"

    def opening(self, steps: int) -> Iterator[ev.Event]:
        """As for language modelling, with rows instead of running text."""
        for event in super().opening(steps):
            if isinstance(event, ev.RunStarted):
                settings = SETTINGS | {"task.name": self.task, "train.max_steps": steps, "data.packing": False}
                yield ev.RunStarted(
                    time=self.now, run=f"20260101-100000-{self.task}", project=self.task, settings=settings
                )
            elif isinstance(event, ev.DataPrepared):
                yield self.prepared()
                yield self.inspected()
            else:
                yield event

    def prepared(self) -> ev.DataPrepared:
        return ev.DataPrepared(
            time=self.now,
            cached=False,
            key="77ac",
            sha256="1b" * 32,
            documents={"train": 4_120, "validation": 230, "test": 228},
            tokens={"train": 214_880, "validation": 11_960, "test": 12_011},
            bytes={"train": 902_114, "validation": 50_030, "test": 50_922},
            removed={
                "repeated records": 61,
                "nearly repeated records": 12,
                "training records that stand in validation or test": 9,
                "rows without a label": 3,
            },
            examples={"train": 4_120, "validation": 230, "test": 228},
            supervised={"train": 4_120, "validation": 230, "test": 228},
            vocab_size=2_048,
            seconds=2.4,
        )

    def inspected(self) -> ev.DataInspected:
        return ev.DataInspected(
            time=self.now,
            shapes={"python/package-docstrings": "classification: docstring → text; package → label (4 classes)"},
            rows=[
                self.row("asyncio/queues.py#4", "Return True if the queue is empty, False otherwise.", "asyncio"),
                self.row(
                    "email/header.py#2", "Create a MIME-compliant header.\n\nOptional arguments are", "email", cut=True
                ),
            ],
            examples=4_120,
            lengths=ev.Histogram(
                edges=list(range(0, 140, 10)), counts=[12, 310, 702, 811, 640, 420, 301, 220, 160, 120, 80, 61, 283]
            ),
            truncated=247,
            length_for_99=448,
            unended=0,
            supervised=4_120,
            padding=0.46,
            changed={"records put into NFC": 2, "line breaks unified": 14},
            removed_examples={
                "repeated records": ["Return the docstring. → asyncio", "Initialize self. → email"],
                "rows without a label": ["python/package-docstrings#81"],
                "training records that stand in validation or test": ["Close the transport. → asyncio"],
            },
        )

    def row(self, origin: str, text: str, label: str, *, cut: bool = False) -> ev.PreviewRow:
        pieces = [ev.Piece(f"[CLS]{text}[SEP]", False), ev.Piece(label, True)]
        return ev.PreviewRow(origin=origin, pieces=pieces, tokens=128 if cut else 14, supervised=1, truncated=cut)

    def evaluation(self, number: int) -> Iterator[ev.Event]:
        """With a confusion matrix and samples that are right or wrong."""
        right = 20 + min(self.step // 20, 34)
        counts = [[right if true == taken else (60 - right) // (3 + taken) for taken in range(4)] for true in range(4)]
        correct, total = sum(counts[at][at] for at in range(4)), sum(map(sum, counts))
        for event in super().evaluation(number):
            if isinstance(event, ev.Evaluated):
                yield ev.Evaluated(
                    time=event.time, step=event.step, round=event.round, split="validation", reason="cadence",
                    metrics={"loss": event.metrics["loss"], "accuracy": 100 * correct / total},
                    seconds=1.1, best=event.best, confusion=ev.Confusion(labels=LABELS, counts=counts),
                )  # fmt: skip
            elif isinstance(event, ev.Sampled):
                yield ev.Sampled(time=event.time, step=event.step, samples=self.samples())
            else:
                yield event

    def samples(self) -> list[ev.Sample]:
        sure = min(0.4 + self.step / 2_000, 0.99)
        return [
            ev.Sample(
                prompt="Return True if the queue is empty, False otherwise.", text="asyncio", reference="asyncio",
                note=f"confidence {sure:.2f}", correct=True,
            ),
            ev.Sample(
                prompt="Create a MIME-compliant header that can contain many character sets.",
                text="email" if self.step >= 300 else "collections", reference="email",
                note=f"confidence {sure - 0.1:.2f}", correct=self.step >= 300,
            ),
        ]  # fmt: skip


class Translating(Classifying):
    """The English of 1611 into today's."""

    task = "translation"

    def inspected(self) -> ev.DataInspected:
        rows = [
            ev.PreviewRow(
                origin=f"bible-verses#{number}",
                pieces=[ev.Piece(f"modernise: {old}</s>", False), ev.Piece(f"{new}</s>", True)],
                tokens=30 + number,
                supervised=14 + number,
            )
            for number, (old, new) in enumerate(SENTENCES, 1)
        ]
        return ev.DataInspected(
            time=self.now,
            shapes={"bible-verses": "pair: kjv → source; web → target"},
            rows=rows,
            examples=4_120,
            lengths=ev.Histogram(edges=list(range(0, 100, 20)), counts=[900, 2_000, 1_000, 220]),
            truncated=0,
            unended=0,
            supervised=61_800,
            padding=0.12,
        )

    def evaluation(self, number: int) -> Iterator[ev.Event]:
        """With BLEU and chrF, which have signatures."""
        for event in super().evaluation(number):
            if isinstance(event, ev.Evaluated):
                yield ev.Evaluated(
                    time=event.time, step=event.step, round=event.round, split="validation", reason="cadence",
                    metrics={"loss": event.metrics["loss"], "bleu": 4 + self.step / 40, "chrf": 20 + self.step / 30},
                    seconds=1.1, best=event.best,
                    signatures={"bleu": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.5.1"},
                )  # fmt: skip
            else:
                yield event

    def samples(self) -> list[ev.Sample]:
        written = (
            "In the beginning, God made the heaven and the earth.",
            "The earth was without form and empty.",
            SENTENCES[2][1] if self.step >= 300 else "God said, and there was light.",
        )
        return [
            ev.Sample(prompt=old, text=text, reference=new, note=f"chrF {52 + 9 * at}", correct=None)
            for at, ((old, new), text) in enumerate(zip(SENTENCES, written, strict=True))
        ]


class Mixing(Script):
    """Running text from three sources, with the loss of each."""

    def evaluation(self, number: int) -> Iterator[ev.Event]:
        """The second one falls, the third one has turned."""
        for event in super().evaluation(number):
            if isinstance(event, ev.Evaluated):
                loss = event.metrics["loss"]
                assert loss is not None, "a story without accidents"
                losses = {"python-docstrings": loss, "books of the last century.txt": loss + 0.4, "wörter.txt": None}
                yield msgspec.structs.replace(event, source_losses=losses)
            else:
                yield event


STORIES: dict[str, type[Script]] = {
    "language": Script,
    "classification": Classifying,
    "translation": Translating,
    "mixture": Mixing,
}


def story_of(kind: str, steps: int = 500) -> list[ev.Event]:
    """The events of a run of that kind that is under way, so many of its steps done."""
    events: list[ev.Event] = []
    for event in STORIES[kind](seed=7).events():
        if isinstance(event, ev.StepsDone) and event.first > steps:
            break
        events.append(event)
    return events


QUESTION = ev.Sample(
    prompt="Who wrote it?",
    context="The Zen of Python was written by Tim Peters in 1999 and is shown by `import this`.",
    text="Peters",
    reference="Tim Peters",
    note="F1 67",
    correct=False,
)
