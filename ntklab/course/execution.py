"""nbgrader's executor with test cells outside of the kernel: a student's code cannot mark itself.

The cells of a submission run in a `sandbox.Kernel`. The test cells run in this process; when they
call a function of the student's, the call is sent to the kernel through `channel`. Whatever a
student does to the checks, to NumPy or to the notebook happens in the kernel's process, which can
earn marks by right answers only.
"""

import ast
import builtins
import contextlib
import io
import secrets
import time
from pathlib import Path
from queue import Empty

import jupytext
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from nbgrader.converters.autograde import Autograde
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Bool, Instance, Integer, Unicode, default

from ntklab.course import channel, sandbox, submissions
from ntklab.course.checks.answers import drawn_from

MARKDOWN = 8_000  # characters of a Markdown cell; the rest is cut
RESTARTS = 10  # kernels that one notebook may end
OUTPUT_CELLS = 10  # a notebook may show as much as this many cells may
SHOWN = ("stream", "display_data", "execute_result", "update_display_data", "error")


class Stopped(BaseException):
    """A call to the kernel gave no answer; no Exception, for a check might catch those."""


class SandboxExecute(Execute):
    """The preprocessor that replaces `Execute` in `Autograde.autograde_preprocessors`."""

    source = Unicode(help="folder with <assignment>/<notebook>.ipynb, the masters").tag(config=True)
    isolated = Bool(True, help="whether kernels run in bubblewrap's sandbox").tag(config=True)
    limits = Instance(sandbox.Limits, args=()).tag(config=True)
    seed = Integer(help="seed of the questions that checks ask; keep it secret").tag(config=True)

    @default("seed")
    def _default_seed(self):
        return secrets.randbits(63)

    def preprocess(self, nb, resources, km=None):
        """Run all cells; give the test cells the outputs by which nbgrader counts their marks."""
        names = resources["nbgrader"]
        master = Path(self.source, names["assignment"], names["notebook"] + ".ipynb")
        _refuse_oversized(nb)
        self._imported = _imports(jupytext.read(master))
        self._deadline = None  # of all cells together, from the first one on
        self._cell_deadline = None  # of the cell that runs
        self._restarts = 0
        self._completed = []  # sources of cells that a new kernel has to run again
        self._shown = {}  # characters shown by each cell
        self.interrupt_on_timeout, self.raise_on_iopub_timeout = False, False
        self.shutdown_kernel = "immediate"
        return super().preprocess(nb, resources, km)

    def create_kernel_manager(self):
        """A kernel within limits; RuntimeError where it should be isolated and cannot be."""
        if self.isolated and (why := sandbox.why_unavailable()):
            raise RuntimeError(f"no sandbox: {why}")
        self.km = sandbox.Kernel(self.limits, self.isolated, config=self.config)
        return self.km

    def preprocess_cell(self, cell, resources, index):
        """Run a cell of the student's in the kernel, or a test cell here."""
        if cell.cell_type != "code":
            return cell, resources
        self._deadline = self._deadline or time.monotonic() + self.limits.notebook
        left = self._deadline - time.monotonic()
        self.timeout = max(1, int(min(self.limits.seconds, left)))
        self._cell_deadline = time.monotonic() + self.timeout
        if left <= 0:
            why = f"the notebook took more than {self.limits.notebook:.0f} seconds"
            cell.outputs = [_failure("Stopped", why)]
        elif self.kc is None:
            cell.outputs = [_failure("Stopped", "an earlier cell ended the kernel for good")]
        elif is_grade(cell):
            cell.outputs = self._tested(cell.source)
        else:
            self._run(cell, index)
        return cell, resources

    def process_message(self, msg, cell, cell_index):
        """Add what the kernel shows to the cell's outputs, up to the limit on their size."""
        if msg["msg_type"].startswith("comm_"):
            return None  # widgets are not shown, and their state may be of any size
        if msg["msg_type"] in SHOWN:
            if sum(self._shown.values()) > OUTPUT_CELLS * self.limits.output:
                return None
            before = self._shown.get(cell_index, 0)
            self._shown[cell_index] = before + len(str(msg["content"]))
            if self._shown[cell_index] > self.limits.output:
                if before <= self.limits.output:
                    text = f"\n... cut: a cell may show {self.limits.output} characters\n"
                    cell.outputs.append(new_output("stream", name="stdout", text=text))
                return None
        return super().process_message(msg, cell, cell_index)

    def _cleanup_kernel(self):
        if self.km is not None:  # ended for good, and cleaned up
            super()._cleanup_kernel()

    def _run(self, cell, index):
        try:
            self.execute_cell(cell, index, store_history=True)
            self._completed.append(cell.source)
        except (CellTimeoutError, DeadKernelError) as error:
            cell.outputs.append(_failure("Stopped", f"this cell was stopped: {self._why(error)}"))
            self._restart()

    def _why(self, error):
        """The reason for which the kernel stopped, in words."""
        if isinstance(error, CellTimeoutError):
            return f"it took more than {self.timeout} seconds"
        return (self.km.stopped if self.km else "") or "it ended its own kernel"

    def _restart(self):
        """Start a new kernel and run all cells before the one that ended the old kernel."""
        start = time.monotonic()
        self._cleanup_kernel()
        self.kc = None
        self._restarts += 1
        if self._restarts > RESTARTS:
            return
        # nothing of the student's runs yet: an error here is ours, and does not cost marks
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        self._deadline += time.monotonic() - start  # the student cannot help how long that takes
        self._cell_deadline = min(time.monotonic() + self.limits.seconds, self._deadline)
        try:
            for source in self._completed:
                self._evaluate("None", source)
        except (Stopped, RuntimeError):
            with contextlib.suppress(Exception):
                self._cleanup_kernel()
            self.kc = None

    def _tested(self, source):
        """The outputs of a test cell."""
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), drawn_from(self.seed):
                exec(compile(source, "<test>", "exec"), self._namespace(source))
        except Stopped as error:
            self._restart()
            return [_failure("Stopped", f"your answer was stopped: {error}")]
        except Exception as error:
            return [_failure(type(error).__name__, str(error))]
        return [new_output("stream", name="stdout", text=printed.getvalue())]

    def _namespace(self, source):
        """The globals of a test cell: the master's imports, and the student's names in it."""
        names = {node.id for node in ast.walk(ast.parse(source))
                 if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        space = dict(self._imported)
        for name in sorted(names - set(space) - set(dir(builtins))):
            space[name] = channel.read(self._ask(name, None), self._function(name))
        return space

    def _function(self, name):
        """A function that calls the student's function of this name in the kernel."""
        def function(*arguments, **keywords):
            return channel.read(self._ask(name, channel.question(arguments, keywords)))

        function.__name__ = name
        return function

    def _ask(self, name, asked):
        """The text of `channel.reply` in the kernel."""
        module = f"__import__({channel.__name__!r}, fromlist=['reply'])"
        text = self._evaluate(f"{module}.reply(globals(), {name!r}, {asked!r})")
        if not isinstance(text, str) or len(text) > channel.LARGEST:
            raise Stopped("it gave no answer that can be read: it must be under 1 MB")
        return text

    def _evaluate(self, expression, source=""):
        """The expression's repr in the kernel, after it ran the source."""
        asked = self.kc.execute(source, silent=True, user_expressions={"answer": expression})
        content = self._reply(asked)
        answer = content.get("user_expressions", {}).get("answer", {})
        if answer.get("status") != "ok" and not source:
            raise Stopped(f"{answer.get('ename', 'nothing')} came back instead of an answer")
        return answer.get("data", {}).get("text/plain", "")

    async def _async_reply(self, asked):
        while time.monotonic() < self._cell_deadline:
            try:
                message = await self.kc.shell_channel.get_msg(timeout=0.5)
            except Empty:
                if not await self.km.is_alive():
                    raise Stopped(self._why(None)) from None
                continue
            if message["parent_header"].get("msg_id") == asked:
                await self._drain()
                return message["content"]
        raise Stopped(f"it took more than {self.timeout} seconds")

    _reply = run_sync(_async_reply)

    async def _drain(self):
        """Drop what was printed meanwhile: it would fill the queue of the next cell's messages."""
        with contextlib.suppress(Empty):
            for _ in range(10_000):
                await self.kc.iopub_channel.get_msg(timeout=0)


def preprocessors() -> list:
    """nbgrader's own preprocessors of autograding, with `SandboxExecute` for `Execute`."""
    default = Autograde.autograde_preprocessors.default()
    return [SandboxExecute if step is Execute else step for step in default]


def _imports(master):
    """{name: value} of the import statements of the master."""
    space = {}
    for cell in master.cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            with contextlib.suppress(SyntaxError):  # a cell with IPython's magic
                lines = ast.parse(cell.source).body
                lines = [line for line in lines if isinstance(line, ast.Import | ast.ImportFrom)]
                exec(compile(ast.Module(lines, []), "<imports>", "exec"), space)
    return space


def _refuse_oversized(nb):
    """Refuse a notebook of too many cells or characters; cut long Markdown cells.

    The time to render a Markdown cell grows as the square of its length.
    """
    if why := submissions.why_oversized(nb.cells):
        raise ValueError(f"submission: {why}")
    for cell in nb.cells:
        if cell.cell_type == "markdown" and len(cell.source) > MARKDOWN:
            cell.source = cell.source[:MARKDOWN] + " … (cut)"


def _failure(name, text):
    return new_output("error", ename=name, evalue=text, traceback=text.splitlines())
