"""Generated project files and socket lines: some hundred here, many more in `benchmarks/reliability.py`."""

from __future__ import annotations

from benchmarks.reliability_parts import project_files, socket_lines


def test_generated_project_files_load_or_are_refused_in_words() -> None:
    found = project_files.measure(400, seed=1)
    assert found.wrong == []
    assert 0 < found.refused < found.tried == 400, "some of each"


def test_generated_lines_keep_no_honest_command_from_the_engine() -> None:
    found = socket_lines.measure(200, seed=1)
    assert found.wrong == []
    assert found.tried == 200
