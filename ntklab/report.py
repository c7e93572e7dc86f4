"""One report of everything: each claim with its verdict, each figure with its data (`reproduce`).

Jobs run side by side and go on record as they finish, so an interrupted run goes on where it was.
At the paper's sizes what trains is computed first, in parts (`experiments.full_size.runs`); claims
are then judged by, and figures drawn from, the tables that the parts make.
"""

import base64
import contextlib
import io
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

import ntklab
from ntklab import asymptotics, experiments, figures, fredholm, gram, sweeps
from ntklab._arguments import one_of, whole_number
from ntklab.claims import CLAIMS, judge
from ntklab.experiments import (
    CONTINUOUS,
    ONE_TWO_FOUR,
    convergence,
    depth,
    full_size,
    sphere,
)
from ntklab.experiments.full_size import comparison, runs
from ntklab.figures.convergence import (
    departures,
    finishing_times,
    order_of_regions,
    sampled_times,
)
from ntklab.figures.depth import laziness, profiles_and_decay
from ntklab.figures.motivation import snapshots
from ntklab.figures.sphere import quotients
from ntklab.kernels import DeepNTK, TwoLayerNTK

SIZES = ("quick", "paper")
TABLE = "protocol"  # the figure whose data stand in the report as a table
PROTOCOL_RUNS = (
    "circle", "circle_deep", "sphere", "circle_rms_1", "circle_lazy", "sphere_rms_1", "sphere_lazy",
)
TRAINED = {  # what trains at the paper's sizes, and its runs
    "C01": ("learning",),
    "C02": ("training",),
    "C03": ("concentration",),
    "C04": ("gaussianity",),
    "C18": ("circle_lazy",),
    "C21": ("laziness",),
    "three_regions": ("order",),
    "convergence_times": ("circle",),
    "hemispheres": ("sphere",),
    "deep_laziness": ("laziness",),
    TABLE: PROTOCOL_RUNS,
}
GALLERY = [0, 1, 2, 3, 4, 9, 10, 19]


@dataclass(frozen=True)
class How:
    """What a figure may ask: its size, the device of networks, and tables of finished runs."""

    size: str
    device: str = "cpu"
    tables: Mapping = field(default_factory=dict)

    @property
    def paper(self):
        return self.size == "paper"


def frequency_bias(how):
    """Motivation: the output at six moments of training."""
    from ntklab.experiments.trained import motivation  # needs torch

    run = motivation.learn(size=how.size, rng=np.random.default_rng(0), device=how.device)
    last = run.iterations[-1]
    moments = [0, 3, 30, 300, last // 2, last]
    data = pd.DataFrame(run.outputs.T, columns=run.iterations)
    data.insert(0, "target", run.components.sum(axis=0))
    data.insert(0, "x", run.points)
    return snapshots(run, moments), data


def eigenvalues(how):
    """Eigenvalues of seven densities from 50 000 points, beside the formula."""
    table = experiments.eigenvalue_table(points=50_000 if how.paper else 10_000)
    return figures.eigenvalue_formulas(table), table


def eigenfunctions(density, points, name, how):
    """The first eigenfunctions from as many points as the paper's."""
    spectrum = gram.solve(TwoLayerNTK(), density.grid(points), 20)
    data = pd.DataFrame(spectrum.values[:, GALLERY], columns=[f"v{i}" for i in GALLERY])
    data.insert(0, "x", spectrum.points)
    picture = figures.eigenfunction_gallery(density, spectrum, GALLERY, name)
    return picture, data.sort_values("x")


def local_frequency(how):
    """Local frequency by FFT in every region, for 1 and 10 hidden layers, from 1467 points."""
    frames = []
    for L in (1, 10):
        kernel = TwoLayerNTK() if L == 1 else DeepNTK(L)
        spectrum = gram.solve(kernel, ONE_TWO_FOUR.grid(1467), 61)
        table = experiments.region_frequencies(ONE_TWO_FOUR, spectrum)
        frames.append(table.assign(hidden_layers=L))
    data = pd.concat(frames, ignore_index=True)
    return figures.local_frequencies(data), data


def three_regions(how):
    """Figure 6 of the paper: sin 14x under 11 : 1 : 3, which region converges first."""

    from ntklab.experiments.trained import convergence as trained  # needs torch

    order = trained.order(
        "wide" if how.paper else "quick", rng=np.random.default_rng(6), threshold=0.25,
        device=how.device,
    )
    data = pd.DataFrame(order.errors, columns=[f"trained{j}" for j in range(3)])
    data[[f"predicted{j}" for j in range(3)]] = order.predicted
    data.insert(0, "iteration", order.iterations)
    figure = order_of_regions(order)
    if "order" in how.tables:
        sorted_, every = comparison.in_order(how.tables["order"])
        figure.set_label(
            f"{figure.get_label()} Under the paper's protocol {sorted_} of {every} networks finish "
            "them in that order."
        )
    return figure, data


def convergence_times(how):
    """Figure 7 of the paper: time against κ by region, exact, bound and trained."""

    from ntklab.experiments.trained import convergence as trained  # needs torch

    rate = convergence.SUM_RATE * convergence.POINTS
    if how.paper:  # δ of half a mean square for targets of norm 1, here for cos κx
        seen, kappas, threshold = how.tables["circle"], (3, 5, 8, 12, 16), np.sqrt(0.05)
    else:
        seen = trained.times("quick", rng=np.random.default_rng(2), device=how.device)
        kappas, threshold = (3, 4, 5, 6, 8, 10), 0.1
    exact = convergence.population_times(ONE_TWO_FOUR, kappas, threshold, rate)
    data = pd.concat([exact.assign(route="exact"), seen.assign(route="trained")])
    return finishing_times(exact, seen), data


def convergence_sampling(how):
    """Figure 7 again: grids against random draws, by linear theory at the paper's threshold."""

    grid = convergence.theory("paper", frequencies=range(3, 31))
    setting = convergence.SETTINGS["paper"]
    setting = setting if how.paper else setting._replace(draws=12)
    random = convergence.theory(
        setting, "random", rng=np.random.default_rng(4), frequencies=range(3, 27, 2)
    )
    return sampled_times(grid, random), pd.concat([grid, random], ignore_index=True)


def hemisphere_times(how):
    """The sphere's halves: population, random points, and the paper's medians."""

    exact = sphere.population()
    samples = sphere.sampled(
        draws=40 if how.paper else 6, rng=np.random.default_rng(23)
    )
    data = pd.concat([exact.assign(level="population"), samples.assign(level="sample")])
    return quotients(exact, samples, sphere.PAPER), data


def depth_spectra(how):
    """Profiles and eigenvalues of 1 to 50 hidden layers."""

    layers, theta = (1, 2, 3, 10, 50), np.linspace(0, np.pi, 500)
    profiles = {L: DeepNTK(L).profile(theta) / (L + 1) for L in layers}
    decay = depth.eigenvalue_decay(layers, 200)
    return profiles_and_decay(theta, profiles, decay), decay


def deep_laziness(how):
    """Distance from the limit, drift and residual of deep networks against their width."""
    from ntklab.experiments.trained import depth as trained  # needs torch

    table = how.tables.get("laziness")
    if table is None:
        table = trained.lazy_training(rng=np.random.default_rng(5), device=how.device)
    return laziness(table, depth.slopes_by_seed(table)), table


def pair_splitting(how):
    """Pairs of eigenvalues against Z²/πq², Hill's equation and the law with the opposite point."""
    spectrum = fredholm.solve(TwoLayerNTK(), ONE_TWO_FOUR, 81)
    ratios = asymptotics.pair_ratios(spectrum, ONE_TWO_FOUR)
    hill = asymptotics.hill_eigenvalues(ONE_TWO_FOUR, 80)
    near = (spectrum.eigenvalues[1:] / hill).reshape(-1, 2)
    opposite = asymptotics.antipodal_hill_eigenvalues(ONE_TWO_FOUR, 80)
    sharper = (spectrum.eigenvalues[1:] / opposite).reshape(-1, 2)
    columns = ["law0", "law1", "hill0", "hill1", "sharper0", "sharper1"]
    data = pd.DataFrame(np.hstack([ratios, near, sharper]), columns=columns)
    return figures.pair_splitting(ratios, near, sharper), data


def protocol(how):
    """Networks over linear theory against κ; as a table the paper beside all readings."""
    tables, source = {name: full_size.read(name) for name in full_size.TABLES}, {}
    source = {name: f"kept, {full_size.PROVENANCE[name]}" for name in tables}
    for name, table in how.tables.items():
        kept = f"{name}_protocol" if name in ("circle", "sphere") else name
        tables[kept], source[kept] = table, f"this run, {_joined(table.device)}"
    data = comparison.beside_the_paper(tables, np.random.default_rng(1), source)
    circle, halves = (tables[f"{name}_protocol"] for name in ("circle", "sphere"))
    found = {"circle 1:2:4": comparison.departures(circle)}
    for ratio in sphere.RATIOS:
        part = comparison.departures(halves[halves.ratio == ratio])
        if len(part):  # none where linear theory diverges
            found[f"sphere 1:{ratio}"] = part
    return departures(found, comparison.LEAVES, comparison.leaves(circle)), data


def _joined(values):
    return "; ".join(sorted(set(values)))


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
    TABLE: protocol,
}


def run_part(run, case, first, count, setting, device):
    """One part of a run: its rows, for the record."""
    table = runs.compute(run, case, first, count, setting, device)
    return {"table": table.to_dict("list")}


def run_job(job, size, folder, device="cpu", seeds=None):
    """One claim measured, or one figure drawn and saved with its data; what the report says of it.

    Parameters
    ----------
    job : str
        A claim's id or a figure's name.
    size : {"quick", "paper"}
        Of figures; claims have one size.
    folder : str
        Where NAME.png, NAME.pdf and NAME.csv go, and where tables of runs are.
    device : str
        Of networks that a figure trains; those of claims are trained on a CPU, or in runs.
    seeds : int, optional
        Not used here: the tables are of so many.
    """
    tables = {}
    if size == "paper":
        tables = {name: pd.read_csv(_table(folder, name)) for name in TRAINED.get(job, ())}
    if job in CLAIMS:
        measured = judge(job, **_given(job, tables)).measurement
        return {"verdict": measured.verdict, "told": measured.figure}
    figure, data = FIGURES[job](How(size, device, tables))
    picture, pdf = figures.show(figure), io.BytesIO()  # refuses a figure without alt text
    with matplotlib.rc_context({"pdf.fonttype": 42}):  # text stays text
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None})
    contents = [picture.png, pdf.getvalue(), data.to_csv(index=False).encode()]
    for path, content in zip(_files(folder, job), contents, strict=True):
        _replace(path, content)
    return {"verdict": "", "told": picture.alt}


def _given(claim, tables):
    """What a claim's measure takes from the tables of its runs."""
    if not tables:
        return {}
    (table,) = tables.values()
    if claim == "C01":
        return {"learnings": runs.learned(table)}
    return {"trained" if claim == "C18" else "table": table}


def _table(folder, name):
    """Of a run, beside the report."""
    return Path(folder) / f"run_{name}.csv"


def _files(folder, name):
    """Of a figure: the picture for a screen, the picture for print, the data."""
    return [Path(folder) / f"{name}.{kind}" for kind in ("png", "pdf", "csv")]


@dataclass(frozen=True)
class Report:
    """Files of a finished report, and its table of claims."""

    html: Path
    markdown: Path
    claims: pd.DataFrame


def reproduce(
    folder, size="quick", only=(), *, device="cpu", seeds=None, executor=None, workers=None,
    progress=False,
):
    """Run all claims and figures and write report.html and report.md.

    Parameters
    ----------
    folder : path
        Where to; made if needed. Finished jobs on its record are not run again.
    size : {"quick", "paper"}
        Minutes on two cores, or the paper's sizes.
    only : sequence of str
        Claims and figures to run; all when empty.
    device : str
        Of networks, see `networks.pick_device`; with an executor each of its workers picks its own.
        What is on record stays as it is, wherever it was computed.
    seeds : int, optional
        Networks of each setting at the paper's sizes; each run's own number when left out.
    executor, workers
        As for `sweeps.run`. On a GPU one process trains at a time unless `workers` says otherwise.
        Workers on other machines see the same folder.
    progress : bool
        Whether to show bars with an estimate of the time left.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        An unknown size, claim, figure or device; seeds for the quick size, which has its own; a
        folder with a report of the other size; a record that is damaged, of other code, or in use
        by another process.
    OSError
        The folder, the record or a page could not be written; what is finished is kept.
    RuntimeError
        A job failed; the others are in the report, and a next run tries it again.
    """
    one_of("size", size, SIZES)
    names = list(only) or [*CLAIMS, *FIGURES]
    for name in names:
        one_of("only", name, (*CLAIMS, *FIGURES))
    if seeds is not None and whole_number("seeds", seeds, at_least=1) and size == "quick":
        raise ValueError(f"seeds: must be left out at the size 'quick', got {seeds}")
    gpu = executor is None and device != "cpu" and _on_gpu(device)
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for other in SIZES:  # files of a figure have one name in all sizes
        if other != size and any(folder.glob(f"record-*-{other}.jsonl")):
            told = f"must hold no report of another size than {size!r}, got {str(folder)!r}"
            raise ValueError(f"folder: {told} of size {other!r}")
    how = {"executor": executor, "workers": workers, "progress": progress}
    one_by_one = {**how, "workers": 1} if gpu and workers is None else how
    trained = _trained(folder, size, names, seeds, device, one_by_one)
    frame = _jobs(folder, size, names, seeds, device, trained, how)
    report = _write(folder, frame, size, trained)
    failed = frame.index[frame.error != ""]
    if len(failed):
        told = "; ".join(f"{name}: {frame.error[name]}" for name in failed)
        raise RuntimeError(f"{len(failed)} of {len(frame)} jobs failed: {told}")
    return report


def _on_gpu(device):
    """Whether networks are on a GPU; refuses a device that is missing."""
    from ntklab.networks import pick_device

    return pick_device(device).type == "cuda"


def _swept(function, cells, record, **how):
    with warnings.catch_warnings(action="ignore", category=sweeps.SweepWarning):  # told at the end
        return sweeps.run(function, cells, record=record, retry=True, **how)


def _trained(folder, size, names, seeds, device, how):
    """Every run that the jobs need, computed in parts: run, device, seeds, seconds, error."""
    needed = dict.fromkeys(name for job in names for name in TRAINED.get(job, ()))
    columns = ["run", "device", "seeds", "seconds", "error"]
    if size == "quick" or not needed:
        return pd.DataFrame(columns=columns).set_index("run")
    cells = [part for name in needed for part in runs.parts(name, seeds)]
    record = folder / f"record-{ntklab.__version__}-{size}-runs.jsonl"
    costs = [runs.cost(part) for part in cells]
    frame = _swept(run_part, cells, record, given={"device": device}, costs=costs, **how)
    rows = []
    for name, found in frame.groupby("run", sort=False):
        error = "; ".join(sorted(set(found.error) - {""}))
        devices = ""
        if not error:
            whole = pd.concat([pd.DataFrame(part) for part in found.table], ignore_index=True)
            _replace(_table(folder, name), whole.to_csv(index=False).encode())
            devices = _joined(whole.device)
        held = found.groupby("case", dropna=False)["count"].sum().max()
        rows.append((name, devices, held, found.seconds.sum(), error))
    return pd.DataFrame(rows, columns=columns).set_index("run")


def _jobs(folder, size, names, seeds, device, trained, how):
    """Claims and figures: job, verdict, told, seconds, error; not those whose runs failed."""
    lost = {job: "; ".join(f"run {run}: {trained.error[run]}" for run in TRAINED.get(job, ())
                           if run in trained.index and trained.error[run]) for job in names}
    cells = {name: {"job": name, "size": size, "seeds": seeds} for name in names if not lost[name]}
    given = {"folder": str(folder), "device": device}
    rows = pd.DataFrame(columns=["job", "verdict", "told", "seconds", "error"]).set_index("job")
    if cells:
        record = folder / f"record-{ntklab.__version__}-{size}.jsonl"
        rows = _swept(run_job, list(cells.values()), record, given=given, **how).set_index("job")
        drawn = [name for name in FIGURES if name in cells and rows.error[name] == ""]
        gone = [name for name in drawn if not all(p.exists() for p in _files(folder, name))]
        if gone:  # deleted since they went on record
            sweeps.run(run_job, [cells[name] for name in gone], given=given, **how)
    for name in (name for name in names if lost[name]):
        rows.loc[name, ["verdict", "told", "seconds", "error"]] = ["", "", 0.0, lost[name]]
    return rows


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


def _write(folder, frame, size, trained):
    claims = table(frame)
    drawn = [name for name in FIGURES if name in frame.index and frame.error[name] == ""]
    counts = ", ".join(f"{n} {v}" for v, n in claims.verdict.value_counts().items())
    title = "What does a network learn first? Every claim of the lecture, measured"
    intro = (
        f"ntklab {ntklab.__version__}, size {size}: {len(claims)} claims ({counts}), "
        f"{len(drawn)} figures, {frame.seconds.sum() + trained.seconds.sum():.0f} seconds of "
        "computing."
    )
    head = ["id", "slide", "verdict", "as printed", "what is true", "measured", "s", "lecture"]
    lines = [
        (c.id, c.slide, c.verdict, c.claim, c.truth, c.measured, f"{c.seconds:.1f}", c.lecture)
        for c in claims.itertuples()
    ]
    shown = pd.DataFrame(lines, columns=head)
    markdown = [f"# {title}", "", intro, "", *_markdown(shown)]
    page = [f"<h1>{escape(title)}</h1><p>{escape(intro)}</p>", "<div><table><thead><tr>"]
    page += [f"<th scope='col'>{escape(name)}</th>" for name in head] + ["</tr></thead><tbody>"]
    for line in lines:
        cells = "".join(f"<td>{escape(value)}</td>" for value in line)
        page.append(f"<tr class='{escape(line[2])}'>{cells}</tr>")
    page.append("</tbody></table></div>")
    parts = [("Networks trained for this report", _runs_told(trained))] if len(trained) else []
    if TABLE in drawn:
        parts.append(("The paper beside networks and theory", _table_told(folder)))
    for heading, shown in parts:
        page.append(f"<h2>{escape(heading)}</h2><div>{shown.to_html(index=False, border=0)}</div>")
        markdown += ["", f"## {heading}", "", *_markdown(shown)]
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


def _runs_told(trained):
    """Device, seeds and seconds of every run."""
    told = [runs.RUNS[name].told for name in trained.index]
    shown = trained.assign(what=told, seconds=trained.seconds.map("{:.0f}".format)).reset_index()
    return shown[["run", "what", "device", "seeds", "seconds", "error"]]


def _table_told(folder):
    """`comparison.beside_the_paper` as text."""
    data = pd.read_csv(_files(folder, TABLE)[2]).astype({"figure": str})

    def text(column, form):
        return [format(value, form) if np.isfinite(value) else "–" for value in data[column]]

    counts = {name: text(name, "z.0f") for name in ("seeds", "learned", "runs")}
    between = zip(text("low", "z.2f"), text("high", "z.2f"), text("coverage", "z.0%"), strict=True)
    return pd.DataFrame(
        {
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
        }
    )


def _markdown(shown):
    rows = [list(shown), ["---"] * shown.shape[1], *shown.astype(str).to_numpy().tolist()]
    return ["| " + " | ".join(v.replace("|", "\\|") for v in row) + " |" for row in rows]


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
