"""Markdown of the site's front page, claims and teaching page, and the links on all pages."""

import os
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
BRANCH = "colab"  # to which the workflow of the pages brings the notebooks for Colab
LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


@dataclass(frozen=True)
class Page:
    """The entry of a notebook on the front page, read from its Markdown cells."""

    path: Path
    title: str
    minutes: str
    question: str

    @classmethod
    def read(cls, path):
        text = "\n".join(
            cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"
        )
        title = re.search(r"^# (.+)$", text, re.M)
        minutes = re.search(r"about (\d+) minutes", text)
        asked = re.search(r"\*\*([^*]+\?)\*\*", text.partition("After this lecture you can")[0])
        question = re.sub(r"\s+", " ", asked[1]) if asked else ""
        return cls(
            path,
            title.group(1) if title else path.stem,
            minutes.group(1) if minutes else "",
            question[:1].upper() + question[1:],
        )


def front(lectures, exercises, plans, texts, repository=None, book=False):
    """Markdown of the front page: picture, ways to start, a card for each lecture, contents."""
    lines = [f"# {TITLE}", "", "```{raw} html"]
    lines += [
        f'<div class="hero"><img src="_static/{PICTURE}" alt="{ALT}"><p>{SENTENCE}</p></div>',
        "```", "",
    ]
    read = [Page.read(path) for path in lectures]
    if not book:
        lines += _ways(read, texts, repository)
        lines += ["## Lectures", "", "````{container} cards", ""]
        for page in read:
            lines += _card(page, exercises, plans)
        lines += ["````", "", "## Look up", "", *_look_up(texts)]
    groups = [
        ("Lectures", [f"lectures/{page.path.stem}" for page in read]),
        ("Exercises", [f"exercises/{path.stem}" for path in exercises]),
        ("Look up", [Path(name).stem for name in sorted(texts)]),
        ("Package", [] if book else ["api/index"]),
    ]
    for caption, entries in groups:
        if entries:
            lines += ["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""]
    return "\n".join(lines)


def _ways(read, texts, repository):
    teach = f"[Teach]({CLASS})" if CLASS in texts else "Teach"
    hosted = "from the links on top of each lecture"
    if repository:
        hosted = f"[on Binder]({_binder(repository, 'README.md')}) or {hosted}"
    ways = {
        f"[Read](lectures/{read[0].path.name})":
            "Here, on a phone too: text, formulas, pictures, and sliders that move.",
        "Run":
            "On your machine with `pip install -e .` and `ntklab lab`; without installing "
            f"anything, {hosted}.",
        teach:
            "Assignments with checks that hint, marked by one command, and a plan for a term.",
    }
    lines = ["````{container} ways", ""]
    for name, text in ways.items():
        lines += [":::{container} way", f"**{name}**", "", text, ":::", ""]
    return [*lines, "````", ""]


def _look_up(texts):
    """A list of the pages in `texts`: the title and the first sentence of each."""
    lines = []
    for name, (_, text) in sorted(texts.items()):
        title, _, rest = text.partition("# ")[2].partition("\n")
        paragraph = LINK.sub(r"\1", " ".join(rest.strip().partition("\n\n")[0].split()))
        first = re.match(r"[^`#|<\n]+?[.:](?=\s|$)", paragraph)
        lines.append(f"- [{title}]({name})" + (f": {first[0].rstrip('.:')}" if first else ""))
    return [*lines, "- [Reference](api/index.md): what `import ntklab` offers", ""]


def _card(page, exercises, plans):
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
    facts = [f"{page.minutes} minutes"] if page.minutes else []
    if page.path.name in {path.name for path in exercises}:
        facts.append(f"[assignment](exercises/{page.path.name})")
    lines += [" · ".join(facts), ""]
    return [*lines, page.question, ":::", ""]


def links(path, repository):
    """HTML links from a notebook's page to Binder and Colab; "" without a repository."""
    if not repository:
        return ""
    name = f"{path.parent.name}/{path.stem}"
    return (
        '```{raw} html\n<p class="links">'
        f'<a href="{_binder(repository, f"{name}.py")}">Open on Binder</a>'
        f'<a href="{_colab(repository, name)}">Open in Colab</a>'
        f'<a href="../_static/colab/{name}.ipynb" download>Notebook for your JupyterLab</a>'
        "</p>\n```\n"
    )


def foot(course, repository):
    """HTML links in the footer to the course on Binder, Colab, GitHub; "" without a repository."""
    if not repository:
        return ""
    first = min((Path(course) / "lectures").glob("[0-9][0-9]_*.py")).stem
    return (
        f'<p class="links"><a href="{_binder(repository, "README.md")}">The course on Binder</a>'
        f'<a href="{_colab(repository, f"lectures/{first}")}">The first lecture in Colab</a>'
        f'<a href="https://github.com/{repository}">Its source on GitHub</a></p>'
    )


def _binder(repository, path):
    return f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{path}"


def _colab(repository, name):
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{name}.ipynb"


def of_the_course(course, cards):
    """Pages that are no notebooks: {name: (file that links in it are relative to, Markdown)}.

    `cards` are those of the claims, {id: HTML}; None leaves out their page.
    """
    settings = course / "lectures" / "_site"
    made = {path.name: (path, path.read_text("utf-8")) for path in settings.glob("*.md")}
    if cards is not None:
        made["claims.md"] = (settings / "claims.md", _claims(cards))
    teaching = course / "solutions" / "README.md"
    if teaching.exists():
        made[CLASS] = (teaching, teaching.read_text(encoding="utf-8"))
    return made


def places(course, notebooks, texts):
    """{file of the course: its page, relative to the site}."""
    found = {path: path.relative_to(course) for path in notebooks}
    return found | {path: Path(name) for name, (path, _) in texts.items()}


def relinked(text, path, places):
    """Markdown of the page at `path` with links to files of the course changed to their pages.

    A link to an existing file without a page, like a lecture that is not built, becomes text; a
    link to a missing file stays as it is, and fails the build.
    """

    def link(found):
        file = Path(os.path.normpath(path.parent / found[2]))
        if file in places:
            target = os.path.relpath(places[file], places[path].parent)
            return f"[{found[1]}]({Path(target).as_posix()}{found[3] or ''})"
        return found[1] if file.exists() else found[0]

    return LINK.sub(link, text)


def _claims(cards):
    choices = "".join(
        f'<label><input type="radio" name="verdict" value="{verdict}"'
        f'{" checked" * (verdict == "all")}> {verdict}</label>'
        for verdict in ("all", *VERDICTS)
        if verdict == "all" or any(f'class="verdict {verdict}"' in card for card in cards.values())
    )
    return (
        "# Claims\n\nEvery claim of the lecture, run and judged. *Holds*: to rounding or within "
        "its stated error. *Asymptotic*: true as a parameter grows, at a measured rate. "
        "*Corrected*: another statement is true. No verdict is written by hand.\n\n"
        '```{raw} html\n<fieldset class="claims-filter"><legend>Show</legend>'
        f'{choices}</fieldset>\n<p class="claims-status" role="status">{len(cards)} of '
        f'{len(cards)} claims</p>\n<div class="claims">\n' + "\n".join(cards.values())
        + "\n</div>\n```\n"
    )
