"""Courses in nbgrader's layout: one that a school runs itself, and one for each assignment marked.

A course folder holds source/NN_slug/NN_slug.ipynb, the master as a notebook, and whatever nbgrader
adds: release/, submitted/, autograded/ and its gradebook.
"""

import contextlib
import os
import secrets
import sys
import tempfile
from pathlib import Path

import jupytext
import nbgrader
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from ntklab.course import execution, exercises, sandbox


def build(solutions: Path, out: Path) -> list[Path]:
    """Write a course for a school's own nbgrader: all masters, and nbgrader_config.py.

    Raises
    ------
    FileExistsError
        If `out` holds a course already: its gradebook is not ours to touch.
    """
    config = out / "nbgrader_config.py"
    if config.exists():
        raise FileExistsError(f"out: must not hold a course already, got {out}")
    paths = [_write_source(master, out) for master in exercises.masters(solutions).values()]
    text = CONFIG.format(seed=secrets.randbits(63))
    config.write_text(text, encoding="utf-8")
    return [*paths, config]


# The config file of a school's course.
CONFIG = '''\
"""nbgrader's settings for the ntklab course; run nbgrader in this folder."""

import sys
from pathlib import Path

from ntklab.course import nbgrader_course, sandbox

c = get_config()  # noqa: F821  nbgrader brings it
c.CourseDirectory.course_id = "ntklab"
# Submissions run in a sandbox of bubblewrap's, their tests outside of it. True: no sandbox; a
# submission can then read and write whatever you can, solutions and other submissions, too.
trusted = False
# Checks draw their questions from this seed while marking: answers learned by heart earn nothing.
seed = {seed}
nbgrader_course.configure(c, Path(__file__).parent, not trusted, seed)
if "autograde" in sys.argv and not trusted and (why := sandbox.why_unavailable()):
    raise SystemExit(f"{{why}}; or set `trusted = True` in nbgrader_config.py")
c.OverwriteCells.add_missing_cells = True
'''


def template(master: Path, digest: str, work: Path) -> Path:
    """A course with this one assignment released and an empty gradebook, made once in `work`."""
    ready = Path(work, f"template-{digest}-{nbgrader.__version__}")
    if not ready.exists():
        with tempfile.TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder:
            _write_source(master, Path(folder))
            require_success(api(folder, sandbox.Limits(), True).generate_assignment(master.stem))
            with contextlib.suppress(OSError):  # another worker was first
                os.rename(folder, ready)
    return ready


def api(root: Path, limits: sandbox.Limits, isolated: bool, seed: int = 0) -> NbGraderAPI:
    """nbgrader's interface to the course in `root`; submissions run as `execution` runs them."""
    # nbgrader calls the command `alembic` of its own environment
    own = str(Path(sys.executable).parent)
    if own not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
    config = Config()
    configure(config, root, isolated, seed)
    config.SandboxExecute.limits = limits
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def configure(config: Config, root: Path, isolated: bool, seed: int):
    """Set nbgrader to release and mark the course in `root` as `exercises` and `execution` do."""
    config.CourseDirectory.root = str(root)
    config.ClearSolutions.code_stub = {"python": exercises.STUB}
    config.Autograde.autograde_preprocessors = execution.preprocessors()
    config.SandboxExecute.source = str(Path(root, "source"))
    config.SandboxExecute.isolated = isolated
    config.SandboxExecute.seed = seed


def require_success(answer: dict):
    """RuntimeError with the last line of nbgrader's log, if this answer of its API is a failure."""
    if not answer["success"]:
        last = (answer.get("log") or answer.get("error") or "").strip().splitlines()[-1:]
        raise RuntimeError(f"nbgrader: {' '.join(last)}")


def _write_source(master, root):
    target = root / "source" / master.stem / f"{master.stem}.ipynb"
    target.parent.mkdir(parents=True)
    jupytext.write(jupytext.read(master, fmt="py:percent"), target)
    return target
