"""Every widget that shows foreign text, given hostile text as it came: only the line filter stands between.

Started on a real pseudo-terminal by test_sanitise.py; ``q`` quits.
"""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.content import Content
from textual.filter import LineFilter
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import (
    DataTable,
    Header,
    Input,
    Label,
    Log,
    OptionList,
    RichLog,
    Static,
    TextArea,
    Tree,
)
from textual.widgets.option_list import Option

from msopt_tui.ui.sanitise import SanitisingFilter
from msopt_tui.ui.terminal import SafeLinuxDriver

PAYLOADS = [
    "title \x1b]0;OWNED\x07.",
    "clipboard \x1b]52;c;T1dORUQ=\x1b\\.",
    "link \x1b]8;;http://owned.example\x1b\\click\x1b]8;;\x1b\\.",
    "clear \x1b[2J\x1b[3J.",
    "reset \x1bc.",
    "place \x1b[998;997H.",
    "colour \x1b[38;5;201m.",
    "reverse video \x1b[?5h\x1b[?1049l.",
    "device \x1b[6n\x1b[c\x1bZ.",
    "C1 \x9b2J\x9d0;OWNED\x9c\x90q\x9c\x85.",
    "strings \x1bPq#0\x1b\\\x1b_Gx\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\.",
    "controls \x00\x01\x05\x07\x08\x0b\x0c\r\x0e\x0f\x11\x13\x18\x1a\x7f.",
    "bidi \u202egpj.exe\u202c \u2066x\u2069\u200f\u061c.",
    "separators \u2028\u2029.",
    "marks e" + "\u0301" * 10_000 + ".",
    "joined " + "\u200d".join("abcdefghijklmnopqrstuvwxyz" * 4) + ".",
    "surrogate \ud800 \udcff.",
    "long " + "x" * 55_000,
    "markup [/] [bold]b[/bold] [link=http://owned.example]l[/link] [@click=app.quit]quit[/] [.",
]


class RawStrip(Widget):
    """A widget in the line API that does everything wrong."""

    def render_line(self, y: int) -> Strip:
        link = Style(link="http://owned.example", bold=True)
        return Strip([Segment(PAYLOADS[y % len(PAYLOADS)][:200], link), Segment("\x1b]0;OWNED\x07", None, [])])


class HostileApp(App[None]):
    CSS = """
    Grid { grid-size: 4; }
    Grid > * { height: 1fr; border: solid white; }
    """
    TITLE = PAYLOADS[0] + PAYLOADS[9]
    BINDINGS = [("ctrl+x", "leave", "")]

    def __init__(self) -> None:
        super().__init__(driver_class=SafeLinuxDriver)
        self.sanitiser = SanitisingFilter()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self.sanitiser]

    def compose(self) -> ComposeResult:
        yield Header()
        with Grid():
            yield Static(Content("\n".join(PAYLOADS)), id="static")
            yield Label(Text("\n".join(PAYLOADS)), id="label")
            yield Log(id="log")
            yield RichLog(id="rich-log")
            yield DataTable(id="table")
            yield Tree(Text(PAYLOADS[0]), id="tree")
            yield Input(" ".join(PAYLOADS), id="input")
            yield TextArea("\n".join(PAYLOADS[:13]), id="area")
            yield OptionList(*(Option(Text(payload)) for payload in PAYLOADS), id="options")
            yield RawStrip(id="raw")
            yield Static("plain", id="plain")

    def on_mount(self) -> None:
        self.query_one(Log).write_lines(PAYLOADS)
        table = self.query_one(DataTable)
        table.add_column(Text(PAYLOADS[5]))
        tree = self.query_one(Tree)
        tree.root.expand()
        for payload in PAYLOADS:
            self.query_one(RichLog).write(Text(payload))
            table.add_row(Text(payload))
            tree.root.add_leaf(Text(payload))
        for widget in self.query("Grid > *"):
            widget.border_title = Content(PAYLOADS[0])
            widget.border_subtitle = Content(PAYLOADS[9])
        for payload in (PAYLOADS[0], PAYLOADS[3], PAYLOADS[12]):
            self.notify(payload, title=payload, markup=False, timeout=30)
        self.query_one("#plain", Static).update(Content("EVERYTHING SHOWN"))

    def action_leave(self) -> None:
        self.exit()


if __name__ == "__main__":
    HostileApp().run()
