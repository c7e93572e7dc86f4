"""Pages of the report: claims, runs, and figures as HTML and as Markdown."""

import base64
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

import ntklab
from ntklab._files import replace
from ntklab.claims import CLAIMS
from ntklab.experiments.full_size import runs
from ntklab.report.figures import FIGURES, TABLE


def figure_files(folder, name):
    """Paths of a figure's PNG, its PDF, and its data as CSV."""
    return [Path(folder) / f"{name}.{kind}" for kind in ("png", "pdf", "csv")]


def table(frame):
    """The table of claims, one row for each, in the order of their ids."""
    rows = []
    for name in sorted(name for name in frame.index if name in CLAIMS):
        claim, row = CLAIMS[name], frame.loc[name]
        verdict, measured = ("failed", row.error) if row.error else (row.verdict, row.text)
        rows.append(
            (name, claim.source, claim.statement, verdict, claim.truth, measured, row.seconds,
             claim.lecture)
        )
    columns = ["id", "slide", "claim", "verdict", "truth", "measured", "seconds", "lecture"]
    return pd.DataFrame(rows, columns=columns)


def write(folder, frame, size, trained):
    """Write report.html and report.md into `folder`; return (their paths, the table of claims).

    `frame` has a row for each job, `trained` one for each run, as in `ntklab.report`.
    """
    claims = table(frame)
    drawn = [name for name in FIGURES if name in frame.index and frame.error[name] == ""]
    counts = ", ".join(f"{n} {v}" for v, n in claims.verdict.value_counts().items())
    title = "What does a network learn first? Every claim of the lecture, measured"
    intro = (
        f"ntklab {ntklab.__version__}, size {size}: {len(claims)} claims ({counts}), "
        f"{len(drawn)} figures, {frame.seconds.sum() + trained.seconds.sum():.0f} seconds of "
        "computing."
    )
    shown = _claims_shown(claims)
    page = [f"<h1>{escape(title)}</h1><p>{escape(intro)}</p>", *_claims_html(shown)]
    markdown = [f"# {title}", "", intro, "", *_markdown(shown)]
    parts = {"Networks trained for this report": _runs_shown(trained)} if len(trained) else {}
    if TABLE in drawn:
        parts["The paper beside networks and theory"] = _comparison_shown(folder)
    for heading, part in parts.items():
        page.append(f"<h2>{escape(heading)}</h2><div>{part.to_html(index=False, border=0)}</div>")
        markdown += ["", f"## {heading}", "", *_markdown(part)]
    for name in drawn:
        heading, alt = name.replace("_", " "), frame.text[name]
        data = base64.b64encode(figure_files(folder, name)[0].read_bytes()).decode()
        files = " · ".join(f"<a href='{name}.{kind}'>{kind}</a>" for kind in ("pdf", "csv"))
        page.append(
            f"<h2>{escape(heading)}</h2><p>{files}</p>"
            f"<img src='data:image/png;base64,{data}' alt='{escape(alt, quote=True)}'>"
        )
        markdown += ["", f"## {heading}", "", f"![{alt}]({name}.png)"]
        markdown += ["", f"[pdf]({name}.pdf) · [data]({name}.csv)"]
    html = folder / "report.html"
    replace(html, PAGE.format(title=escape(title), body="\n".join(page)).encode())
    replace(folder / "report.md", ("\n".join(markdown) + "\n").encode())
    return html, folder / "report.md", claims


def _claims_shown(claims):
    """The table of claims with the titles and numbers that a page shows."""
    titles = {"id": "id", "slide": "slide", "verdict": "verdict", "claim": "as printed",
              "truth": "what is true", "measured": "measured", "seconds": "s", "lecture": "lecture"}
    seconds = claims.seconds.map("{:.1f}".format)
    return claims.assign(seconds=seconds)[list(titles)].rename(columns=titles)


def _claims_html(shown):
    """The lines of a table in which each row has the class of its verdict."""
    yield "<div><table><thead><tr>"
    yield from (f"<th scope='col'>{escape(name)}</th>" for name in shown)
    yield "</tr></thead><tbody>"
    for row in shown.itertuples(index=False):
        cells = "".join(f"<td>{escape(value)}</td>" for value in row)
        yield f"<tr class='{escape(row.verdict)}'>{cells}</tr>"
    yield "</tbody></table></div>"


def _runs_shown(trained):
    """What every run computes, its device, seeds and seconds."""
    what = [runs.RUNS[name].description for name in trained.index]
    shown = trained.assign(what=what, seconds=trained.seconds.map("{:.0f}".format)).reset_index()
    return shown[["run", "what", "device", "seeds", "seconds", "error"]]


def _comparison_shown(folder):
    """The table of `comparison.beside_the_paper` with its numbers as text."""
    data = pd.read_csv(figure_files(folder, TABLE)[2]).astype({"figure": str})

    def text(column, form):
        return [format(value, form) if np.isfinite(value) else "–" for value in data[column]]

    counts = {name: text(name, "z.0f") for name in ("seeds", "learned", "runs")}
    between = zip(text("low", "z.2f"), text("high", "z.2f"), text("coverage", "z.0%"), strict=True)
    return pd.DataFrame({
        "figure": data.figure, "targets": data.reading, "densities": data.pair,
        "paper": text("paper", "z.2f"), "networks": text("networks", "z.2f"),
        "interval": ["–" if low == "–" else f"{low} to {high} ({share})"
                     for low, high, share in between],
        "theory, same start": text("theory", "z.2f"),
        "theory from 0": text("from_zero", "z.2f"),
        "seeds": counts["seeds"],
        "learned": [f"{a} of {b}" if a != "–" else a
                    for a, b in zip(counts["learned"], counts["runs"], strict=True)],
        "iterations at the lowest κ": text("first", "z.0f"),
        "source": data.source,
    })


def _markdown(shown):
    rows = [list(shown), ["---"] * shown.shape[1], *shown.astype(str).to_numpy().tolist()]
    return ["| " + " | ".join(v.replace("|", "\\|") for v in row) + " |" for row in rows]


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem }}
body {{ padding: 0 1rem }}
div {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: 0.85rem }}
th, td {{ border: 1px solid #bbb; padding: 0.4rem; text-align: left; vertical-align: top }}
th {{ background: #eee }}
tr.corrected td:nth-child(3) {{ background: #fbe3d3 }}
tr.asymptotic td:nth-child(3) {{ background: #dcebf7 }}
tr.holds td:nth-child(3) {{ background: #d9f2e8 }}
tr.failed td:nth-child(3), tr.unsettled td:nth-child(3) {{ background: #ffd0d0 }}
img {{ max-width: 100%; height: auto }}
</style></head><body><main>
{body}
</main></body></html>
"""
