"""A pytest plug-in: lectures and solutions as tests, one test a code cell, run by nbval.

Every cell must run without error. In lectures the tagged cells must also print their goldens
(see `goldens`), but for rounding (see `comparison`); solutions are checked by the test cells that
they hold. Activated for this project by `-p collector` in pyproject.toml.
"""

import sys
from collections import defaultdict

import pytest
from comparison import Printed, difference, malformed

# jsonschema does without it: a grammar of web addresses, read for three seconds at every start
sys.modules.setdefault("rfc3987_syntax", None)

from nbval.plugin import IPyNbCell, IPyNbFile, find_metadata_tags  # noqa: E402

from ntklab.course import goldens  # noqa: E402

# nbval drops outputs under these names: what is left to compare is stdout and text/plain.
NOT_COMPARED = (
    "stderr",
    "text/html",
    "text/latex",
    "text/markdown",
    "image/svg+xml",
    "application/json",
    "application/javascript",
)


def pytest_configure(config):
    # The kernel is this very Python, whatever kernels the user has registered.
    config.option.nbval_current_env = True


def pytest_pycollect_makemodule(module_path, parent):
    kind = {"lectures": LectureFile, "solutions": NotebookFile}.get(module_path.parent.name)
    return kind.from_parent(parent, path=module_path) if kind else None


class NotebookFile(IPyNbFile):
    """A py:percent notebook whose cells must all run."""

    def collect(self):
        self.nb = goldens.read_notebook(self.path)
        self.found = self.prepare()
        if self.found:
            yield Refusal.from_parent(self, name="goldens")
            return
        code = [cell for cell in self.nb.cells if cell.cell_type == "code"]
        for number, cell in enumerate(code):
            options = defaultdict(bool, find_metadata_tags(cell.metadata))
            yield Cell.from_parent(
                self, name=f"Cell {number}", cell_num=number, cell=cell, options=options
            )

    def setup(self):
        if not self.found:
            super().setup()  # starts the kernel

    def prepare(self):
        """Make the notebook ready for comparison; the reasons why it can't be, if any."""
        if goldens.tagged_cells(self.nb):
            return [f"a solution has no golden: remove the tag {goldens.TAG}"]
        return []


class LectureFile(NotebookFile):
    """A notebook whose tagged cells are compared with its golden."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.skip_compare += NOT_COMPARED
        self.sanitize_patterns.update(goldens.SANITIZE)

    def prepare(self):
        path = goldens.golden_path(self.path)
        try:
            reference = goldens.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        except ValueError as error:
            return [str(error)]
        found = goldens.problems(self.nb, reference)
        for number, golden in enumerate(reference or [], 1):
            for word in malformed("\n".join([golden.stdout or "", *golden.values])):
                found.append(f"the golden of tagged cell {number} has a malformed number: {word!r}")
        if not found:
            goldens.attach(self.nb, reference)
        return found


class Cell(IPyNbCell):
    """A cell whose printed numbers are compared as numbers."""

    def sanitize(self, s):
        s = super().sanitize(s)
        return Printed(s) if isinstance(s, str) else s

    def format_output_compare(self, key, left, right):
        super().format_output_compare(key, str(left), str(right))
        self.comparison_traceback.append(difference(left, right))


class Refusal(pytest.Item):
    """The one test, failing, of a notebook that can't be checked. Other files run on."""

    def runtest(self):
        reasons = "\n".join([f"{self.path.name}:", *self.parent.found])
        pytest.fail(f"{reasons}\nTo renew goldens: ntklab build goldens", pytrace=False)
