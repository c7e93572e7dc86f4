"""Gradient descent on many networks of one shape at once, each with its own target and points.

Every network descends its own mean squared loss,

    θ ← θ - η ∂Φ/∂θ,    Φ = (1/2n) Σ_i (f(x_i) - y_i)².

So `learning_rate` η is that of `ntklab.dynamics`: n times the η of the lecture, whose loss (5) is a
sum. A wide network follows `dynamics.gradient_descent` on the spectrum of its tangent kernel over
the points (`gram.solve`), with the same learning rate and `start` its output before training.

>>> import numpy as np, torch
>>> from ntklab.networks import TwoLayerReLU
>>> angles = np.linspace(-np.pi, np.pi, 100, endpoint=False)
>>> X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
>>> seeds = [torch.Generator().manual_seed(seed) for seed in range(2)]
>>> networks = [TwoLayerReLU(500, 2, generator=seed, device="cpu") for seed in seeds]
>>> training = train(networks, X, np.sin([angles, 2 * angles]), 1.0, 1000, threshold=0.05)
>>> training.reached.shape  # (networks, regions)
(2, 1)
"""

import hashlib
import io
import os
import time
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from ntklab import gradients
from ntklab._arguments import (
    _short,
    boolean,
    finite_array,
    instance_of,
    one_of,
    positive,
    real_array,
    whole_number,
)
from ntklab.dynamics import NORMS
from ntklab.networks import pick_device
from ntklab.tangent import ntk_vector_product

CHECK = 32  # iterations between two looks at what the device has found
SAVE = 60.0  # seconds between two checkpoints
LONGEST = 10**9  # iterations
MOST_RECORDED = 10**4
RISE = 4.0  # of a loss over its start that tells of too large a learning rate
MAGIC = b"ntklab training checkpoint 1\n"


@dataclass(frozen=True)
class Training:
    """What `train` found for N networks, R regions, n points, at T recorded iterations.

    Attributes
    ----------
    networks : tuple of LayeredNetwork
        Copies with the parameters after their last step.
    steps : ndarray of int, shape (N,)
        Steps that each network took.
    reached : ndarray, shape (N, R)
        The first iteration at which the region's error was at most the threshold; inf for never.
    iterations : ndarray of int, shape (T,)
        Recorded iterations: 0, then evenly spaced in their logarithm, and the last of all.
    losses : ndarray, shape (T, N)
        Φ over all points at the recorded iterations; nan where the network had stopped before.
    errors : ndarray, shape (T, N, R)
        The same for the errors of the regions.
    outputs : ndarray, shape (T, N, n), or None
        The same for f(x_i), where asked for.
    final_errors, final_outputs : ndarray, shapes (N, R) and (N, n)
        After the last step.
    """

    networks: tuple
    steps: np.ndarray
    reached: np.ndarray
    iterations: np.ndarray
    losses: np.ndarray
    errors: np.ndarray
    outputs: np.ndarray | None
    final_errors: np.ndarray
    final_outputs: np.ndarray


class DivergenceError(ArithmeticError):
    """A loss that grew and did not come down again; `training` is what there is until then."""

    def __init__(self, message, training):
        super().__init__(message)
        self.training = training

    def __reduce__(self):  # it must come home from a process pool
        return type(self), (*self.args, self.training)


def train(
    networks,
    X,
    targets,
    learning_rate,
    iterations,
    *,
    batch_size=None,
    generator=None,
    regions=None,
    threshold=None,
    norm="rms",
    stop_early=True,
    record=24,
    outputs=False,
    device=None,
    checkpoint=None,
    progress=False,
):
    """θ ← θ - η ∂Φ/∂θ with Φ = (1/2n) Σ_i (f(x_i) - y_i)², for every network; see the module.

    Parameters
    ----------
    networks : sequence of LayeredNetwork
        N networks alike but for the values of their parameters; they are left as they are. Their
        dtype is that of the arithmetic.
    X : array_like or tensor, shape (n, d) or (N, n, d)
        Points, shared or for each network.
    targets : array_like or tensor, shape (n,) or (N, n)
        y.
    learning_rate : float
        η of the mean squared loss, > 0. Beyond 2/λ_1 of the tangent kernel the loss first grows; a
        ReLU network may yet come down, but from about 4/λ_1 on its neurons die.
    iterations : int
        Steps at most, 1 to 10⁹.
    batch_size : int, optional
        Points in a mini-batch, whose mean replaces that over n; all when left out. An epoch goes
        once through a random order of the points, the same for all networks; its last batch is
        the rest.
    generator : torch.Generator
        Source of these orders; needed with `batch_size` only.
    regions : array_like of bool, shape (R, n) or (N, R, n), optional
        Masks of the points of each region; one region of all points when left out.
    threshold : float or array_like of shape (R,), optional
        The error at which a region counts as learned, > 0. Errors of all points are then computed
        at every iteration, which mini-batches do not need otherwise.
    norm : {"rms", "l2", "half_mse"}
        As in `dynamics`, with weights 1/n: √(Σ_R r²/|R|), √(Σ_R r²/n) or Σ_R r²/(2|R|).
    stop_early : bool
        Whether a network stops once all its regions have come down to the threshold.
    record : int
        Recorded iterations for each factor of 10 in the iteration, at most 10⁴.
    outputs : bool
        Whether to record the outputs, too.
    device : str or torch.device, optional
        As for `pick_device`; where the first network is when left out.
    checkpoint : path, optional
        File that the training is saved to, every minute and when interrupted, and resumed from
        where it exists: on a CPU bit for bit as if never interrupted. `iterations` may be raised
        to train on, all else must be the same.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Training

    Raises
    ------
    DivergenceError
        A loss rose to `RISE` times its start, or to no finite number, and did not end below
        1/`RISE` of it; 2/λ_1 is named, the history is kept. If it did, a RuntimeWarning says so.
    ValueError, TypeError
        Naming the argument out of range or of the wrong kind; for a checkpoint that is damaged or
        of other settings, naming the file, which is kept.
    """
    problem = _Problem(networks, X, targets, learning_rate, device)
    problem.measure_by(regions, threshold, norm, stop_early)
    problem.draw_batches(batch_size, generator)
    iterations = whole_number("iterations", iterations, at_least=1, at_most=LONGEST)
    record = whole_number("record", record, at_least=1, at_most=MOST_RECORDED)
    problem.keep(record, iterations, boolean("outputs", outputs))
    boolean("progress", progress)
    path = _path(checkpoint)
    state = _resume(path, problem, iterations)
    due = -np.inf  # the first save is at once: a path that can't be written shows early
    try:
        with tqdm(
            initial=state.iteration, total=iterations, disable=not progress, desc="training"
        ) as bar:
            while state.iteration < iterations and len(state.active) and not state.diverged:
                if path is not None and time.monotonic() >= due:
                    _save(path, problem, state)
                    due = time.monotonic() + SAVE
                state = problem.advance(state)
                if state.iteration % CHECK == 0:
                    bar.update(state.iteration - bar.n)
                    bar.set_postfix(networks=len(state.active), refresh=False)
            bar.update(state.iteration - bar.n)
    finally:  # at the end, and after KeyboardInterrupt
        if path is not None and not state.diverged:
            _save(path, problem, state)
    training = problem.finish(state)
    _judge(problem, training)
    return training


@dataclass(frozen=True)
class _State:
    """All that changes, replaced as a whole: an interrupt leaves one iteration or the next."""

    iteration: int
    active: torch.Tensor  # numbers of the networks still in training, (A,)
    rows: dict  # their parameters (A, ...), and `reached`, (A, R), iterations or -1
    stopped: tuple = ()  # of (numbers, rows), the same for networks no longer in training
    records: tuple = ()  # of (iteration, active, losses, errors, outputs)
    order: torch.Tensor | None = None  # of the points in this epoch
    generator: torch.Tensor | None = None  # its state after drawing that order
    diverged: bool = False

    def all_rows(self):
        parts = (*self.stopped, (self.active, self.rows))
        place = torch.cat([numbers for numbers, _ in parts]).argsort()
        return {name: torch.cat([rows[name] for _, rows in parts])[place] for name in self.rows}

    def without(self, done):
        """Without the networks marked in `done`, (A,), in training."""
        (active, rows), gone = (
            (self.active[some], {name: value[some] for name, value in self.rows.items()})
            for some in (~done, done)
        )
        return replace(self, active=active, rows=rows, stopped=(*self.stopped, gone))


class _Problem:
    """Checked arguments, and the map from one state to the next."""

    def __init__(self, networks, X, targets, learning_rate, device):
        self.networks = networks = gradients.alike(networks)
        first, count, d = next(networks[0].parameters()), len(networks), networks[0].dimension
        self.device = first.device if device is None else pick_device(device)
        self.dtype, self.count = first.dtype, count
        self.X = self._tensor("X", X, ("n", d), (count, "n", d))
        self.n = self.X.shape[-2]
        targets = self._tensor("targets", targets, (self.n,), (count, self.n))
        self.targets = targets.expand(count, -1)
        self.learning_rate = positive("learning_rate", learning_rate)
        self.route = gradients.route(networks[0], self.X)

    def measure_by(self, regions, threshold, norm, stop_early):
        regions = np.ones((1, self.n), bool) if regions is None else regions
        regions = regions.detach().cpu() if isinstance(regions, torch.Tensor) else regions
        masks = np.atleast_1d(real_array("regions", regions))
        if masks.dtype != bool:
            raise TypeError(f"regions: must be boolean, got {masks.dtype}")
        sizes = masks.sum(axis=-1, keepdims=True)
        shares = masks / (self.n if one_of("norm", norm, NORMS) == "l2" else np.maximum(sizes, 1))
        shares = self._tensor("regions", shares, ("R", self.n), (self.count, "R", self.n))
        if not sizes.all():
            raise ValueError(f"regions: must each hold points, got {sizes[..., 0].tolist()} points")
        self.norm, self.weights = norm, shares.expand(self.count, -1, -1)
        self.threshold = None
        if threshold is not None:
            self.threshold = self._tensor("threshold", threshold, (), shares.shape[-2:-1])
            if (self.threshold <= 0).any():
                raise ValueError(f"threshold: must be > 0, got {self.threshold.min():g}")
        self.stops = boolean("stop_early", stop_early) and threshold is not None

    def draw_batches(self, batch_size, generator):
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=self.n)
            instance_of("generator", generator, torch.Generator)
        elif generator is not None:
            raise ValueError("generator: is for mini-batches, give batch_size as well")
        self.batch_size, self.generator = batch_size, generator

    def keep(self, record, iterations, outputs):
        powers = np.arange(np.ceil(record * np.log10(iterations)) + 1) / record
        self.recorded = frozenset([0, *np.round(10**powers).astype(int).tolist()])
        self.record, self.outputs = record, outputs

    def start(self):
        """The state before the first step."""
        parameters = gradients.stack(self.networks, self.device)
        self.order = self.route.order(parameters)
        rows = gradients.rearranged(parameters, self.order)
        self.parameters = tuple(rows)
        rows["reached"] = torch.full(self.weights.shape[:2], -1, device=self.device)
        every = torch.arange(self.count, device=self.device)
        state = None if self.generator is None else self.generator.get_state()
        return _State(0, every, rows, generator=state)

    @torch.no_grad()
    def advance(self, state):
        """Looks at the errors of this iteration, then takes one step."""
        t, rows = state.iteration, state.rows
        parameters = {name: rows[name] for name in self.parameters}
        X, points, y, weights = self._data(state.active)
        u, records = None, state.records
        if self.batch_size is None:
            u, slopes = self.route.gradients(parameters, points, y)
        else:
            state, batch = self._next_batch(state)
            some = self.route.prepare(X[..., batch, :])
            _, slopes = self.route.gradients(parameters, some, y[:, batch])
            if t in self.recorded or self.threshold is not None:
                u = self.route.outputs(parameters, points)
        if u is not None:
            errors = self._errors(u, y, weights)
            rows = {**rows, "reached": self._reached(rows, t, errors)}
            if t in self.recorded:
                seen = u if self.outputs else None
                records += ((t, state.active, _losses(u, y), errors, seen),)
        done = self._done(rows)
        steps = self.learning_rate * (~done).to(self.dtype)
        moved = {
            name: parameters[name].addcmul(slope, steps.view(-1, *[1] * (slope.ndim - 1)), value=-1)
            for name, slope in slopes.items()
        }
        state = replace(state, iteration=t + 1, rows={**rows, **moved}, records=records)
        if state.iteration % CHECK == 0:  # the only waits for the device
            lost = not all(value.isfinite().all() for value in moved.values())
            state = replace(state.without(done) if done.any() else state, diverged=lost)
        return state

    @torch.no_grad()
    def finish(self, state):
        """The training that ended in this state."""
        rows, t = state.all_rows(), state.iteration
        parameters = {name: rows[name] for name in self.parameters}
        every = torch.arange(self.count, device=self.device)
        _, points, y, weights = self._data(every)
        u = self.route.outputs(parameters, points)
        errors = self._errors(u, y, weights)
        rows["reached"] = self._reached(rows, t, errors)
        reached = _array(rows["reached"])
        steps = np.where(_array(self._done(rows)), reached.max(axis=1), t)
        records = [record for record in state.records if record[0] < steps.max()]
        records.append((steps.max(), every, _losses(u, y), errors, u))
        iterations = np.array([record[0] for record in records])
        stopped = iterations[:, None] > steps
        return Training(
            networks=gradients.unstack(self.networks, parameters, self.order),
            steps=steps,
            reached=np.where(reached < 0, np.inf, reached),
            iterations=iterations,
            losses=_history(records, 2, stopped),
            errors=_history(records, 3, stopped),
            outputs=_history(records, 4, stopped) if self.outputs else None,
            final_errors=_array(errors),
            final_outputs=_array(u),
        )

    @cached_property
    def settings(self):
        """{argument: digest} of all that a checkpoint must share with the call resuming it."""
        network, seed = self.networks[0], self.generator and self.generator.initial_seed()
        named = {
            "networks": [
                type(network).__name__, getattr(network._activation, "__name__", ""),
                network._c_sigma, network._bias_scale, network.trained_parameters,
                *gradients.stack(self.networks, "cpu").values(),
            ],
            "X": [self.X], "targets": [self.targets], "learning_rate": [self.learning_rate],
            "batch_size": [self.batch_size], "generator": [seed], "regions": [self.weights > 0],
            "threshold": [self.threshold], "norm": [self.norm], "stop_early": [self.stops],
            "record": [self.record], "outputs": [self.outputs],
        }  # fmt: skip
        return {name: _digest(values) for name, values in named.items()}

    def _tensor(self, name, values, *shapes):
        """Checked values; n and R in a shape stand for any number but 0."""
        if isinstance(values, torch.Tensor):
            values = _array(values.detach())
        array = finite_array(name, values)

        def fits(shape):
            pairs = zip(shape, array.shape, strict=False)
            return len(shape) == array.ndim and all(a == b or a in ("n", "R") for a, b in pairs)

        if not array.size or not any(map(fits, shapes)):
            accepted = " or ".join(str(tuple(shape)).replace("'", "") for shape in shapes)
            raise ValueError(f"{name}: must have shape {accepted}, got {array.shape}")
        # dtype before device: some devices have no float64
        return torch.from_numpy(array).to(self.dtype).to(self.device)

    def _data(self, active):
        if getattr(self, "_active", None) is not active:
            X = self.X if self.X.ndim == 2 else self.X[active]
            self._view = X, self.route.prepare(X), self.targets[active], self.weights[active]
            self._active = active
        return self._view

    def _next_batch(self, state):
        k = state.iteration % -(-self.n // self.batch_size)
        if k == 0:
            self.generator.set_state(state.generator.cpu())
            order = torch.randperm(self.n, generator=self.generator, device=self.generator.device)
            state = replace(
                state, order=order.to(self.device), generator=self.generator.get_state()
            )
        return state, state.order[k * self.batch_size : (k + 1) * self.batch_size]

    def _errors(self, u, y, weights):
        means = torch.bmm(weights, (u - y).square()[..., None])[..., 0]
        return means / 2 if self.norm == "half_mse" else means.sqrt()

    def _reached(self, rows, t, errors):
        if self.threshold is None:
            return rows["reached"]
        arrived = (rows["reached"] < 0) & (errors <= self.threshold)
        return torch.where(arrived, t, rows["reached"])

    def _done(self, rows):
        return (rows["reached"] >= 0).all(1) & self.stops

    def limit(self, i):
        """2/λ_1 of network i's tangent kernel over its points, before training: power iteration."""
        X = _array(self.X if self.X.ndim == 2 else self.X[i])
        v = np.random.default_rng(0).standard_normal(self.n)
        for _ in range(20):
            v = ntk_vector_product(self.networks[i], X, v / np.linalg.norm(v)) / self.n
        return 2 / np.linalg.norm(v)


def _judge(problem, training):
    """Raises DivergenceError, or warns, where a loss rose: slow enough descent would lower it."""
    y, first = _array(problem.targets), training.losses[0]
    with np.errstate(over="ignore", invalid="ignore"):
        last = ((training.final_outputs - y) ** 2).mean(axis=1) / 2
        highest = np.maximum(np.nan_to_num(training.losses, posinf=np.inf).max(axis=0), last)
        rounding = np.finfo(y.dtype).eps * (y**2).mean(axis=1)
        rose = ~(highest <= RISE * first + rounding)
        lost = rose & ~(last <= first / RISE)
    if not rose.any():
        return
    i = int(np.argmax(np.where(lost if lost.any() else rose, highest, 0)))
    message = (
        f"learning_rate: {problem.learning_rate:g} took the loss of network {i} from "
        f"{first[i]:.3g} to {highest[i]:.3g}; it should be below 2/λ_1, about "
        f"{problem.limit(i):.3g} at the start (for mini-batches, well below)"
    )
    if lost[i]:
        raise DivergenceError(f"{message}; the loss ended at {last[i]:.3g}", training)
    warnings.warn(f"{message}; it came down again", RuntimeWarning, stacklevel=3)


def _array(tensor):
    return tensor.cpu().numpy()


def _history(records, place, stopped):
    """(T, N, ...): what stands at a place of the records, nan where a network had stopped."""
    last = _array(records[-1][place])
    history = np.full((*stopped.shape, *last.shape[1:]), np.nan, last.dtype)
    for row, record in zip(history, records, strict=True):
        row[_array(record[1])] = _array(record[place])
    history[stopped] = np.nan
    return history


def _losses(u, y):
    return (u - y).square().mean(1) / 2


def _digest(values):
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, torch.Tensor):
            digest.update(f"{tuple(value.shape)} {value.dtype}".encode())
            value = _array(value.detach()).tobytes()
        digest.update(value if isinstance(value, bytes) else repr(value).encode())
    return digest.hexdigest()


def _path(checkpoint):
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"checkpoint: must be a path, got {_short(checkpoint)}")
    path = Path(checkpoint)
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"checkpoint: must be a file in a folder that exists, got {str(path)!r}")
    return path


def _save(path, problem, state):
    """Writes a checkpoint: `MAGIC`, the digest of what follows, a dict by torch.save."""
    buffer = io.BytesIO()
    torch.save({"settings": problem.settings, "state": vars(state)}, buffer)
    payload = buffer.getvalue()
    draft = path.with_name(path.name + ".tmp")
    with open(draft, "wb") as file:
        file.write(MAGIC + hashlib.sha256(payload).digest() + payload)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)  # at any moment the path holds one whole checkpoint


def _resume(path, problem, iterations):
    """The state saved at `path`, or the first one where there is none."""
    start = problem.start()
    if path is None or not path.exists():
        return start
    data, size = path.read_bytes(), len(MAGIC) + hashlib.sha256().digest_size
    payload, file = data[size:], repr(str(path))
    kept = "it was left as it is, move it away to start again"
    if data[:size] != MAGIC + hashlib.sha256(payload).digest():
        raise ValueError(f"checkpoint: {file} is damaged or no checkpoint of `train`; {kept}")
    saved = torch.load(io.BytesIO(payload), map_location=problem.device, weights_only=True)
    settings = problem.settings
    other = [name for name in settings if settings[name] != saved["settings"].get(name)]
    if other:
        raise ValueError(f"checkpoint: {file} was made with other {', '.join(other)}; {kept}")
    state = _State(**saved["state"])
    if state.iteration > iterations:
        raise ValueError(f"iterations: must be >= {state.iteration} of {file}, got {iterations}")
    return state
