"""What the README says of keys and commands is what the program does."""

from __future__ import annotations

from pathlib import Path

from msopt_tui import cli
from msopt_tui.config.load import load_project
from msopt_tui.ui.keys import markdown_table

README = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_keys_is_the_programs() -> None:
    table = README.partition("<!-- keys: ")[2].partition("-->\n")[2].partition("<!-- keys end")[0]
    assert table.strip() == markdown_table().strip()


def test_the_project_file_it_shows_is_accepted(tmp_path: Path) -> None:
    project = tmp_path / "project.toml"
    project.write_text(README.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    assert load_project(project).refine.max_rounds == 3


def test_every_command_it_names_is_in_the_help() -> None:
    for line in README.splitlines():
        for words in line.split("msopt-tui ")[1:] if line.startswith("    msopt-tui") else []:
            assert words.split()[0] in cli.USAGE, words
