"""What every lecture owes its reader: prompts with answers, short cells, questions at the end."""

import re
from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).parents[1] / "lectures"
LECTURES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
PROMPT = re.compile(r"\*\*Predict\b[^*]*\*\*|^## Predict\b", re.M)
FOLD = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.S)
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$|`[^`]+`|\]\([^)]*\)|<[^>]+>", re.S)
WORDS_A_MINUTE = 200
every_lecture = pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)


def cells(path):
    return jupytext.read(path, fmt="py:percent").cells


def prose(path):
    """Markdown cells, quoted lines as others."""
    text = [cell.source for cell in cells(path) if cell.cell_type == "markdown"]
    return [re.sub(r"^> ?", "", source, flags=re.M) for source in text]


def prompts(text):
    """From each prompt of a cell to the next one: its question and its answer."""
    starts = [found.start() for found in PROMPT.finditer(text)] + [len(text)]
    return [text[a:b] for a, b in zip(starts[:-1], starts[1:], strict=True)]


def folded(text):
    """[(summary, words of the answer)]."""
    return [(title.strip(), len(answer.split())) for title, answer in FOLD.findall(text)]


def words(text):
    return len(re.findall(r"[^\W_][\w’'-]*", FORMULA.sub(" ", text)))


def minutes(path):
    [found] = re.findall(r"\*\*Time:\*\* about (\d+) minutes", prose(path)[0])
    return int(found)


def test_there_are_ten():
    assert [path.name[:2] for path in LECTURES] == [f"{i:02d}" for i in range(10)]


@every_lecture
def test_four_to_six_prompts_each_with_a_fold_before_the_cell_that_shows_it(path):
    asked = [part for text in prose(path) for part in prompts(text)]
    without = [part.split("\n")[0] for part in asked if not folded(part)]
    assert not without, "no folded answer in the same cell"
    assert 4 <= len(asked) <= 6, [part.split("\n")[0] for part in asked]


@every_lecture
def test_a_prompt_comes_before_code_that_shows_the_answer(path):
    shown = cells(path)
    for i, cell in enumerate(shown):
        if cell.cell_type == "markdown" and PROMPT.search(cell.source):
            assert any(later.cell_type == "code" for later in shown[i + 1 :]), cell.source


@every_lecture
def test_no_fold_is_empty_or_left_open(path):
    for text in prose(path):
        assert text.count("<details>") == text.count("</details>") == len(folded(text)), text[:60]
        short = [title for title, length in folded(text) if length < 5 or not title]
        assert not short, "nothing to read in the fold"
        assert "</summary>\n\n" in text or "<details>" not in text, "markdown needs an empty line"


@every_lecture
def test_an_explorer_stands_beside_questions_with_answers(path):
    shown = cells(path)
    places = [i for i, c in enumerate(shown) if c.cell_type == "code" and ".explorer()" in c.source]
    for i in places:
        beside = [shown[j].source for j in (i - 1, i + 1) if shown[j].cell_type == "markdown"]
        # the questions end where the answers to a prediction begin, if one follows
        texts = [PROMPT.split(text)[0] for text in beside]
        assert any(text.count("?") >= 2 and folded(text) for text in texts), shown[i].source


@every_lecture
def test_three_questions_with_answers_close_the_summary(path):
    text = "\n".join(prose(path))
    _, _, summary = text.partition("\n## Summary\n")
    summary, _, _ = summary.partition("\n## Sources")
    _, _, closing = summary.partition("hree questions")
    questions, _, _ = closing.partition("<details>")
    assert len(re.findall(r"^(?:-|\d\.) ", questions, re.M)) == 3, "three items after the summary"
    assert folded(closing), "no answers"


@every_lecture
def test_an_exercise_stands_in_the_text(path):
    text = "\n".join(prose(path))
    solved = [title for title, _ in folded(text) if title == "Solution"]
    assert solved, "no exercise with a folded solution"


@every_lecture
def test_code_cells_are_short_and_follow_a_sentence(path):
    before, run = None, 0
    for cell in cells(path):
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 12, cell.source
            assert before is not None, "code before any prose"
            run = run + 1 if before == "code" else 1
            assert run <= 3, f"the fourth code cell in a row:\n{cell.source}"
        before = cell.cell_type


@every_lecture
def test_length(path):
    assert 250 <= len(path.read_text(encoding="utf-8").splitlines()) <= 400


@every_lecture
def test_words_take_a_third_of_the_stated_time_at_most(path):
    read = sum(words(text) for text in prose(path)) / WORDS_A_MINUTE
    assert read <= minutes(path) / 3, f"{read:.1f} minutes of words in {minutes(path)}"


@every_lecture
def test_needs_are_links_and_links_lead_somewhere(path):
    text = "\n".join(prose(path))
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert any(link.endswith(".py") for link in links), "no link to another lecture"
    for link in links:
        if not link.startswith("http"):
            target = (path.parent / link.partition("#")[0]).resolve()
            assert target.exists() or link.startswith("#"), link
    needs = re.search(r"\*\*Needs:\*\*(.*?)\*\*Time", text, re.S)[1]
    named = re.findall(r"[Ll]ectures? \d", needs)
    assert not named, f"names a lecture without a link: {named}"


@every_lecture
def test_the_audit_is_folded_away(path):
    """Two or three verdicts carry the argument; the others are hidden until asked for."""
    seen = [
        cell.source.count("print(claims.judge(")
        for cell in cells(path)
        if cell.cell_type == "code" and "hide-output" not in cell.metadata.get("tags", [])
    ]
    assert sum(seen) <= 3
