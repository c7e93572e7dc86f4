"""The `ntklab` command. A subcommand is one `_add_…` function, listed in `COMMANDS`.

Modules are imported by the subcommand that needs them, so that `ntklab --help` answers at once.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import ntklab

# A workspace of its own keeps the tabs of the user's other JupyterLab sessions as they were.
START_PAGE = "/lab/workspaces/ntklab"
INDEX = "README.md"  # shown first, where the folder has one


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ntklab ARGV…` and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has all letters
            stream.reconfigure(errors="replace")  # the locale may have no κ
    parser = argparse.ArgumentParser(prog="ntklab", description=ntklab.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"ntklab {ntklab.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in COMMANDS:
        add(commands)

    argv = list(sys.argv[1:] if argv is None else argv)
    end = argv.index("--") if "--" in argv else len(argv)
    args = parser.parse_args(argv[:end])
    args.passed_on = argv[end + 1 :]
    if "run" not in args:
        parser.print_help()
        return 0
    if args.passed_on and args.run is not _lab:
        parser.error("only `ntklab lab` takes options after --")
    try:
        status = args.run(args) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of `ntklab claims | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, ModuleNotFoundError, RuntimeError, MemoryError) as error:
        of_a_file = isinstance(error, OSError) and error.filename
        message = f"{error.filename}: {error.strerror}" if of_a_file else error
        print(f"ntklab: {message}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ntklab: interrupted", file=sys.stderr)
        return 130


def course_folder(start: Path | None = None) -> Path:
    """The course folder that holds `start` (the current folder), else the editable checkout's.

    A course folder is one with lectures/NN_slug.py in it.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    """
    start = Path(start or Path.cwd()).resolve()
    checkout = Path(ntklab.__file__).resolve().parents[1]
    for folder in (start, *start.parents, checkout):
        if any((folder / "lectures").glob("[0-9][0-9]_*.py")):
            return folder
    raise FileNotFoundError(
        f"no course (a folder with lectures/NN_slug.py) in or above {start}: "
        "go to your copy of the course, or name its folder"
    )


def _add_lab(commands):
    command = commands.add_parser(
        "lab",
        help="open the course in JupyterLab",
        usage="ntklab lab [-h] [FOLDER] [-- JUPYTERLAB OPTIONS]",
        description="Open the course in JupyterLab. A double-click opens a .py lecture as a "
        "notebook. Options after -- go to JupyterLab, e.g. `ntklab lab -- --no-browser`.",
    )
    command.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        help="the course folder (default: found from the current folder)",
    )
    command.set_defaults(run=_lab)


def _lab(args):
    folder = args.folder or course_folder()
    if not folder.is_dir():
        raise FileNotFoundError(f"FOLDER: must be an existing folder, got {folder}")

    from jupyterlab.labapp import LabApp

    page = f"{START_PAGE}/tree/{INDEX}" if (folder / INDEX).is_file() else START_PAGE
    # Threads that spin while they wait train 20 times slower once another program wants a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    options = [f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url={page}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container the only user is often root; the server still asks for its token.
        options.append("--allow-root")
    LabApp.launch_instance([*options, *args.passed_on])


def _add_build(commands):
    command = commands.add_parser("build", help="regenerate exercises or goldens, write pages")
    kinds = command.add_subparsers(title="what to build", metavar="WHAT", required=True)

    def add(name, run, help):
        kind = kinds.add_parser(name, help=help)
        kind.set_defaults(run=run)
        return kind

    def takes_lectures(kind):
        kind.add_argument(
            "names", metavar="NAME", nargs="*", help="lectures, e.g. 03 (default: all of them)"
        )

    def writes_to(kind, where, metavar="FOLDER", **default):
        kind.add_argument(
            "--out", metavar=metavar, type=Path, help=f"where to (default: {where})", **default
        )

    def knows_repository(kind, help):
        kind.add_argument(
            "--repository", metavar="OWNER/NAME",
            help=f"{help} (default: pyproject.toml, or git's origin)",
        )

    add("exercises", _build_exercises, "exercises/ from solutions/")
    takes_lectures(add("goldens", _build_goldens, "tests/golden/ by running the lectures"))
    html = add("html", _build_html, "the reading edition, a static web site")
    takes_lectures(html)
    writes_to(html, "_build/html in the course")
    html.add_argument(
        "--no-execute", action="store_true", help="text, formulas and code alone, in seconds"
    )
    knows_repository(html, "on GitHub, for links to Binder and Colab")
    pdf = add("pdf", _build_pdf, "the lectures as a book, printed by Chromium")
    takes_lectures(pdf)
    writes_to(pdf, "_build/ntklab.pdf", "FILE")
    colab = add("colab", _build_colab, "notebooks that install the course in Google Colab")
    knows_repository(colab, "your copy of it on GitHub")
    writes_to(colab, "_build/colab in the course")
    nbgrader = add("nbgrader", _build_nbgrader, "a course folder for a school's own nbgrader")
    writes_to(nbgrader, "nbgrader", default=Path("nbgrader"))


def _build_exercises(args):
    from ntklab.course import exercises

    course = course_folder()
    _report(exercises.build(course / "solutions", course / "exercises"))


def _build_goldens(args):
    from ntklab.course import goldens

    _report(goldens.build(course_folder(), args.names))


def _build_html(args):
    from ntklab.course import site

    course = course_folder()
    out = args.out or course / "_build" / "html"
    _report([site.build(course, out, args.names, execute=not args.no_execute,
                        repository=args.repository)])


def _build_pdf(args):
    from ntklab.course import site

    course = course_folder()
    out = args.out or course / "_build" / "ntklab.pdf"
    out.parent.mkdir(parents=True, exist_ok=True)
    _report([site.build_pdf(course, out, args.names)])


def _build_colab(args):
    from ntklab.course import colab

    course = course_folder()
    _report(colab.build(course, args.out or course / "_build" / "colab", args.repository))


def _build_nbgrader(args):
    from ntklab.course import nbgrader_course

    _report(nbgrader_course.build(course_folder() / "solutions", args.out))


def _report(paths):
    for path in paths:
        print(f"wrote {os.path.relpath(path)}")


def _add_claims(commands):
    command = commands.add_parser(
        "claims",
        help="measure claims of the lecture and judge them",
        description="Measure claims of the lecture, all of them when none is named, and print "
        "each with its verdict.",
    )
    command.add_argument("names", metavar="ID", nargs="*", help="claims, e.g. C13")
    command.add_argument("--list", action="store_true", help="only say which claims there are")
    command.set_defaults(run=_claims)


def _claims(args):
    from ntklab.claims import CLAIMS, judge

    for name in args.names or CLAIMS:
        if args.list and name in CLAIMS:
            print(f"{name}  {CLAIMS[name].source:18}  {CLAIMS[name].statement}")
        else:
            print(judge(name), flush=True)


def _add_certify(commands):
    command = commands.add_parser(
        "certify",
        help="prove eigenvalues under a piecewise-constant density",
        description="Enclose the largest eigenvalues of the two-layer kernel under a density of "
        "equal pieces, e.g. `ntklab certify 1 2 4`: proved in ball arithmetic.",
    )
    command.add_argument("weights", metavar="WEIGHT", nargs="+", type=float, help="of a piece")
    command.add_argument("--count", type=int, default=50, help="how many (default: 50)")
    command.set_defaults(run=_certify)


def _certify(args):
    from ntklab.certificates import certify
    from ntklab.densities import PiecewiseConstant

    print(certify(PiecewiseConstant.equal_pieces(args.weights), args.count))


def _add_reproduce(commands):
    command = commands.add_parser(
        "reproduce",
        help="run every claim and figure, write one report",
        description="Run every claim and redraw every figure of the lecture, and write "
        "report.html and report.md with the data beside them. Interrupted, it goes on where it "
        "was.",
    )
    command.add_argument(
        "names", metavar="NAME", nargs="*", help="claims and figures, e.g. C13 (default: all)"
    )
    command.add_argument(
        "--out", metavar="FOLDER", type=Path,
        help="where to (default: ntklab-report, with --paper ntklab-report-paper)",
    )
    size = command.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="minutes on two cores (default)")
    size.add_argument(
        "--paper", action="store_true", help="the paper's sizes, for a GPU: a core alone takes days"
    )
    command.add_argument(
        "--device", metavar="NAME", default="cpu",
        help="where networks are trained: cpu (default), cuda, auto",
    )
    command.add_argument(
        "--seeds", metavar="N", type=int,
        help="with --paper: networks of each setting (default: as each figure and claim needs)",
    )
    _add_processes(
        command, "processes (default: all cores; one at a time on a GPU)",
        "run on the Dask cluster there; its machines see the same folder",
    )
    command.set_defaults(run=_reproduce)


def _reproduce(args):
    from ntklab.report import reproduce

    size = "paper" if args.paper else "quick"
    out = args.out or Path("ntklab-report-paper" if args.paper else "ntklab-report")
    with _cluster(args.dask) as executor:
        report = reproduce(
            out, size, args.names, device=args.device, seeds=args.seeds, executor=executor,
            workers=args.workers, progress=True,
        )
    print(report.claims[["id", "verdict", "seconds"]].round(1).to_string(index=False))
    _report([report.html, report.markdown])


def _add_grade(commands):
    command = commands.add_parser(
        "grade",
        help="mark a folder of submissions",
        description="Mark what students handed in, as Moodle, Canvas, GitHub Classroom, nbgrader "
        "and others deliver it or in any layout of folders and names; zips are opened. Each "
        "submission runs in a sandbox of its own (bubblewrap). Writes index.html, summary.csv, "
        "grades.csv, marks.csv, a page a student, and what Moodle and Canvas import. Interrupted, "
        "it goes on where it was.",
    )
    command.add_argument("submissions", metavar="SUBMISSIONS", type=Path, help="the folder")
    command.add_argument(
        "--dry-run", action="store_true",
        help="only say who is who and which assignment, and what of every other file",
    )
    command.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path("grades"),
        help="where to (default: grades)",
    )
    command.add_argument(
        "--solutions", metavar="FOLDER", type=Path, help="the masters (default: the course's)"
    )
    command.add_argument(
        "--only", metavar="NN", action="append", help="an assignment, e.g. 03; may be repeated"
    )
    command.add_argument(
        "--students", metavar="CSV", type=Path,
        help="a roster: names, and ids, accounts or e-mails; Moodle's or Canvas's sheet will do",
    )
    command.add_argument(
        "--due", metavar="NN=WHEN", action="append", default=[],
        help="when an assignment was due, e.g. 03=2026-05-09T23:59; may be repeated",
    )
    command.add_argument(
        "--seconds", metavar="S", type=float, default=60.0, help="of a cell (default: 60)"
    )
    command.add_argument(
        "--memory", metavar="GB", type=float, default=2.0, help="of a submission (default: 2)"
    )
    _add_processes(
        command, "at a time (default: all cores)",
        "mark on the Dask cluster there; its machines see the same folders",
    )
    command.add_argument(
        "--trusted", action="store_true",
        help="do without the sandbox: submissions can then read and write what you can",
    )
    command.set_defaults(run=_grade)


def _grade(args):
    from ntklab._arguments import finite_number
    from ntklab.course import grading, planning, sandbox

    limits = sandbox.Limits(
        seconds=finite_number("--seconds", args.seconds, above=0),
        memory=int(finite_number("--memory", args.memory, above=0) * 1024**3),
    )
    solutions = args.solutions or course_folder() / "solutions"
    what = {"assignments": args.only, "students": args.students, "due": args.due}
    if args.dry_run:
        with tempfile.TemporaryDirectory() as unpacked:
            plan = planning.plan(args.submissions, solutions, Path(unpacked), **what)
        print(plan.table.drop(columns="remark").to_string(index=False))
        print(*plan.remarks, sep="\n")
        print(*plan.ambiguous, sep="\n", file=sys.stderr)
        return 1 if plan.ambiguous else 0
    with _cluster(args.dask) as executor:
        grades = grading.grade(
            args.submissions, solutions, args.out, **what, limits=limits, trusted=args.trusted,
            workers=args.workers, executor=executor, progress=True,
        )
    print(grades.totals[["student", "assignment", "marks", "out_of"]].to_string(index=False))
    print(*grades.remarks, sep="\n")
    names = ("index.html", "summary.csv", "grades.csv", "marks.csv", "feedback")
    _report([args.out / name for name in names])


def _add_processes(command, workers, dask):
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", metavar="N", type=int, help=workers)
    where.add_argument("--dask", metavar="ADDRESS", help=dask)


@contextlib.contextmanager
def _cluster(address):
    """An executor of the Dask cluster at an address; None without one."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        error.add_note("pip install 'ntklab[cluster]' brings it")
        raise
    with Client(address, timeout=10) as client:
        yield client.get_executor()


COMMANDS = (_add_lab, _add_build, _add_claims, _add_certify, _add_reproduce, _add_grade)

if __name__ == "__main__":
    sys.exit(main())
