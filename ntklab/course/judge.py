"""nbgrader's executor with the judge outside: a student's code cannot mark itself.

The cells of a submission run in a `sandbox.Kernel`. The test cells do not: they run here, and what
they call of the student's is asked in the kernel through `channel`. Whatever a student does to the
checks, to NumPy or to the notebook happens in a process whose only way to marks is to answer right.
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

MARKDOWN = 8_000  # characters of a cell of text
AGAIN = 10  # kernels that one notebook may end
OUTPUT_CELLS = 10  # a notebook may show as much as this many cells
SHOWN = ("stream", "display_data", "execute_result", "update_display_data", "error")


class Stopped(BaseException):
    """A question was not answered: no check may take this for an answer."""


class Judge(Execute):
    """Takes the place of `Execute` among `Autograde.autograde_preprocessors`."""

    source = Unicode(help="folder with <assignment>/<notebook>.ipynb, the masters").tag(config=True)
    isolated = Bool(True, help="whether kernels run behind bubblewrap's walls").tag(config=True)
    limits = Instance(sandbox.Limits, args=()).tag(config=True)
    seed = Integer(help="what checks draw their questions from; nobody's to know").tag(config=True)

    @default("seed")
    def _any(self):
        return secrets.randbits(63)

    def preprocess(self, nb, resources, km=None):
        """Run the cells, judge the answers."""
        told = resources["nbgrader"]
        master = Path(self.source, told["assignment"], told["notebook"] + ".ipynb")
        _refuse_oversized(nb)
        self._given = _imports(jupytext.read(master))
        self._deadline = None  # of all cells together, from the first one on
        self._until = None  # of the cell that is run or judged
        self._again = 0
        self._ran = []  # what a new kernel has to run again
        self._shown = {}  # characters shown by each cell
        self.interrupt_on_timeout, self.raise_on_iopub_timeout = False, False
        self.shutdown_kernel = "immediate"
        return super().preprocess(nb, resources, km)

    def create_kernel_manager(self):
        """A kernel within limits; none where walls are wanted and cannot be had."""
        if self.isolated and sandbox.missing():
            raise RuntimeError(f"no walls: {sandbox.missing()}")
        self.km = sandbox.Kernel(self.limits, self.isolated, config=self.config)
        return self.km

    def preprocess_cell(self, cell, resources, index):
        """Run a cell of the student's, or judge."""
        if cell.cell_type != "code":
            return cell, resources
        self._deadline = self._deadline or time.monotonic() + self.limits.notebook
        left = self._deadline - time.monotonic()
        self.timeout = max(1, int(min(self.limits.seconds, left)))
        self._until = time.monotonic() + self.timeout  # for all questions of a test cell together
        if left <= 0:
            why = f"the notebook took more than {self.limits.notebook:.0f} seconds"
            cell.outputs = [_failure("Stopped", why)]
        elif self.kc is None:
            cell.outputs = [_failure("Stopped", "an earlier cell ended the kernel for good")]
        elif is_grade(cell):
            cell.outputs = self._judged(cell.source)
        else:
            self._run(cell, index)
        return cell, resources

    def process_message(self, msg, cell, cell_index):
        """As ever, up to a limit on what a cell may show."""
        if msg["msg_type"].startswith("comm_"):
            return None  # nobody looks at widgets, and their state may be of any size
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
            self._ran.append(cell.source)
        except (CellTimeoutError, DeadKernelError) as error:
            cell.outputs.append(_failure("Stopped", f"this cell was stopped: {self._why(error)}"))
            self._begin_again()

    def _why(self, error):
        if isinstance(error, CellTimeoutError):
            return f"it took more than {self.timeout} seconds"
        # the watcher speaks a moment after the kernel's end is seen, or before
        return (self.km.stopped if self.km else "") or "it ended its own kernel"

    def _begin_again(self):
        """A new kernel, brought where the old one was before the cell that ended it."""
        start = time.monotonic()
        self._cleanup_kernel()
        self.kc = None
        self._again += 1
        if self._again > AGAIN:
            return
        # nothing of the student's runs yet: a failure here is the marking's, and no 0
        self.km = self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()
        self._deadline += time.monotonic() - start  # the student cannot help how long that takes
        self._until = min(time.monotonic() + self.limits.seconds, self._deadline)
        try:
            for source in self._ran:
                self._evaluate("None", source)
        except (Stopped, RuntimeError):
            with contextlib.suppress(Exception):
                self._cleanup_kernel()
            self.kc = None

    def _judged(self, source):
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), drawn_from(self.seed):
                exec(compile(source, "<test>", "exec"), self._space(source))
        except Stopped as error:
            self._begin_again()
            return [_failure("Stopped", f"your answer was stopped: {error}")]
        except Exception as error:
            return [_failure(type(error).__name__, str(error))]
        return [new_output("stream", name="stdout", text=said.getvalue())]

    def _space(self, source):
        """What a test cell sees: the master's imports, and the student's things."""
        space = dict(self._given)
        for node in ast.walk(ast.parse(source)):
            name = getattr(node, "id", None)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if name not in space and not hasattr(builtins, name):
                    kind = channel.kind(text := self._ask(name, None))
                    if kind == "callable":
                        space[name] = self._function(name)
                    elif kind != "missing":
                        space[name] = channel.read(text)
                    else:
                        what = f"there is no {name}: was its cell deleted, or did it stop?"
                        raise NameError(what)
        return space

    def _function(self, name):
        def function(*arguments, **keywords):
            return channel.read(self._ask(name, channel.question(arguments, keywords)))

        function.__name__ = name
        return function

    def _ask(self, name, asked):
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
        while time.monotonic() < self._until:
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
        """Forget what was printed meanwhile, or the next cell's messages find no room."""
        with contextlib.suppress(Empty):
            for _ in range(10_000):
                await self.kc.iopub_channel.get_msg(timeout=0)


def steps() -> list:
    """nbgrader's own steps of autograding, with the judge in the place of its executor."""
    default = Autograde.autograde_preprocessors.default()
    return [Judge if step is Execute else step for step in default]


def _imports(master):
    """What the master's import statements bring."""
    space = {}
    for cell in master.cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            with contextlib.suppress(SyntaxError):  # a cell with IPython's magic
                lines = ast.parse(cell.source).body
                lines = [line for line in lines if isinstance(line, ast.Import | ast.ImportFrom)]
                exec(compile(ast.Module(lines, []), "<imports>", "exec"), space)
    return space


def _refuse_oversized(nb):
    """Before anything runs; long texts are cut, since the time to show them grows as a square."""
    if told := submissions.oversized(nb.cells):
        raise ValueError(f"submission: {told}")
    for cell in nb.cells:
        if cell.cell_type == "markdown" and len(cell.source) > MARKDOWN:
            cell.source = cell.source[:MARKDOWN] + " … (cut)"


def _failure(name, text):
    return new_output("error", ename=name, evalue=text, traceback=text.splitlines())
