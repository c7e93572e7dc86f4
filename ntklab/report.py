"""One report of everything: each claim with its verdict, each figure with its data (`reproduce`).

Jobs run side by side and go on record as they finish, so an interrupted run goes on where it was.
"""

import base64
import contextlib
import io
import os
import warnings
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

import ntklab
from ntklab import asymptotics, experiments, figures, fredholm, gram, sweeps
from ntklab._arguments import one_of
from ntklab.claims import CLAIMS, judge
from ntklab.experiments import (
    CONTINUOUS,
    ONE_TWO_FOUR,
    convergence,
    depth,
    fit_power,
    rms,
    sphere,
)
from ntklab.figures.convergence import finishing_times, order_of_regions, sampled_times
from ntklab.figures.depth import laziness, profiles_and_decay
from ntklab.figures.motivation import snapshots
from ntklab.figures.sphere import quotients
from ntklab.kernels import DeepNTK, TwoLayerNTK

SIZES = ("quick", "paper")
GALLERY = [0, 1, 2, 3, 4, 9, 10, 19]


def frequency_bias(size):
    """Motivation: the output at six moments of training."""
    from ntklab.experiments.trained import motivation  # needs torch

    run = motivation.learn(size=size, rng=np.random.default_rng(0))
    last = run.iterations[-1]
    moments = [0, 3, 30, 300, last // 2, last]
    data = pd.DataFrame(run.outputs.T, columns=run.iterations)
    data.insert(0, "target", run.components.sum(axis=0))
    data.insert(0, "x", run.points)
    return snapshots(run, moments), data


def eigenvalues(size):
    """Eigenvalues of seven densities from 50 000 points, beside the formula."""
    table = experiments.eigenvalue_table(points=50_000 if size == "paper" else 10_000)
    return figures.eigenvalue_formulas(table), table


def eigenfunctions(density, points, name, size):
    """The first eigenfunctions from as many points as the paper's."""
    spectrum = gram.solve(TwoLayerNTK(), density.grid(points), 20)
    data = pd.DataFrame(spectrum.values[:, GALLERY], columns=[f"v{i}" for i in GALLERY])
    data.insert(0, "x", spectrum.points)
    picture = figures.eigenfunction_gallery(density, spectrum, GALLERY, name)
    return picture, data.sort_values("x")


def local_frequency(size):
    """Local frequency by FFT in every region, for 1 and 10 hidden layers, from 1467 points."""
    frames = []
    for L in (1, 10):
        kernel = TwoLayerNTK() if L == 1 else DeepNTK(L)
        spectrum = gram.solve(kernel, ONE_TWO_FOUR.grid(1467), 61)
        table = experiments.region_frequencies(ONE_TWO_FOUR, spectrum)
        frames.append(table.assign(hidden_layers=L))
    data = pd.concat(frames, ignore_index=True)
    return figures.local_frequencies(data), data


def three_regions(size):
    """Figure 6 of the paper: sin 14x under 11 : 1 : 3, which region converges first."""

    from ntklab.experiments.trained import convergence as trained  # needs torch

    order = trained.order(
        "wide" if size == "paper" else "quick", rng=np.random.default_rng(6), threshold=0.25
    )
    data = pd.DataFrame(order.errors, columns=[f"trained{j}" for j in range(3)])
    data[[f"predicted{j}" for j in range(3)]] = order.predicted
    data.insert(0, "iteration", order.iterations)
    return order_of_regions(order), data


def convergence_times(size):
    """Figure 7 of the paper: time against κ by region, exact, bound and trained."""

    from ntklab.experiments.trained import convergence as trained  # needs torch

    setting = "wide" if size == "paper" else "quick"
    rate = convergence.SUM_RATE * convergence.POINTS
    exact = convergence.population_times(ONE_TWO_FOUR, (3, 4, 5, 6, 8, 10), 0.1, rate)
    seen = trained.times(setting, rng=np.random.default_rng(2))
    data = pd.concat([exact.assign(route="exact"), seen.assign(route="trained")])
    return finishing_times(exact, seen), data


def convergence_sampling(size):
    """Figure 7 again: grids against random draws, by linear theory at the paper's threshold."""

    grid = convergence.theory("paper", frequencies=range(3, 31))
    setting = convergence.SETTINGS["paper"]
    setting = setting if size == "paper" else setting._replace(draws=12)
    random = convergence.theory(
        setting, "random", rng=np.random.default_rng(4), frequencies=range(3, 27, 2)
    )
    return sampled_times(grid, random), pd.concat([grid, random], ignore_index=True)


def hemisphere_times(size):
    """The sphere's halves: population, random points, and the paper's medians."""

    exact = sphere.population()
    samples = sphere.sampled(
        draws=40 if size == "paper" else 6, rng=np.random.default_rng(23)
    )
    data = pd.concat([exact.assign(level="population"), samples.assign(level="sample")])
    return quotients(exact, samples, sphere.PAPER), data


def depth_spectra(size):
    """Profiles and eigenvalues of 1 to 50 hidden layers."""

    layers, theta = (1, 2, 3, 10, 50), np.linspace(0, np.pi, 500)
    profiles = {L: DeepNTK(L).profile(theta) / (L + 1) for L in layers}
    decay = depth.eigenvalue_decay(layers, 200)
    return profiles_and_decay(theta, profiles, decay), decay


def deep_laziness(size):
    """Distance from the limit, drift and residual of deep networks against their width."""
    from ntklab.experiments.trained import depth as trained  # needs torch

    widths = (64, 128, 256, 512, 1024) if size == "paper" else trained.WIDTHS
    table = trained.lazy_training(widths=widths, rng=np.random.default_rng(5))
    columns = ["start", "drift", "residual"]
    laws = {column: str(fit_power(*rms(table, column))) for column in columns}
    return laziness(table, laws), table


def pair_splitting(size):
    """Pairs of eigenvalues against Z²/πq², Hill's equation, in the data the sharper law, too."""
    spectrum = fredholm.solve(TwoLayerNTK(), ONE_TWO_FOUR, 81)
    ratios = asymptotics.pair_ratios(spectrum, ONE_TWO_FOUR)
    hill = asymptotics.hill_eigenvalues(ONE_TWO_FOUR, 80)
    near = (spectrum.eigenvalues[1:] / hill).reshape(-1, 2)
    sharper = spectrum.eigenvalues[1:] / asymptotics.antipodal_hill_eigenvalues(ONE_TWO_FOUR, 80)
    columns = [f"{law}{i}" for law in ("law", "hill", "antipodal") for i in (0, 1)]
    data = np.hstack([ratios, near, sharper.reshape(-1, 2)])
    data = pd.DataFrame(data, columns=columns)
    return figures.pair_splitting(ratios, near), data


FIGURES = {
    "frequency_bias": frequency_bias,
    "eigenvalues": eigenvalues,
    "eigenfunctions_1_2_4": partial(eigenfunctions, ONE_TWO_FOUR, 2933, "density 1 : 2 : 4"),
    "eigenfunctions_continuous": partial(eigenfunctions, CONTINUOUS, 12_567, "continuous"),
    "local_frequency": local_frequency,
    "pair_splitting": pair_splitting,
    "three_regions": three_regions,
    "convergence_times": convergence_times,
    "convergence_sampling": convergence_sampling,
    "hemispheres": hemisphere_times,
    "depth_spectra": depth_spectra,
    "deep_laziness": deep_laziness,
}


def run_job(job, size, folder):
    """One claim measured, or one figure drawn and saved with its data; what the report says of it.

    Parameters
    ----------
    job : str
        A claim's id or a figure's name.
    size : {"quick", "paper"}
        Of figures; claims have one size.
    folder : str
        Where NAME.png, NAME.pdf and NAME.csv go.
    """
    if job in CLAIMS:
        measured = judge(job).measurement
        return {"verdict": measured.verdict, "told": measured.figure}
    figure, data = FIGURES[job](size)
    picture, pdf = figures.show(figure), io.BytesIO()  # refuses a figure without alt text
    with matplotlib.rc_context({"pdf.fonttype": 42}):  # text stays text
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None})
    contents = [picture.png, pdf.getvalue(), data.to_csv(index=False).encode()]
    for path, content in zip(_files(folder, job), contents, strict=True):
        _replace(path, content)
    return {"verdict": "", "told": picture.alt}


def _files(folder, name):
    """Of a figure: the picture for a screen, the picture for print, the data."""
    return [Path(folder) / f"{name}.{kind}" for kind in ("png", "pdf", "csv")]


@dataclass(frozen=True)
class Report:
    """Files of a finished report, and its table of claims."""

    html: Path
    markdown: Path
    claims: pd.DataFrame


def reproduce(folder, size="quick", only=(), *, executor=None, workers=None, progress=False):
    """Run all claims and figures and write report.html and report.md.

    Parameters
    ----------
    folder : path
        Where to; made if needed. Finished jobs on its record are not run again.
    size : {"quick", "paper"}
        Minutes on two cores, or the paper's sizes.
    only : sequence of str
        Claims and figures to run; all when empty.
    executor, workers
        As for `sweeps.run`.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        An unknown size, claim or figure; a folder with a report of the other size; a record that
        is damaged, of other code, or in use by another process.
    OSError
        The folder, the record or a page could not be written; what is finished is kept.
    RuntimeError
        A job failed; the others are in the report, and a next run tries it again.
    """
    one_of("size", size, SIZES)
    names = list(only) or [*CLAIMS, *FIGURES]
    for name in names:
        one_of("only", name, (*CLAIMS, *FIGURES))
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for other in SIZES:  # files of a figure have one name in all sizes
        if other != size and any(folder.glob(f"record-*-{other}.jsonl")):
            told = f"must hold no report of another size than {size!r}, got {str(folder)!r}"
            raise ValueError(f"folder: {told} of size {other!r}")
    cells = {name: {"job": name, "size": size, "folder": str(folder)} for name in names}
    record = folder / f"record-{ntklab.__version__}-{size}.jsonl"
    how = {"executor": executor, "workers": workers, "progress": progress}
    with warnings.catch_warnings(action="ignore", category=sweeps.SweepWarning):  # told below
        frame = sweeps.run(run_job, list(cells.values()), record=record, retry=True, **how)
    frame = frame.set_index("job")
    drawn = [name for name in FIGURES if name in cells and frame.error[name] == ""]
    lost = [name for name in drawn if not all(path.exists() for path in _files(folder, name))]
    if lost:  # deleted since they went on record
        sweeps.run(run_job, [cells[name] for name in lost], **how)
    report = _write(folder, frame, size)
    failed = frame.index[frame.error != ""]
    if len(failed):
        told = "; ".join(f"{name}: {frame.error[name]}" for name in failed)
        raise RuntimeError(f"{len(failed)} of {len(frame)} jobs failed: {told}")
    return report


def table(frame):
    """What the report's table holds: one row a claim, in the order of their ids."""
    rows = []
    for name in sorted(name for name in frame.index if name in CLAIMS):
        claim, row = CLAIMS[name], frame.loc[name]
        verdict = row.verdict if row.error == "" else "failed"
        told = row.told if row.error == "" else row.error
        rows.append(
            (name, claim.source, claim.statement, verdict, claim.truth, told, row.seconds,
             claim.lecture)
        )
    columns = ["id", "slide", "claim", "verdict", "truth", "measured", "seconds", "lecture"]
    return pd.DataFrame(rows, columns=columns)


def _write(folder, frame, size):
    claims = table(frame)
    drawn = [name for name in FIGURES if name in frame.index and frame.error[name] == ""]
    counts = ", ".join(f"{n} {v}" for v, n in claims.verdict.value_counts().items())
    title = "What does a network learn first? Every claim of the lecture, measured"
    intro = (
        f"ntklab {ntklab.__version__}, size {size}: {len(claims)} claims ({counts}), "
        f"{len(drawn)} figures, {frame.seconds.sum():.0f} seconds of computing."
    )
    head = ["id", "slide", "verdict", "as printed", "what is true", "measured", "s", "lecture"]
    lines = [
        (c.id, c.slide, c.verdict, c.claim, c.truth, c.measured, f"{c.seconds:.1f}", c.lecture)
        for c in claims.itertuples()
    ]
    markdown = [f"# {title}", "", intro, "", "| " + " | ".join(head) + " |"]
    markdown += ["|" + "---|" * len(head)]
    markdown += ["| " + " | ".join(v.replace("|", "\\|") for v in line) + " |" for line in lines]
    page = [f"<h1>{escape(title)}</h1><p>{escape(intro)}</p>", "<div><table><thead><tr>"]
    page += [f"<th scope='col'>{escape(name)}</th>" for name in head] + ["</tr></thead><tbody>"]
    for line in lines:
        cells = "".join(f"<td>{escape(value)}</td>" for value in line)
        page.append(f"<tr class='{escape(line[2])}'>{cells}</tr>")
    page.append("</tbody></table></div>")
    for name in drawn:
        heading, alt = name.replace("_", " "), frame.told[name]
        data = base64.b64encode(_files(folder, name)[0].read_bytes()).decode()
        files = " · ".join(f"<a href='{name}.{kind}'>{kind}</a>" for kind in ("pdf", "csv"))
        page.append(
            f"<h2>{escape(heading)}</h2><p>{files}</p>"
            f"<img src='data:image/png;base64,{data}' alt='{escape(alt, quote=True)}'>"
        )
        markdown += ["", f"## {heading}", "", f"![{alt}]({name}.png)"]
        markdown += ["", f"[pdf]({name}.pdf) · [data]({name}.csv)"]
    html = folder / "report.html"
    _replace(html, PAGE.format(title=escape(title), body="\n".join(page)).encode())
    _replace(folder / "report.md", ("\n".join(markdown) + "\n").encode())
    return Report(html, folder / "report.md", claims)


def _replace(path, content):
    """A whole file, on disk before a record says so; or the one before, and an error."""
    draft = path.with_name(path.name + ".tmp")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise OSError(error.errno, f"not written ({error.strerror})", str(path)) from None


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
