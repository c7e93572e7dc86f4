"""Gradient descent on a stack of networks: a step from tensors to tensors, a state after each.

    θ ← θ - η ∂Φ/∂θ,    Φ = (1/2n) Σ_i (f(x_i) - y_i)²

`Step` is the arithmetic, `Descent` the map from one state to the next, which draws mini-batches,
keeps records and takes networks out that are done. Nothing here changes in place but what a CUDA
graph replays (`ntklab._graphs`).
"""

from dataclasses import dataclass, replace
from typing import Any

import torch

CHECK = 32  # iterations between two looks at what the device has found


@dataclass(frozen=True)
class Options:
    """Checked arguments of `train` that are no data."""

    learning_rate: float
    norm: str
    threshold: torch.Tensor | None
    stops: bool  # whether a network stops at the threshold
    batch_size: int | None
    record: int
    recorded: frozenset  # iterations
    outputs: bool  # whether they are recorded


@dataclass(frozen=True)
class View:
    """The data from which the networks numbered `active` learn."""

    active: torch.Tensor
    X: torch.Tensor
    points: Any  # X as the route prepares it
    targets: torch.Tensor
    weights: torch.Tensor


@dataclass(frozen=True)
class State:
    """All that changes in training, replaced as a whole: no interrupt leaves half a step."""

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
        """The state after the networks marked in `done`, shape (A,), have stopped."""
        (active, rows), gone = (
            (self.active[some], {name: value[some] for name, value in self.rows.items()})
            for some in (~done, done)
        )
        return replace(self, active=active, rows=rows, stopped=(*self.stopped, gone))


@dataclass(frozen=True)
class Step:
    """One iteration: rows of parameters to new rows, outputs and errors."""

    route: Any
    options: Options

    def __call__(self, rows, t, view, batch=None, look=True):
        """(rows after the step, outputs before it, errors before it); the latter two if `look`.

        t is the iteration, a number or a tensor; a mini-batch leaves the outputs to `look` for.
        """
        parameters, u, errors = parameters_of(rows), None, None
        if batch is None:
            u, slopes = self.route.gradients(parameters, view.points, view.targets)
        else:
            some = self.route.prepare(view.X[..., batch, :])
            _, slopes = self.route.gradients(parameters, some, view.targets[:, batch])
            if look:
                u = self.route.outputs(parameters, view.points)
        if look:
            errors = self.errors(u, view)
            rows = {**rows, "reached": self.reached(rows, t, errors)}
        going = ~self.done(rows)
        steps = self.options.learning_rate * going.to(view.targets.dtype)
        moved = {
            name: parameters[name].addcmul(slope, steps.view(-1, *[1] * (slope.ndim - 1)), value=-1)
            for name, slope in slopes.items()
        }
        return {**rows, **moved}, u, errors

    def errors(self, u, view):
        """The error of each network in each region, shape (A, R), in the norm of the options."""
        means = torch.bmm(view.weights, (u - view.targets).square()[..., None])[..., 0]
        return means / 2 if self.options.norm == "half_mse" else means.sqrt()

    def reached(self, rows, t, errors):
        if self.options.threshold is None:
            return rows["reached"]
        arrived = (rows["reached"] < 0) & (errors <= self.options.threshold)
        return torch.where(arrived, t, rows["reached"])

    def done(self, rows):
        return (rows["reached"] >= 0).all(1) & self.options.stops


@dataclass(frozen=True)
class Descent:
    """The data of all networks, and the map from one state to the next."""

    step: Step
    X: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    generator: torch.Generator | None

    def start(self, parameters):
        """The state before the first step."""
        reached = torch.full(self.weights.shape[:2], -1, device=self.X.device)
        every = torch.arange(len(self.targets), device=self.X.device)
        state = None if self.generator is None else self.generator.get_state()
        return State(0, every, {**parameters, "reached": reached}, generator=state)

    def view(self, active):
        X = self.X if self.X.ndim == 2 else self.X[active]
        points = self.step.route.prepare(X)
        return View(active, X, points, self.targets[active], self.weights[active])

    @torch.no_grad()
    def advance(self, state, view, most, replay):
        """The state after one step; after up to `CHECK` of them where a graph is replayed."""
        if replay is None:
            batch, state = self._batch(state)
            t, look = state.iteration, self._looks(state)
            rows, u, errors = self.step(state.rows, t, view, batch, look)
            state = replace(self._recorded(state, view, u, errors), rows=rows)
            return self._checked(replace(state, iteration=t + 1))
        # an interrupt before the last line leaves the state of the last look
        replay.load(state.rows, state.iteration)
        ahead = state
        for _ in range(min(CHECK - state.iteration % CHECK, most - state.iteration)):
            batch, ahead = self._batch(ahead)
            u, errors = replay.run(batch, self._looks(ahead))
            ahead = self._recorded(ahead, view, u, errors, copied=True)
            ahead = replace(ahead, iteration=ahead.iteration + 1)
        return self._checked(replace(ahead, rows=replay.rows()))

    @torch.no_grad()
    def end(self, state):
        """(outputs, errors, reached) of all networks after their last step."""
        rows = state.all_rows()
        view = self.view(torch.arange(len(self.targets), device=self.X.device))
        u = self.step.route.outputs(parameters_of(rows), view.points)
        errors = self.step.errors(u, view)
        return u, errors, self.step.reached(rows, state.iteration, errors)

    def _looks(self, state):
        options = self.step.options
        whole = options.batch_size is None or options.threshold is not None
        return whole or state.iteration in options.recorded

    def _batch(self, state):
        """(the points of this step or None for all, the state with the order they come from)."""
        size, n = self.step.options.batch_size, self.X.shape[-2]
        if size is None:
            return None, state
        k = state.iteration % -(-n // size)
        if k == 0:
            self.generator.set_state(state.generator.cpu())
            order = torch.randperm(n, generator=self.generator, device=self.generator.device)
            state = replace(
                state, order=order.to(self.X.device), generator=self.generator.get_state()
            )
        return state.order[k * size : (k + 1) * size], state

    def _recorded(self, state, view, u, errors, copied=False):
        t = state.iteration
        if t not in self.step.options.recorded:
            return state
        seen = u if self.step.options.outputs else None
        parts = losses(u, view.targets), errors, seen
        if copied:  # the next replay writes over them
            parts = (*parts[:1], *(None if x is None else x.clone() for x in parts[1:]))
        return replace(state, records=(*state.records, (t, state.active, *parts)))

    def _checked(self, state):
        """The state; every `CHECK` iterations, after a wait, without networks that are done."""
        if state.iteration % CHECK:
            return state
        done, trained = self.step.done(state.rows), self.step.route.trained
        lost = not all(state.rows[name].isfinite().all() for name in trained)
        return replace(state.without(done) if done.any() else state, diverged=lost)


def parameters_of(rows):
    return {name: value for name, value in rows.items() if name != "reached"}


def losses(u, targets):
    return (u - targets).square().mean(1) / 2
