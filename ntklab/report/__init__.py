"""One report of everything: each claim with its verdict, each figure with its data (`reproduce`).

Jobs run side by side and are recorded as they finish, so that an interrupted run can be resumed. At
the paper's sizes networks are trained first, in parts (`experiments.full_size.runs`); claims are
then judged by, and figures drawn from, the tables that the parts make.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas as pd

import ntklab
from ntklab import sweeps
from ntklab._arguments import one_of, whole_number
from ntklab.claims import CLAIMS, judge
from ntklab.experiments.full_size import runs
from ntklab.figures import show
from ntklab.report import pages
from ntklab.report.figures import FIGURES, TABLE, Request, joined

SIZES = ("quick", "paper")
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
            wanted = f"must hold no report of another size than {size!r}, got {str(folder)!r}"
            raise ValueError(f"folder: {wanted} of size {other!r}")
    options = {"executor": executor, "workers": workers, "progress": progress}
    one_by_one = {**options, "workers": 1} if gpu and workers is None else options
    trained = _trained(folder, size, names, seeds, device, one_by_one)
    frame = _jobs(folder, size, names, seeds, device, trained, options)
    report = Report(*pages.write(folder, frame, size, trained))
    failed = frame.index[frame.error != ""]
    if len(failed):
        errors = "; ".join(f"{name}: {frame.error[name]}" for name in failed)
        raise RuntimeError(f"{len(failed)} of {len(frame)} jobs failed: {errors}")
    return report


def _on_gpu(device):
    """Whether networks are on a GPU; refuses a device that is missing."""
    from ntklab.networks import pick_device

    return pick_device(device).type == "cuda"


def _sweep(function, cells, record, **options):
    """`sweeps.run` without warnings, for `reproduce` raises an error about failed jobs."""
    with warnings.catch_warnings(action="ignore", category=sweeps.SweepWarning):
        return sweeps.run(function, cells, record=record, retry=True, **options)


def _trained(folder, size, names, seeds, device, options):
    """Compute the runs that the jobs need; a row for each: run, device, seeds, seconds, error."""
    needed = dict.fromkeys(name for job in names for name in TRAINED.get(job, ()))
    columns = ["run", "device", "seeds", "seconds", "error"]
    if size == "quick" or not needed:
        return pd.DataFrame(columns=columns).set_index("run")
    cells = [part for name in needed for part in runs.parts(name, seeds)]
    record = folder / f"record-{ntklab.__version__}-{size}-runs.jsonl"
    costs = [runs.cost(part) for part in cells]
    frame = _sweep(run_part, cells, record, given={"device": device}, costs=costs, **options)
    rows = []
    for name, found in frame.groupby("run", sort=False):
        error = "; ".join(sorted(set(found.error) - {""}))
        devices = ""
        if not error:
            whole = pd.concat([pd.DataFrame(part) for part in found.table], ignore_index=True)
            pages.replace(_run_file(folder, name), whole.to_csv(index=False).encode())
            devices = joined(whole.device)
        held = found.groupby("case", dropna=False)["count"].sum().max()
        rows.append((name, devices, held, found.seconds.sum(), error))
    return pd.DataFrame(rows, columns=columns).set_index("run")


def _jobs(folder, size, names, seeds, device, trained, options):
    """Run claims and figures; a row for each: job, verdict, text, seconds, error.

    A job whose runs failed is not run: its error is theirs.
    """
    lost = {job: "; ".join(f"run {run}: {trained.error[run]}" for run in TRAINED.get(job, ())
                           if run in trained.index and trained.error[run]) for job in names}
    cells = {name: {"job": name, "size": size, "seeds": seeds} for name in names if not lost[name]}
    given = {"folder": str(folder), "device": device}
    rows = pd.DataFrame(columns=["job", "verdict", "text", "seconds", "error"]).set_index("job")
    if cells:
        record = folder / f"record-{ntklab.__version__}-{size}.jsonl"
        rows = _sweep(run_job, list(cells.values()), record, given=given, **options)
        rows = rows.set_index("job")
        drawn = [name for name in FIGURES if name in cells and rows.error[name] == ""]
        gone = [name for name in drawn
                if not all(path.exists() for path in pages.figure_files(folder, name))]
        if gone:  # deleted since they went on record
            sweeps.run(run_job, [cells[name] for name in gone], given=given, **options)
    for name in (name for name in names if lost[name]):
        rows.loc[name, ["verdict", "text", "seconds", "error"]] = ["", "", 0.0, lost[name]]
    return rows


def run_part(run, case, first, count, setting, device):
    """The table of one part of a run, in a form for the record."""
    table = runs.compute(run, case, first, count, setting, device)
    return {"table": table.to_dict("list")}


def run_job(job, size, folder, device="cpu", seeds=None):
    """Measure a claim, or draw and save a figure with its data; return its verdict and text.

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
        Networks of each setting in the tables of runs, to tell jobs on record apart.
    """
    tables = {}
    if size == "paper":
        tables = {name: pd.read_csv(_run_file(folder, name)) for name in TRAINED.get(job, ())}
    if job in CLAIMS:
        measured = judge(job, **_measured_from(job, tables)).measurement
        return {"verdict": measured.verdict, "text": measured.figure}
    figure, data = FIGURES[job](Request(size, device, tables))
    picture, pdf = show(figure), io.BytesIO()  # refuses a figure without alt text
    with matplotlib.rc_context({"pdf.fonttype": 42}):  # text stays text
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None})
    contents = [picture.png, pdf.getvalue(), data.to_csv(index=False).encode()]
    for path, content in zip(pages.figure_files(folder, job), contents, strict=True):
        pages.replace(path, content)
    return {"verdict": "", "text": picture.alt}


def _measured_from(claim, tables):
    """Arguments of a claim's measure that hand it the tables of its runs."""
    if not tables:
        return {}
    (table,) = tables.values()
    if claim == "C01":
        return {"learnings": runs.learned(table)}
    return {"trained" if claim == "C18" else "table": table}


def _run_file(folder, name):
    """Path of the table of a run."""
    return Path(folder) / f"run_{name}.csv"
