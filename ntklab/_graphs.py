"""A step of descent as a CUDA graph: captured once, replayed without launching its kernels anew.

On small networks a GPU waits for Python to launch some dozen kernels a step; a graph launches them
as one. It reads and writes the same memory at every replay: rows of parameters, the iteration, a
mini-batch, outputs and errors. A step that can't be captured runs without one, after a warning.
"""

import warnings

import torch

_warned = []  # not empty once this process has warned that a step cannot be captured


def replay(step, rows, view):
    """A `Replay` of this step on this view, or None on a device without graphs."""
    return Replay(step, rows, view) if suits(view.targets.device) else None


def suits(device):
    return device.type == "cuda"


def capture(work):
    """A function that replays the kernels of `work`, which has been run before to warm up."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):  # libraries allocate on first use, which a capture forbids
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


class Replay:
    """One step on static memory, a graph for each length of a mini-batch."""

    def __init__(self, step, rows, view):
        self._step, self._view = step, view
        self._rows = {name: value.clone() for name, value in rows.items()}
        self._t = torch.zeros((), dtype=torch.long, device=view.targets.device)
        self._graphs = {}  # (length of the batch, whether to look) -> (batch, seen, replay)
        self._failed = False
        if step.options.batch_size is None:
            self._graph(None, True)

    def load(self, rows, t):
        """Starts from these rows at iteration t."""
        for name, value in rows.items():
            self._rows[name].copy_(value)
        self._t.fill_(t)

    def rows(self):
        return {name: value.clone() for name, value in self._rows.items()}

    def run(self, batch, look):
        """Takes one step; (outputs, errors) before it, to be copied before the next."""
        static, seen, again = self._graph(batch, look)
        if batch is not None:
            static.copy_(batch)
        again()
        return seen["u"], seen["errors"]

    def _graph(self, batch, look):
        key = None if batch is None else len(batch), look
        if key not in self._graphs:
            static, seen = None if batch is None else batch.clone(), {}

            def work():
                rows, seen["u"], seen["errors"] = self._step(
                    self._rows, self._t, self._view, static, look
                )
                for name, value in self._rows.items():
                    if rows[name] is not value:
                        value.copy_(rows[name])
                self._t.add_(1)

            self._graphs[key] = static, seen, self._captured(work)
        return self._graphs[key]

    def _captured(self, work):
        """`work` as a graph, or itself where that fails; capturing moves nothing."""
        if self._failed:
            return work
        before = self.rows(), self._t.clone()
        try:
            return capture(work)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._failed = True
            _warn_once(error)
            return work
        finally:
            self.load(*before)


def _warn_once(error):
    if not _warned:
        _warned.append(True)
        text = " ".join(str(error).split())
        warnings.warn(
            f"device: this step can't be captured as a CUDA graph ({text}); training goes on "
            "step by step, more slowly",
            RuntimeWarning,
            stacklevel=2,
        )
