"""What the columns of a source are called and hold, recognised once for a source and shown before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msopt_tui.data.errors import DataError
from msopt_tui.data.records import chats, questions, texts
from msopt_tui.data.records.shape import Shape as Shape
from msopt_tui.data.records.shape import Table
from msopt_tui.data.row import Row
from msopt_tui.data.tally import excerpt

RECOGNISE: dict[str, Callable[[Table], Shape | None]] = {
    "instruction": chats.chat,
    "summarization": texts.summary,
    "translation": texts.translation,
    "question-answering": questions.question,
    "text-classification": texts.labelled,
    "preference": chats.preference,
}
"""By `task.name`."""
NEEDED: dict[str, tuple[str, dict[str, str]]] = {
    "instruction": (
        "messages, or a prompt and a completion (and maybe an input and a system)",
        {"prompt": "instruction", "completion": "response"},
    ),
    "summarization": ("a source and a target", {"source": "article", "target": "summary"}),
    "translation": ("a source and a target", {"source": "translation.de", "target": "translation.en"}),
    "question-answering": (
        "a context, a question and answers (and maybe starts)",
        {"context": "passage", "question": "question", "answers": "answers.text"},
    ),
    "text-classification": ("a text (and maybe a text_pair) and a label", {"text": "review", "label": "stars"}),
    "preference": (
        "a prompt, a chosen and a rejected answer, or two chats, chosen and rejected",
        {"prompt": "question", "chosen": "better", "rejected": "worse"},
    ),
}
"""What a task needs, and columns that could be named for it."""


def recognise(task: str, columns: Mapping[str, str], first_rows: Sequence[Row], where: str) -> Shape:
    """The shape of a source's rows, from the columns that were named and the first rows.

    Named columns win; the rest is taken by its usual name. `where` names the source in messages. Raises DataError with
    the columns that there are and what to write.
    """
    if not first_rows:
        raise DataError(f"{where}: has no rows")
    table = Table(columns, first_rows)
    for column in table.missing():
        raise DataError(
            f'{where}: has no column "{excerpt(column)}", which data.sources.columns names; '
            f"there are: {table.described()}"
        )
    try:
        shape = RECOGNISE[task](table)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    if shape is None:
        needed, example = NEEDED[task]
        written = ", ".join(f'{field} = "{column}"' for field, column in example.items())
        raise DataError(
            f"{where}: is not recognised as rows for {task}, which needs {needed}; its columns are: "
            f"{table.described()}; say which is which, such as columns = {{ {written} }}"
        )
    return shape
