"""docs/scikit-learn.md: its programs print the text shown."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "scikit-learn.md"
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_programs_print_what_the_page_says(program, printed, capsys):
    pytest.importorskip("sklearn")
    exec(compile(program, PAGE.name, "exec"), {})
    assert capsys.readouterr().out.split() == printed.split()


def test_every_program_has_its_text():
    assert len(PROGRAMS) == PAGE.read_text(encoding="utf-8").count("```python") == 3
