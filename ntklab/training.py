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

import time
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from tqdm.auto import tqdm

from ntklab import _checkpoints, _gradients, _graphs
from ntklab._arguments import (
    boolean,
    finite_array,
    instance_of,
    one_of,
    positive,
    real_array,
    whole_number,
)
from ntklab._descent import CHECK, Descent, Options, State, Step, losses, parameters_of
from ntklab.dynamics import NORMS
from ntklab.networks import pick_device
from ntklab.tangent import ntk_vector_product

LEAST = 2**22  # bytes of work at a time, below which less would not help
SAVE = 60.0  # seconds between two checkpoints
LONGEST = 10**9  # iterations
MOST_RECORDED = 10**4
RISE = 4.0  # of a loss over its start that tells of too large a learning rate


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


@torch.inference_mode(False)
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
    MemoryError
        A GPU that runs out of memory even with small blocks of work.
    """
    boolean("progress", progress)
    data = _data(networks, X, targets, device)
    weights, threshold = _measure(data, regions, threshold, norm)
    options = Options(
        learning_rate=positive("learning_rate", learning_rate),
        norm=norm,
        threshold=threshold,
        stops=boolean("stop_early", stop_early) and threshold is not None,
        batch_size=_batch_size(data, batch_size, generator),
        record=whole_number("record", record, at_least=1, at_most=MOST_RECORDED),
        recorded=_recorded(record, iterations),
        outputs=boolean("outputs", outputs),
    )
    step = Step(_gradients.route(data.networks[0], data.X), options)
    descent = Descent(step, data.X, data.targets, weights, generator)
    store = _Store(checkpoint, data, descent)
    parameters = _gradients.stack(data.networks, data.X.device)
    order = step.route.order(parameters)
    start = descent.start(_gradients.rearranged(parameters, order))
    state, end = _in_smaller_blocks(descent, store, start, iterations, progress)
    training = _training(data, options, state, end, order)
    _judge(data, options, training)
    return training


def _in_smaller_blocks(descent, *given):
    """`_descend`, with a quarter of the memory for work each time the device runs out of it."""
    route, device = descent.step.route, descent.X.device
    while True:
        try:
            return _descend(descent, *given)
        except torch.OutOfMemoryError:
            if route.memory <= LEAST:
                break
            route.memory //= 4
        if device.type == "cuda":
            torch.cuda.empty_cache()  # of what the lines above have left
    told = f"{device} ran out of memory, even with small blocks; train fewer at a time"
    raise MemoryError(f"networks: {told}")


def _descend(descent, store, start, iterations, progress):
    """The last state, and what `Descent.end` finds in it."""
    state, end = store.resumed(start, iterations)
    bar = tqdm(
        initial=state.iteration, total=iterations, disable=not progress, desc="training"
    )
    try:
        view = replay = None
        while not _over(state, iterations):
            store.save(state)
            if view is None or view.active is not state.active:
                view = descent.view(state.active)
                replay = _graphs.replay(descent.step, state.rows, view)
            state = descent.advance(state, view, iterations, replay)
            if state.iteration % CHECK == 0:
                bar.update(state.iteration - bar.n)
                bar.set_postfix(networks=len(state.active), refresh=False)
        bar.update(state.iteration - bar.n)
        if end is None:
            end = descent.end(state)
    finally:  # at the end, and after KeyboardInterrupt
        bar.close()
        if not state.diverged:
            store.save(state, end, now=True)
    return state, end


def _over(state, iterations):
    return state.iteration >= iterations or not len(state.active) or state.diverged


@dataclass(frozen=True)
class _Data:
    """Networks that are alike, their points and targets on the device."""

    networks: list
    X: torch.Tensor
    targets: torch.Tensor

    def tensor(self, name, values, *shapes):
        return _tensor(name, values, self.targets.dtype, self.X.device, *shapes)

    def limit(self, i):
        """2/λ_1 of network i's tangent kernel over its points, before training: power iteration."""
        X = _array(self.X if self.X.ndim == 2 else self.X[i])
        v = np.random.default_rng(0).standard_normal(len(X))
        for _ in range(20):
            v = ntk_vector_product(self.networks[i], X, v / np.linalg.norm(v)) / len(X)
        return 2 / np.linalg.norm(v)


def _data(networks, X, targets, device):
    networks = _gradients.alike(networks)
    first, count, d = next(networks[0].parameters()), len(networks), networks[0].dimension
    device = first.device if device is None else pick_device(device)
    X = _tensor("X", X, first.dtype, device, ("n", d), (count, "n", d))
    n = X.shape[-2]
    targets = _tensor("targets", targets, first.dtype, device, (n,), (count, n))
    return _Data(networks, X, targets.expand(count, -1))


def _measure(data, regions, threshold, norm):
    """Weights of the points in the mean of each region, (N, R, n), and the threshold or None."""
    count, n = data.targets.shape
    regions = np.ones((1, n), bool) if regions is None else regions
    regions = regions.detach().cpu() if isinstance(regions, torch.Tensor) else regions
    masks = np.atleast_1d(real_array("regions", regions))
    if masks.dtype != bool:
        raise TypeError(f"regions: must be boolean, got {masks.dtype}")
    sizes = masks.sum(axis=-1, keepdims=True)
    shares = masks / (n if one_of("norm", norm, NORMS) == "l2" else np.maximum(sizes, 1))
    shares = data.tensor("regions", shares, ("R", n), (count, "R", n))
    if not sizes.all():
        raise ValueError(f"regions: must each hold points, got {sizes[..., 0].tolist()} points")
    if threshold is not None:
        threshold = data.tensor("threshold", threshold, (), shares.shape[-2:-1])
        if (threshold <= 0).any():
            raise ValueError(f"threshold: must be > 0, got {threshold.min():g}")
        # errors are roots of means of squares, and smaller ones would be 0
        least = torch.finfo(threshold.dtype).tiny ** (1 if norm == "half_mse" else 0.5)
        if (threshold < least).any():
            wanted = f"must be >= {least:.2g} in {threshold.dtype}"
            raise ValueError(f"threshold: {wanted}, got {threshold.min():g}")
    return shares.expand(count, -1, -1), threshold


def _batch_size(data, batch_size, generator):
    if batch_size is None:
        if generator is not None:
            raise ValueError("generator: is for mini-batches, give batch_size as well")
        return None
    instance_of("generator", generator, torch.Generator)
    return whole_number("batch_size", batch_size, at_least=1, at_most=data.targets.shape[1])


def _recorded(record, iterations):
    iterations = whole_number("iterations", iterations, at_least=1, at_most=LONGEST)
    powers = np.arange(np.ceil(record * np.log10(iterations)) + 1) / record
    return frozenset([0, *np.round(10**powers).astype(int).tolist()])


class _Store:
    """The checkpoint of one training, or nothing where none is asked for."""

    def __init__(self, checkpoint, data, descent):
        self._path = _checkpoints.checked(checkpoint)
        self._device = data.X.device
        self._due = -np.inf  # the first save is at once: a path that can't be written shows early
        if self._path is not None:
            self._settings = _checkpoints.digests(_settings(data, descent))

    def resumed(self, start, iterations):
        """(the state saved or the first one, what is known of its end or None)."""
        if self._path is None or not self._path.exists():
            return start, None
        saved = _checkpoints.load(self._path, self._settings, self._device)
        state = State(**saved["state"])
        if state.iteration > iterations:
            told = f"must be >= {state.iteration} of {str(self._path)!r}, got {iterations}"
            raise ValueError(f"iterations: {told}")
        return state, saved.get("end") if _over(state, iterations) else None

    def save(self, state, end=None, *, now=False):
        if self._path is not None and (now or time.monotonic() >= self._due):
            _checkpoints.save(self._path, self._settings, state=vars(state), end=end)
            self._due = time.monotonic() + SAVE


def _settings(data, descent):
    """{argument: values} of all that a checkpoint must share with the call resuming it."""
    network, options, generator = data.networks[0], descent.step.options, descent.generator
    scheme = network._scheme
    return {
        "networks": [
            type(network).__name__, getattr(scheme.activation, "__name__", ""),
            scheme.c_sigma, scheme.bias_scale, network.trained_parameters,
            *_gradients.stack(data.networks, "cpu").values(),
        ],
        "X": [data.X], "targets": [data.targets], "learning_rate": [options.learning_rate],
        "batch_size": [options.batch_size], "generator": [generator and generator.initial_seed()],
        "regions": [descent.weights > 0], "threshold": [options.threshold], "norm": [options.norm],
        "stop_early": [options.stops], "record": [options.record], "outputs": [options.outputs],
    }  # fmt: skip


def _tensor(name, values, dtype, device, *shapes):
    """Checked values; n and R in a shape stand for any number but 0."""
    if isinstance(values, torch.Tensor):
        values = _array(values.detach())
    # squares, and means of them, have to be numbers of the dtype
    array = finite_array(name, values, within=torch.finfo(dtype).max ** 0.48)

    def fits(shape):
        pairs = zip(shape, array.shape, strict=False)
        return len(shape) == array.ndim and all(a == b or a in ("n", "R") for a, b in pairs)

    if not array.size or not any(map(fits, shapes)):
        accepted = " or ".join(str(tuple(shape)).replace("'", "") for shape in shapes)
        raise ValueError(f"{name}: must have shape {accepted}, got {array.shape}")
    # dtype before device: some devices have no float64
    return torch.from_numpy(array).to(dtype).to(device)


def _training(data, options, state, end, order):
    """The training that ended in this state."""
    u, errors, reached = end
    every, t = torch.arange(len(data.networks), device=u.device), state.iteration
    done = _array((reached >= 0).all(1)) & options.stops
    reached = _array(reached)
    steps = np.where(done, reached.max(axis=1), t)
    records = [record for record in state.records if record[0] < steps.max()]
    records.append((steps.max(), every, losses(u, data.targets), errors, u))
    iterations = np.array([record[0] for record in records])
    stopped = iterations[:, None] > steps
    return Training(
        networks=_gradients.unstack(data.networks, parameters_of(state.all_rows()), order),
        steps=steps,
        reached=np.where(reached < 0, np.inf, reached),
        iterations=iterations,
        losses=_history(records, 2, stopped),
        errors=_history(records, 3, stopped),
        outputs=_history(records, 4, stopped) if options.outputs else None,
        final_errors=_array(errors),
        final_outputs=_array(u),
    )


def _judge(data, options, training):
    """Raises DivergenceError, or warns, where a loss rose: slow enough descent would lower it."""
    y, first = _array(data.targets), training.losses[0]
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
        f"learning_rate: {options.learning_rate:g} took the loss of network {i} from "
        f"{first[i]:.3g} to {highest[i]:.3g}; it should be below 2/λ_1, about "
        f"{data.limit(i):.3g} at the start (for mini-batches, well below)"
    )
    if lost[i]:
        raise DivergenceError(f"{message}; the loss ended at {last[i]:.3g}", training)
    # past this function, `train` and what wraps it: the line that called it
    warnings.warn(f"{message}; it came down again", RuntimeWarning, stacklevel=4)


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
