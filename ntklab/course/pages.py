"""Pages of the site that are no notebooks: front page, claims, class; links out of every page."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import jupytext

from ntklab.claims.ledger import VERDICTS

TITLE = "What does a network learn first?"
SENTENCE = (
    "A network learns a slow wave before a fast ripple, and both first where data are dense: a "
    "course that says why, and measures every claim it makes."
)
PICTURE = "frequency_bias.png"
ALT = (
    "Target and output of a network of ten hidden layers at six moments of its training: the slow "
    "wave is there first, the ripple later, and first where data are dense"
)
CLASS = "teaching.md"


@dataclass(frozen=True)
class Page:
    """What the index says of a notebook, read from its first cells."""

    path: Path
    title: str
    minutes: str
    objectives: tuple
    question: str

    @classmethod
    def read(cls, path):
        text = "\n".join(
            cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"
        )
        title = re.search(r"^# (.+)$", text, re.M)
        minutes = re.search(r"about (\d+) minutes", text)
        # the bullets that follow "After this lecture you can"
        before, _, after = text.partition("After this lecture you can")
        bullets = re.findall(r"^- (.+(?:\n  .+)*)", after.partition("\n## ")[0], re.M)
        asked = re.findall(r"\*\*([^*]+\?)\*\*", before)
        return cls(
            path,
            title.group(1) if title else path.stem,
            minutes.group(1) if minutes else "",
            tuple(re.sub(r"\s+", " ", bullet).rstrip(";.") for bullet in bullets),
            re.sub(r"\s+", " ", asked[0]) if asked else "",
        )


def front(lectures, exercises, plans, extra, course, book=False):
    """Markdown of the first page: the hero, three ways in, a card a lecture, what there is."""
    lines = [f"# {TITLE}", "", "```{raw} html"]
    lines += [
        f'<div class="hero"><img src="_static/{PICTURE}" alt="{ALT}"><p>{SENTENCE}</p></div>',
        "```", "",
    ]
    read = [Page.read(path) for path in lectures]
    if not book:
        lines += _ways(read, extra)
        lines += ["## Lectures", "", "````{container} cards", ""]
        for page in read:
            lines += _card(page, course, plans)
        lines += ["````", ""]
    groups = [
        ("Lectures", [f"lectures/{page.path.stem}" for page in read]),
        ("Exercises", [f"exercises/{path.stem}" for path in exercises]),
        ("Look up", [Path(name).stem for name in sorted(extra)]),
        ("Package", [] if book else ["api/index"]),
    ]
    for caption, entries in groups:
        if entries:
            lines += ["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""]
    return "\n".join(lines)


def _ways(read, extra):
    teach = f"[Teach]({CLASS})" if CLASS in extra else "Teach"
    ways = (
        (
            f"[Read](lectures/{read[0].path.name})",
            "Here, on a phone too: text, formulas, pictures, and sliders that move.",
        ),
        (
            "Run",
            "On your machine with `pip install -e .` and `ntklab lab`; without installing "
            "anything, from the links on top of each lecture.",
        ),
        (
            teach,
            "Assignments with checks that hint, marked by one command, and a plan for a term.",
        ),
    )
    lines = ["````{container} ways", ""]
    for name, told in ways:
        lines += [":::{container} way", f"**{name}**", "", told, ":::", ""]
    return [*lines, "````", ""]


def _card(page, course, plans):
    word = page.path.stem[3:]
    plan = next((plans[m] for m in sorted(plans) if m.rpartition(".")[2].startswith(word)), None)
    lines = [":::{container} card-of-lecture"]
    if plan:
        first = plan["frames"][0]
        lines += [
            "```{raw} html",
            f'<div class="picture"><img src="_static/frames/{first["src"]}" loading="lazy" '
            f'alt="{escape(first["alt"])}"></div>',
            "```",
        ]
    lines += [f"**[{page.title}](lectures/{page.path.name})**", ""]
    lines += [f"{page.minutes} minutes" if page.minutes else "", ""]
    return [*lines, page.question, ":::", ""]


def links(path, repository):
    """HTML that leads from a page into Binder and Colab; empty without a repository."""
    if not repository:
        return ""
    kind, name = path.parent.name, path.stem
    binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{kind}/{name}.py"
    notebook = f"_static/colab/{kind}/{name}.ipynb"
    google = f"https://colab.research.google.com/github/{repository}/blob/gh-pages/{notebook}"
    return (
        '```{raw} html\n<p class="links">'
        f'<a href="{binder}">Open on Binder</a><a href="{google}">Open in Colab</a>'
        f'<a href="../{notebook}" download>Notebook for your JupyterLab</a></p>\n```\n'
    )


def of_the_course(course, judged):
    """Pages made from what the course has: the claims as measured, the page for teachers."""
    made = {}
    if judged is not None:
        made["claims.md"] = _claims(judged)
    teaching = course / "solutions" / "README.md"
    if teaching.exists():
        text = teaching.read_text(encoding="utf-8")
        made[CLASS] = re.sub(r"\[([^\]]+)\]\((?!http)[^)]+\)", r"\1", text)
    return made


def _claims(judged):
    choices = "".join(
        f'<label><input type="radio" name="verdict" value="{verdict}"'
        f'{" checked" * (verdict == "all")}> {verdict}</label>'
        for verdict in ("all", *VERDICTS)
        if verdict == "all" or any(f'class="verdict {verdict}"' in card for card in judged.values())
    )
    return (
        "# Claims\n\nEvery claim of the lecture, run and judged. *Holds*: to rounding or within "
        "its stated error. *Asymptotic*: true as a parameter grows, at a measured rate. "
        "*Corrected*: another statement is true. No verdict is written by hand.\n\n"
        '```{raw} html\n<fieldset class="claims-filter"><legend>Show</legend>'
        f'{choices}</fieldset>\n<p class="claims-status" role="status">{len(judged)} of '
        f'{len(judged)} claims</p>\n<div class="claims">\n' + "\n".join(judged.values())
        + "\n</div>\n```\n"
    )
