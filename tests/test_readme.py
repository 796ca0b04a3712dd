"""The README: its programs print the text shown, its test command is that of CI, its picture is current."""

import re
from pathlib import Path

import pytest

from autograd._machine import machine
from autograd.command_line.demo import demo

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_programs_print_what_the_readme_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pairs = re.findall(r"```python\n(.*?)```.*?```text\n(.*?)```", README, re.S)
    assert len(pairs) == README.count("```python") == 8
    (tmp_path / "fruit.csv").write_bytes((ROOT / "docs" / "fruit.csv").read_bytes())
    for program, printed in pairs:
        exec(compile(program, "README.md", "exec"), {})
        assert capsys.readouterr().out == printed
    drawn = (tmp_path / "neuron.svg").read_text(encoding="utf-8")
    committed = (ROOT / "docs" / "neuron.svg").read_text(encoding="utf-8")

    def texts(svg):
        return re.findall(r"<text[^>]*>(.*?)</text>", svg)

    assert texts(committed) == texts(drawn)


def test_the_demo_prints_what_the_readme_says(tmp_path, capsys):
    if machine is None:
        pytest.skip("the demo takes iris")
    pytest.importorskip("sklearn")
    lines = re.search(r"autograd demo\n```\n\n```text\n(.*?)```", README, re.S)[1].splitlines()
    demo(tmp_path)
    printed = capsys.readouterr().out
    assert len(lines) == 5
    assert [line for line in lines if line not in printed] == []
    assert len(list(tmp_path.iterdir())) == 5


def test_the_opening_is_a_sentence_a_picture_and_two_commands():
    lines = [line for line in README.splitlines() if line]
    assert lines[1].endswith(".")
    assert lines[2].startswith("![")
    commands = re.findall(r"```sh\n(.*?)\n```", README)
    assert len(commands) == 2
    assert commands[0].endswith("-m autograd demo")
    assert commands[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_files_that_are_linked_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
