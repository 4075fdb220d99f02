"""`ChatTemplate`: the Jinja template that comes with a model writes its chats, shut in a sandbox.

The names that a template finds are those of Hugging Face's `apply_chat_template`. The date it is told is always the
same, so that the same chat gives the same tokens tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from msopt_tui.data.errors import DataError
from msopt_tui.data.records.record import Message
from msopt_tui.data.tally import excerpt

_GLOBALS = ("range", "dict", "namespace")
"""What of Jinja's own globals a template may use."""
_TODAY = date(2024, 7, 26)
"""The date that the templates of Llama 3 take where they are told none."""


class Refused(DataError):
    """A template does not take a chat: its roles in this order, or a role at all."""

    def __init__(self, reason: str, meant: bool = True) -> None:
        super().__init__(f"the model's chat template does not take this chat: {reason}")
        self.reason = reason
        self.meant = meant
        """Whether the template says so itself, not a fault in it."""


class ChatTemplate:
    """A compiled template."""

    def __init__(self, source: str, bos_token: str, eos_token: str) -> None:
        """Raises DataError where `source` is no template."""
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
        )
        environment.globals = {name: environment.globals[name] for name in _GLOBALS}
        environment.globals |= {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
        environment.filters["tojson"] = _tojson
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise DataError(
                f"the model's chat template can't be read: line {error.lineno}: {error.message}; correct its "
                "chat_template.jinja or tokenizer_config.json"
            ) from error
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}

    def render(self, messages: Sequence[Message], answer_next: bool = False) -> str:
        """The chat as text, with what stands before an answer after it if `answer_next`. Raises Refused."""
        shown = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._template.render(
                messages=shown, add_generation_prompt=answer_next, tools=None, documents=None, **self._tokens
            )
        except _Said as error:
            raise Refused(excerpt(str(error))) from error
        except Exception as error:  # a template can run into anything, from a missing key to a division by 0
            raise Refused(f"{type(error).__name__}: {excerpt(str(error))}", meant=False) from error


class _Generation(Extension):
    """`{% generation %}` marks what an assistant writes; what it marks is found in another way here."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Its body."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Said(jinja2.TemplateError):
    """What a template says of a chat that it does not take."""


def _raise_exception(message: str) -> None:
    raise _Said(message)


def _strftime_now(form: str) -> str:
    return _TODAY.strftime(form)


def _tojson(value: object, indent: int | None = None) -> str:
    """Jinja's own writes for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
