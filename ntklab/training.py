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

import copy
import hashlib
import io
import os
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from ntklab import gradients
from ntklab._arguments import finite_array, finite_number, instance_of, one_of, whole_number
from ntklab.dynamics import NORMS
from ntklab.networks import LayeredNetwork, pick_device
from ntklab.tangent import ntk_vector_product

CHECK = 32  # iterations between two looks at what the device has found
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
    errors : ndarray, shape (T, N, R)
        At the recorded iterations; nan where the network had stopped before.
    outputs : ndarray, shape (T, N, n), or None
        The same for f(x_i), where asked for.
    final_errors, final_outputs : ndarray, shapes (N, R) and (N, n)
        After the last step.
    interrupted : bool
        Whether KeyboardInterrupt ended the training.
    """

    networks: tuple
    steps: np.ndarray
    reached: np.ndarray
    iterations: np.ndarray
    errors: np.ndarray
    outputs: np.ndarray | None
    final_errors: np.ndarray
    final_outputs: np.ndarray
    interrupted: bool = False

    def to_frame(self):
        """A pandas.DataFrame of network, region, iteration, error: the records, then the last."""
        t, network, region = np.indices(self.errors.shape).reshape(3, -1)
        last_network, last_region = np.indices(self.final_errors.shape).reshape(2, -1)
        frame = pd.DataFrame(
            {
                "network": np.concatenate([network, last_network]),
                "region": np.concatenate([region, last_region]),
                "iteration": np.concatenate([self.iterations[t], self.steps[last_network]]),
                "error": np.concatenate([self.errors.ravel(), self.final_errors.ravel()]),
            }
        )
        stopped = frame["iteration"] > self.steps[frame["network"]]
        frame = frame[~stopped].drop_duplicates(["network", "region", "iteration"])
        return frame.sort_values(["network", "region", "iteration"], ignore_index=True)


class DivergenceError(ArithmeticError):
    """A loss that is no longer a finite number; `training` is what there is until then."""

    def __init__(self, message, training):
        super().__init__(message)
        self.training = training


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
    save_every=60.0,
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
        η of the mean squared loss, > 0; it should be below 2/λ_1 of the tangent kernel.
    iterations : int
        Steps at most, >= 1.
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
        Recorded iterations for each factor of 10 in the iteration.
    outputs : bool
        Whether to record the outputs, too.
    device : str or torch.device, optional
        As for `pick_device`; where the networks are when left out.
    checkpoint : path, optional
        File that the training is saved to, and resumed from where it exists: on a CPU bit for bit
        as if never interrupted. `iterations` may be raised to train on, all else must be the same.
    save_every : float
        Seconds between two saves.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Training
        After KeyboardInterrupt: as far as it came, with `interrupted` True. With a checkpoint the
        training is saved instead, and KeyboardInterrupt raised on.

    Raises
    ------
    DivergenceError
        A loss became infinite or nan; the iteration and 2/λ_1 are named, the history is kept.
    ValueError, TypeError
        Naming the argument out of range or of the wrong kind; for a checkpoint that is damaged or
        of other settings, naming the file, which is kept.
    """
    problem = _Problem(networks, X, targets, learning_rate, device)
    problem.measure_by(regions, threshold, norm, stop_early)
    problem.draw_batches(batch_size, generator)
    problem.keep(whole_number("record", record, at_least=1), outputs)
    iterations = whole_number("iterations", iterations, at_least=1)
    save_every = finite_number("save_every", save_every, at_least=0)
    path = None if checkpoint is None else Path(checkpoint)
    state = _resume(path, problem, iterations)
    due = -np.inf  # the first save is at once: a path that can't be written shows early
    try:
        with tqdm(
            initial=state.iteration, total=iterations, disable=not progress, desc="training"
        ) as bar:
            while state.iteration < iterations and len(state.active) and not state.diverged:
                state = problem.advance(state)
                if state.iteration % CHECK == 0:
                    bar.update(state.iteration - bar.n)
                    bar.set_postfix(networks=len(state.active), refresh=False)
                if path is not None and time.monotonic() >= due and not state.diverged:
                    _save(path, problem, state)
                    due = time.monotonic() + save_every
            bar.update(state.iteration - bar.n)
    except KeyboardInterrupt:
        if path is not None:
            _save(path, problem, state)
            raise
        return problem.finish(state, interrupted=True)
    training = problem.finish(state)
    if path is not None:
        _save(path, problem, state)
    return training


@dataclass(frozen=True)
class _State:
    """All that changes, replaced as a whole: an interrupt leaves one iteration or the next."""

    iteration: int
    active: torch.Tensor  # numbers of the networks still in training, (A,)
    rows: dict  # their parameters, and `reached` (A, R) and `lost` (A,): iterations, or -1
    rest: dict  # the same for all networks, up to date for those no longer in training
    records: tuple  # of (iteration, errors, outputs)
    order: torch.Tensor | None = None  # of the points in this epoch
    generator: torch.Tensor | None = None  # its state after drawing that order
    diverged: bool = False

    def to(self, device):
        """The same, as read from a file, on a device."""

        def move(value):
            return value.to(device) if isinstance(value, torch.Tensor) else value

        rest = {name: move(value) for name, value in self.rest.items()}
        active = move(self.active)
        return replace(
            self,
            active=active,
            rest=rest,
            rows={name: value[active] for name, value in rest.items()},
            records=tuple(tuple(map(move, record)) for record in self.records),
            order=move(self.order),
        )

    def all_rows(self):
        """Parameters, `reached` and `lost` of all networks."""
        return {k: self.rest[k].index_copy(0, self.active, v) for k, v in self.rows.items()}

    def without(self, done):
        """Without the networks marked in `done`, (A,), in training."""
        keep = (~done).nonzero()[:, 0]
        rows = {name: value[keep] for name, value in self.rows.items()}
        return replace(self, active=self.active[keep], rows=rows, rest=self.all_rows())


class _Problem:
    """Checked arguments, and the map from one state to the next."""

    def __init__(self, networks, X, targets, learning_rate, device):
        self.networks = _alike(networks)
        first = next(self.networks[0].parameters())
        self.device = first.device if device is None else pick_device(device)
        self.dtype, count = first.dtype, len(self.networks)
        self.X = self._tensor("X", X)
        shape, d = tuple(self.X.shape), self.networks[0].dimension
        if self.X.ndim not in (2, 3) or shape[-1] != d or 0 in shape or shape[:-2] not in (
            (), (count,),
        ):
            raise ValueError(f"X: must have shape (n, {d}) or ({count}, n, {d}), got {shape}")
        self.n = shape[-2]
        targets = self._tensor("targets", targets)
        if tuple(targets.shape) not in ((self.n,), (count, self.n)):
            accepted = f"({self.n},) or ({count}, {self.n}) for these points and networks"
            raise ValueError(f"targets: must have shape {accepted}, got {tuple(targets.shape)}")
        self.targets = targets.expand(count, -1)
        self.learning_rate = finite_number("learning_rate", learning_rate, above=0)
        self.route = gradients.route(self.networks[0], self.X)

    def measure_by(self, regions, threshold, norm, stop_early):
        regions, count = np.ones((1, self.n), bool) if regions is None else regions, self.count
        masks = np.asarray(regions.cpu() if isinstance(regions, torch.Tensor) else regions)
        if masks.dtype != bool or masks.ndim not in (2, 3) or masks.shape[-1] != self.n or (
            masks.shape[:-2] not in ((), (count,))
        ):
            raise ValueError(
                f"regions: must be boolean of shape (R, {self.n}) or ({count}, R, {self.n}), "
                f"got {masks.dtype} of shape {masks.shape}"
            )
        sizes = masks.sum(axis=-1)
        if not sizes.size or (sizes == 0).any():
            where = np.argwhere(sizes == 0)
            where = f"region {where[0][-1]} without any" if len(where) else "no region"
            raise ValueError(f"regions: must each hold points, got {where}")
        self.norm = one_of("norm", norm, NORMS)
        self.region_count = masks.shape[-2]
        sizes = self.n if norm == "l2" else sizes[..., None]
        self.weights = torch.from_numpy(masks / sizes).to(self.dtype).to(self.device)
        self.threshold = None
        if threshold is not None:
            threshold = finite_array("threshold", threshold)
            if threshold.shape not in ((), (self.region_count,)):
                accepted = f"one number or one a region ({self.region_count})"
                raise ValueError(f"threshold: must be {accepted}, got shape {threshold.shape}")
            if (threshold <= 0).any():
                raise ValueError(f"threshold: must be > 0, got {threshold.min()}")
            self.threshold = torch.from_numpy(threshold).to(self.dtype).to(self.device)
        self.stops = bool(stop_early) and threshold is not None

    def draw_batches(self, batch_size, generator):
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size, at_least=1, at_most=self.n)
            instance_of("generator", generator, torch.Generator)
        elif generator is not None:
            raise ValueError("generator: is for mini-batches, give batch_size as well")
        self.batch_size, self.generator = batch_size, generator

    def keep(self, record, outputs):
        self.record, self.outputs = record, bool(outputs)

    @property
    def count(self):
        return len(self.networks)

    def start(self):
        """The state before the first step."""
        stacked = gradients.stack(self.networks)
        rows = {name: value.to(self.device) for name, value in stacked.items()}
        self.order = self.route.order(rows)
        if self.order is not None:
            rows = _rearranged(rows, self.order)
        self.parameters = tuple(rows)
        minus = torch.full((self.count, self.region_count), -1, device=self.device)
        rows |= {"reached": minus, "lost": minus[:, 0].clone()}
        state = None if self.generator is None else self.generator.get_state()
        every = torch.arange(self.count, device=self.device)
        return _State(0, every, rows, rows, (), generator=state)

    @torch.no_grad()
    def advance(self, state):
        """Looks at the errors of this iteration, then takes one step."""
        t, rows = state.iteration, state.rows
        parameters = {name: rows[name] for name in self.parameters}
        X, points, y, weights = self._data(state.active)
        recorded, u = t in _recorded(t, self.record), None
        if self.batch_size is None:
            u, slopes = self.route.gradients(parameters, points, y)
            seen, aim = u, y
        else:
            state, batch = self._next_batch(state)
            seen_points, aim = self.route.prepare(X[..., batch, :]), y[:, batch]
            seen, slopes = self.route.gradients(parameters, seen_points, aim)
            if recorded or self.threshold is not None:
                u = self.route.outputs(parameters, points)
        records = state.records
        if u is not None:
            errors = self._errors(u, y, weights)
            if recorded:
                records += (self._record(state, errors, u),)
            rows = self._marked(rows, t, errors)
        finite = (seen - aim).square().sum(1).isfinite()
        lost = torch.where((rows["lost"] < 0) & ~finite, t, rows["lost"])
        done = self._done(rows)
        steps = torch.where(done, 0.0, self.learning_rate).to(self.dtype)
        moved = {
            name: torch.addcmul(
                parameters[name], slope, steps.view(-1, *[1] * (slope.ndim - 1)), value=-1
            )
            for name, slope in slopes.items()
        }
        rows = {**rows, **moved, "lost": lost}
        state = replace(state, iteration=t + 1, rows=rows, records=records)
        if state.iteration % CHECK == 0:  # the only waits for the device
            if done.any():
                state = state.without(done)
            if (state.rows["lost"] >= 0).any():
                state = replace(state, diverged=True)
        return state

    @torch.no_grad()
    def finish(self, state, interrupted=False):
        """The training that ended in this state; raises DivergenceError."""
        rows, t = state.all_rows(), state.iteration
        parameters = {name: rows[name] for name in self.parameters}
        _, points, y, weights = self._data(torch.arange(self.count, device=self.device))
        u = self.route.outputs(parameters, points)
        errors = self._errors(u, y, weights)
        rows = self._marked(rows, t, errors)
        lost = torch.where((rows["lost"] < 0) & ~errors.isfinite().all(1), t, rows["lost"])
        reached = _array(rows["reached"])
        steps = np.where(_array(self._done(rows)), reached.max(axis=1), t)
        if self.order is not None:
            parameters = _rearranged(parameters, self.order.argsort(dim=-1))
        networks = [copy.deepcopy(network).to(self.device) for network in self.networks]
        for i, network in enumerate(networks):
            for name, value in network.named_parameters():
                value.copy_(parameters[name][i])
        records = [r for r in state.records if r[0] < steps.max()]
        longest = torch.from_numpy(steps == steps.max()).to(self.device)[:, None]
        last = (torch.where(longest, values, torch.nan) for values in (errors, u))
        records.append((steps.max(), *last))
        training = Training(
            networks=tuple(networks),
            steps=steps,
            reached=np.where(reached < 0, np.inf, reached),
            iterations=np.array([r[0] for r in records]),
            errors=_array(torch.stack([r[1] for r in records])),
            outputs=_array(torch.stack([r[2] for r in records])) if self.outputs else None,
            final_errors=_array(errors),
            final_outputs=_array(u),
            interrupted=interrupted,
        )
        lost = _array(lost)
        if (lost >= 0).any():
            worst = int(np.argmin(np.where(lost < 0, t + 1, lost)))
            raise DivergenceError(
                f"learning_rate: {self.learning_rate:g} made the loss of network {worst} infinite "
                f"or nan at iteration {lost[worst]}; it should be below 2/λ_1, about "
                f"{self._limit(worst):.3g} at the start",
                training,
            )
        return training

    @cached_property
    def settings(self):
        """{argument: digest} of all that a checkpoint must share with the call resuming it."""
        network, seed = self.networks[0], self.generator and self.generator.initial_seed()
        named = {
            "networks": (
                type(network).__name__,
                network.trained_parameters,
                getattr(network._activation, "__name__", ""),
                network._c_sigma,
                network._bias_scale,
                *(value for net in self.networks for value in net.parameters()),
            ),
            "X": (self.X,),
            "targets": (self.targets,),
            "learning_rate": (self.learning_rate,),
            "batch_size": (self.batch_size,),
            "generator": (seed,),
            "regions": (self.weights > 0,),
            "threshold": (self.threshold,),
            "norm": (self.norm,),
            "stop_early": (self.stops,),
            "record": (self.record,),
            "outputs": (self.outputs,),
        }
        return {name: _digest(values) for name, values in named.items()}

    def _tensor(self, name, values):
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu().numpy()
        # dtype before device: some devices have no float64
        return torch.from_numpy(finite_array(name, values)).to(self.dtype).to(self.device)

    def _data(self, active):
        if getattr(self, "_active", None) is not active:
            X = self.X if self.X.ndim == 2 else self.X[active]
            weights = self.weights if self.weights.ndim == 2 else self.weights[active]
            self._view = X, self.route.prepare(X), self.targets[active], weights
            self._active = active
        return self._view

    def _next_batch(self, state):
        k = state.iteration % -(-self.n // self.batch_size)
        if k == 0:
            self.generator.set_state(state.generator)
            order = torch.randperm(self.n, generator=self.generator, device=self.generator.device)
            state = replace(
                state, order=order.to(self.device), generator=self.generator.get_state()
            )
        return state, state.order[k * self.batch_size : (k + 1) * self.batch_size]

    def _errors(self, u, y, weights):
        square = (u - y).square()
        means = square @ weights.mT if weights.ndim == 2 else torch.bmm(weights, square[..., None])
        means = means.reshape(len(u), -1)
        return means / 2 if self.norm == "half_mse" else means.sqrt()

    def _marked(self, rows, t, errors):
        if self.threshold is None:
            return rows
        reached = rows["reached"]
        arrived = (reached < 0) & (errors <= self.threshold)
        return {**rows, "reached": torch.where(arrived, t, reached)}

    def _done(self, rows):
        done = (rows["reached"] >= 0).all(1)
        return done if self.stops else torch.zeros_like(done)

    def _record(self, state, errors, u):
        def everywhere(values):
            values = torch.where(self._done(state.rows)[:, None], torch.nan, values)
            absent = values.new_full((self.count, values.shape[1]), torch.nan)
            return absent.index_copy(0, state.active, values)

        return state.iteration, everywhere(errors), everywhere(u) if self.outputs else None

    def _limit(self, i, products=20):
        """2/λ_1 of network i's tangent kernel over its points, before training."""
        X = self.X if self.X.ndim == 2 else self.X[i]
        v = np.random.default_rng(0).standard_normal(self.n)
        for _ in range(products):
            v = v / np.linalg.norm(v)
            Hv = ntk_vector_product(self.networks[i], X, v) / self.n
            largest, v = v @ Hv, Hv
        return 2 / largest


def _alike(networks):
    if isinstance(networks, LayeredNetwork):
        raise TypeError("networks: must be a sequence of networks, got one; write [network]")
    networks = [instance_of("networks", network, LayeredNetwork) for network in networks]
    if not networks:
        raise ValueError("networks: must hold one at least, got none")

    def kind(network):
        shapes = [(k, tuple(v.shape), v.requires_grad) for k, v in network.named_parameters()]
        value, activation = next(network.parameters()), network._activation
        scales = network._c_sigma, network._bias_scale
        return type(network).__name__, shapes, value.dtype, value.device, activation, scales

    for i, network in enumerate(networks):
        if kind(network) != kind(networks[0]):
            raise ValueError(
                f"networks: must be alike, got {networks[0]!r} and, as number {i}, {network!r}"
            )
    if next(networks[0].parameters()).dtype not in (torch.float32, torch.float64):
        raise ValueError(f"networks: must be float32 or float64, got {networks[0]!r}")
    if not networks[0].trained_parameters:
        raise ValueError("networks: must have a trained parameter, got none with requires_grad")
    return networks


@lru_cache(maxsize=8)
def _decade(record, exponent):
    return frozenset(round(10 ** (exponent + k / record)) for k in range(record))


def _recorded(t, record):
    """Recorded iterations of the decade of t."""
    if t == 0:
        return (0,)
    exponent = len(str(t)) - 1
    return _decade(record, exponent)


def _rearranged(rows, order):
    """Parameters (N, m) or (N, m, d) with their neurons in another order."""
    return {
        name: value.take_along_dim(order if value.ndim == 2 else order[..., None], dim=1)
        for name, value in rows.items()
    }


def _array(tensor):
    return tensor.cpu().numpy()


def _digest(values):
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, torch.Tensor):
            digest.update(f"{tuple(value.shape)} {value.dtype}".encode())
            value = value.detach().cpu().contiguous()
            digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()


def _save(path, problem, state):
    """Writes a checkpoint: `MAGIC`, the digest of what follows, a dict by torch.save."""
    content = vars(state) | {"rest": state.all_rows(), "rows": None}
    buffer = io.BytesIO()
    torch.save({"settings": problem.settings, "state": content}, buffer)
    payload = buffer.getvalue()
    handle, draft = tempfile.mkstemp(prefix=path.name, suffix=".tmp", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(MAGIC + hashlib.sha256(payload).digest() + payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def _resume(path, problem, iterations):
    """The state saved at `path`, or the first one where there is none."""
    start = problem.start()
    if path is None or not path.exists():
        if path is not None and not path.parent.is_dir():
            raise ValueError(f"checkpoint: its folder must exist, got {str(path)!r}")
        return start
    data, size = path.read_bytes(), len(MAGIC) + 32
    payload = data[size:]
    if data[:size] != MAGIC + hashlib.sha256(payload).digest():
        raise ValueError(
            f"checkpoint: {str(path)!r} is damaged or no checkpoint of `train`; it was left as it "
            "is, move it away to start again"
        )
    content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    settings = problem.settings
    other = [name for name in settings if settings[name] != content["settings"].get(name)]
    if other:
        raise ValueError(
            f"checkpoint: {str(path)!r} was made with other {', '.join(other)}; it was left as it "
            "is, give another path to start again"
        )
    state = _State(**content["state"]).to(problem.device)
    if state.iteration > iterations:
        raise ValueError(
            f"iterations: must be >= {state.iteration}, where {str(path)!r} is, got {iterations}"
        )
    return state
