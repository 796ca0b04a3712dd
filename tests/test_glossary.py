"""The glossary docs/glossary.md: the lessons use its words, and each has a Chinese term and a sentence."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| English")
]


@pytest.fixture(scope="module")
def lessons():
    """The text and code of all lessons, in small letters."""
    cells = [
        cell.source
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
    ]
    return " ".join(re.sub(r"https?://\S+", "", text) for text in cells).lower()


def test_the_words_are_sorted_and_each_stands_once():
    words = [english.lower() for english, *_ in ROWS]
    assert len(words) > 40
    assert words == sorted(set(words))


@pytest.mark.parametrize(("english", "chinese", "sentence"), ROWS, ids=[row[0] for row in ROWS])
def test_a_word_of_the_glossary_is_used_in_a_lesson(english, chinese, sentence, lessons):
    word = re.sub(r" \(.*\)|\*", "", english)
    assert re.search(rf"\b{re.escape(word)}", lessons), f"no lesson has the word {word}"
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert sentence[0].isupper()
    assert sentence.endswith(".")


@pytest.mark.parametrize("page", ["00_tour", "01_step_by_step", "09_build_it_yourself"])
def test_the_glossary_is_found_from_the_lessons(page):
    text = (ROOT / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8")
    assert "(../docs/glossary.md)" in text


def test_the_glossary_is_found_from_the_readme():
    assert "(docs/glossary.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
