"""The tangent kernel of a network of finite width: equation (2) without the expectation.

    H_ij = ⟨∂f(x_i)/∂w, ∂f(y_j)/∂w⟩ = Σ_θ ⟨∂f(x_i)/∂θ, ∂f(y_j)/∂θ⟩,

a sum over the trained parameters θ (those with `requires_grad`), one term a parameter. Three routes
lead to a term, all through blocks of points, so that memory stays under a stated bound:

factors    ∂f/∂W⁽ʰ⁾ = b⁽ʰ⁾ g⁽ʰ⁻¹⁾ᵀ, so the term is ⟨g, g'⟩⟨b, b'⟩ (the lecture's backup slides);
           for the networks of `ntklab.networks`, by far the fastest
jacobian   rows ∂f(x_i)/∂θ, contracted; any torch module
products   column j is H e_j, one gradient and one directional derivative; any torch module, for a
           parameter so large that few of its gradients fit in memory

>>> from ntklab.networks import TwoLayerReLU
>>> network = TwoLayerReLU(50_000, 2, generator=torch.Generator().manual_seed(0), device="cpu")
>>> empirical_ntk(network, [[1.0, 0.0], [-1.0, 0.0]]).round(1)  # tends to [[1, 0], [0, 1]]
array([[1., 0.],
       [0., 1.]])
"""

import copy
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.func import functional_call, grad, jvp, vjp, vmap
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from tqdm.auto import tqdm

from ntklab._arguments import LARGEST, boolean, finite_array, instance_of, one_of, whole_number
from ntklab.networks import LayeredNetwork

ROUTES = ("auto", "factors", "jacobian", "products")
STRIP = 128  # rows of the answer worked out together
FEW = 64  # with fewer gradients to a block, directional derivatives were faster than contraction
_SIDES = 2  # rows and columns of a block have tensors of their own
_ENTRY = 4 * 8  # bytes an entry in work: up to four float64 copies


def empirical_ntk(network, X, Y=None, *, memory=2**30, route="auto", progress=False):
    """H_ij = ⟨∂f(x_i)/∂w, ∂f(y_j)/∂w⟩ over the trained parameters w of `network`.

    Parameters
    ----------
    network : torch.nn.Module
        Points (n, d) to one number each, (n,) or (n, 1), each point on its own. The arithmetic is
        in the dtype and on the device of its parameters.
    X : array_like or tensor, shape (n, d)
        Points.
    Y : array_like or tensor, shape (m, d), optional
        Points; X itself when left out, and H is then exactly symmetric.
    memory : int
        Bytes that may be used beside the network and the answer.
    route : {"auto", "factors", "jacobian", "products"}
        See the head of this module. "auto" is factors for the networks of `ntklab.networks`; for
        others, parameter by parameter, jacobian, or products where few gradients fit in `memory`.
    progress : bool
        Whether to show a bar, counting entries.

    Returns
    -------
    ndarray, shape (n, m)
        float64.

    Raises
    ------
    ValueError, TypeError
        Points that are not finite or not what the network takes, a network with another output or
        nothing trained or a gradient that is not finite, and a `memory` too small for one point.
    """
    problem = _Problem(network, X, Y)
    H = np.zeros(problem.shape)
    _fill(problem, dict.fromkeys(problem.trained, H), memory, route, progress)
    return H


def empirical_ntk_by_layer(network, X, Y=None, *, memory=2**30, route="auto", progress=False):
    """{θ: ⟨∂f(x_i)/∂θ, ∂f(y_j)/∂θ⟩}: every trained parameter's part of the tangent kernel.

    The parts add up to `empirical_ntk`, whose arguments and errors are the same.

    Returns
    -------
    dict
        Parameter name -> float64 array, shape (n, m).
    """
    problem = _Problem(network, X, Y)
    parts = {name: np.zeros(problem.shape) for name in problem.trained}
    _fill(problem, parts, memory, route, progress)
    return parts


def ntk_vector_product(network, X, v, *, memory=2**30, progress=False):
    """H v = J (Jᵀ v) without H or J: one backward pass and one directional derivative.

    Parameters
    ----------
    network, X, memory, progress
        As for `empirical_ntk`; the bar counts points.
    v : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
        float64.

    Raises
    ------
    ValueError, TypeError
        As for `empirical_ntk`, and when v is not one finite number a point.
    """
    memory = whole_number("memory", memory, at_least=1)
    boolean("progress", progress)
    problem = _Problem(network, X, None)
    v = finite_array("v", v, ndim=1)
    if v.shape != problem.shape[:1]:
        raise ValueError(f"v: must be one number a point, {problem.shape[:1]}, got {v.shape}")
    v = problem.tensor(v)
    weights = {name: problem.state[name] for name in problem.trained}

    def backward(x, v):
        return vjp(lambda w: problem.outputs(w, x), weights)[1](v)[0]

    def forward(x, direction):
        return _derivative(lambda w: problem.outputs(w, x), weights, direction)

    cost = _cost(lambda x: forward(x, backward(x, torch.ones_like(v[: len(x)]))), problem.X)
    blocks = _blocks(0, len(v), _block_length(memory, cost))
    direction = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    answer = np.zeros(len(v))
    with tqdm(total=2 * len(v), disable=not progress, desc="NTK-vector product") as bar:
        for rows in blocks:
            for name, part in backward(problem.X[rows], v[rows]).items():
                direction[name] += part
            bar.update(rows.stop - rows.start)
        for rows in blocks:
            answer[rows] = _array(forward(problem.X[rows], direction))
            bar.update(rows.stop - rows.start)
    return _finite(answer)


@dataclass(frozen=True)
class Drift:
    """‖H(t) - H(0)‖ / ‖H(0)‖: a tangent kernel's relative change, in two norms."""

    frobenius: float
    operator: float


def ntk_drift(initial, trained, X, **options):
    """‖H(t) - H(0)‖ / ‖H(0)‖ on the points X; it vanishes as the width grows (equation (22)).

    Parameters
    ----------
    initial : torch.nn.Module
        The network at the start.
    trained : torch.nn.Module or mapping
        The network at time t, or its `state_dict`.
    X : array_like or tensor, shape (n, d)
        Points.
    **options
        `memory`, `route` and `progress` of `empirical_ntk`.

    Returns
    -------
    Drift

    Raises
    ------
    ValueError, TypeError
        As for `empirical_ntk`, and when `trained` is a state of another architecture.
    """
    instance_of("initial", initial, torch.nn.Module)
    if isinstance(trained, Mapping):
        state, trained = trained, copy.deepcopy(initial)
        try:
            trained.load_state_dict(state)
        except (AttributeError, RuntimeError) as error:
            raise ValueError(f"trained: must be a state of `initial` ({error})") from None
    instance_of("trained", trained, torch.nn.Module)
    start = empirical_ntk(initial, X, **options)
    change = empirical_ntk(trained, X, **options) - start
    # H is symmetric: its operator norm is its largest eigenvalue in modulus
    operator = [np.abs(np.linalg.eigvalsh(matrix)).max() for matrix in (change, start)]
    frobenius = [np.linalg.norm(matrix) for matrix in (change, start)]
    return Drift(float(frobenius[0] / frobenius[1]), float(operator[0] / operator[1]))


class _Problem:
    """Checked arguments: points as tensors, parameters without graph, outputs as a function."""

    def __init__(self, network, X, Y):
        self.network = instance_of("network", network, torch.nn.Module)
        self.trained = tuple(n for n, value in network.named_parameters() if value.requires_grad)
        if not self.trained:
            raise ValueError("network: must have a trained parameter, got none with requires_grad")
        for name, value in network.named_parameters():
            if not value.detach().sum().isfinite():  # a ReLU would hide it: its slope at NaN is 0
                raise ValueError(f"network: its parameters must be finite, got other in {name!r}")
        held = [*network.named_parameters(), *network.named_buffers()]
        self.state = {name: value.detach() for name, value in held}
        self.like = self.state[self.trained[0]]
        self.symmetric = Y is None
        self.X = self._points("X", X)
        self.Y = self.X if Y is None else self._points("Y", Y)
        self.shape = len(self.X), len(self.Y)

    def tensor(self, array):
        return torch.from_numpy(array).to(self.like.dtype).to(self.like.device)

    def outputs(self, weights, x):
        """f(x), shape (n,), with some of the parameters replaced by `weights`."""
        return functional_call(self.network, {**self.state, **weights}, (x,)).reshape(-1)

    def gradients(self, name, x):
        """∂f(x_i)/∂θ for θ = `name`, shape (n, *θ.shape)."""

        def output(value, point):
            return self.outputs({name: value}, point[None]).squeeze()

        return vmap(grad(output), (None, 0))(self.state[name], x)

    def _points(self, name, points):
        if isinstance(points, torch.Tensor):
            points = points.detach().cpu().numpy()
        points = finite_array(name, points, within=LARGEST)
        if points.ndim < 2 or len(points) == 0:
            raise ValueError(f"{name}: must have shape (n, d), n >= 1, got {points.shape}")
        points = self.tensor(points)
        try:
            with torch.no_grad():
                shape = tuple(self.network(points[[0, -1]]).shape)
        except (RuntimeError, ValueError) as error:
            got = tuple(points.shape)
            raise ValueError(f"{name}: must suit the network, got shape {got} ({error})") from None
        if shape not in ((2,), (2, 1)):
            raise ValueError(f"network: must give one number a point, got {shape} for two points")
        return points


def _fill(problem, answers, memory, route, progress):
    """Adds every parameter's term to its array; terms of `answers` may share one array."""
    memory = whole_number("memory", memory, at_least=1)
    one_of("route", route, ROUTES)
    boolean("progress", progress)
    n, m = problem.shape
    entries = (n * (n + 1) // 2 if problem.symmetric else n * m) * len(problem.trained)
    with tqdm(total=entries, disable=not progress, desc="tangent kernel", unit=" entries") as bar:
        for name, rows, columns, block in _terms(problem, memory, route):
            answers[name][rows, columns] += block
            below = np.tri(*block.shape, rows.start - columns.start, dtype=bool)
            bar.update(int(below.sum()) if problem.symmetric else block.size)
    for H in {id(H): H for H in answers.values()}.values():
        if problem.symmetric:  # only the blocks that meet the lower triangle were computed
            for i in range(n):
                H[i, i + 1 :] = H[i + 1 :, i]
        _finite(H)


def _terms(problem, memory, route):
    """(name, rows, columns, block) until every entry, or the lower triangle, is covered."""
    layered = isinstance(problem.network, LayeredNetwork)
    if route == "factors" and not layered:
        kind = type(problem.network).__name__
        raise ValueError(f"route: 'factors' is for networks of ntklab.networks, got {kind}")
    if layered and route in ("auto", "factors"):
        yield from _by_contraction(problem, problem.network.gradient_factors, memory)
        return
    for name in problem.trained:

        def gradients(x, name=name):
            # a whole gradient is the factor b of a parameter with g = 1
            return {name: (x.new_ones(len(x), 1), problem.gradients(name, x).reshape(len(x), -1))}

        few = _SIDES * min(FEW, *problem.shape) * problem.state[name].nbytes > memory
        if route == "products" or (route == "auto" and few):
            yield from _by_products(problem, name, memory)
        else:
            yield from _by_contraction(problem, gradients, memory)


def _by_contraction(problem, factors, memory):
    """⟨g, g'⟩⟨b, b'⟩ block by block; `factors(x)` gives {name: (g, b)}."""
    length = _block_length(memory, _cost(factors, problem.X))
    for rows in _blocks(0, len(problem.X), length):
        left = factors(problem.X[rows])
        for columns in _blocks(0, len(problem.Y), length):
            if problem.symmetric and columns.start > rows.start:
                break
            same = problem.symmetric and columns == rows
            right = left if same else factors(problem.Y[columns])
            for strip in _blocks(0, rows.stop - rows.start, STRIP):
                # of a block on the diagonal, the lower triangle will do
                reach = slice(0, strip.stop if same else columns.stop - columns.start)
                where = _shifted(strip, rows.start), _shifted(reach, columns.start)
                for name, block in _strip_terms(left, right, strip, reach):
                    yield name, *where, _array(block)
            del right  # before the next is made: the bound is for two of them
        del left


def _strip_terms(left, right, rows, columns):
    shared = None
    for name, (g, b) in left.items():
        if b is not shared:  # a weight and its bias have the same b
            shared, product = b, b[rows] @ right[name][1][columns].T
        yield name, product * (g[rows] @ right[name][0][columns].T)


def _by_products(problem, name, memory):
    """Column j as ∂f(X)/∂θ applied to ∂f(y_j)/∂θ, never holding more than that one gradient."""
    weight = problem.state[name]

    def column(x, direction):
        return _derivative(lambda value: problem.outputs({name: value}, x), weight, direction)

    def whole(x):
        return column(x, problem.gradients(name, x[:1])[0])

    length = _block_length(memory, _cost(whole, problem.X))
    for j in range(len(problem.Y)):
        direction = problem.gradients(name, problem.Y[j : j + 1])[0]
        for rows in _blocks(j if problem.symmetric else 0, len(problem.X), length):
            yield name, rows, slice(j, j + 1), _array(column(problem.X[rows], direction))[:, None]
        del direction


def _derivative(function, at, direction):
    with warnings.catch_warnings():
        # the first use of jvp makes torch compile rules of its own, in a way that it deprecates
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        return jvp(function, (at,), (direction,))[1]


class _Allocations(TorchDispatchMode):
    """Adds up the bytes of every tensor made, freed since or not: never less than the peak."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        answer = function(*args, **(kwargs or {}))
        given = {_storage(tensor) for tensor in _tensors((args, kwargs))}
        made = (tensor for tensor in _tensors(answer) if _storage(tensor) not in given)
        self.bytes += sum(tensor.numel() * tensor.element_size() for tensor in made)
        return answer


def _tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _storage(tensor):
    return tensor.untyped_storage()._cdata


def _cost(function, points):
    """(fixed, per point) bytes that function(x) allocates, found by calling it on few points."""
    counts = []
    for n in (1, 2):
        with _Allocations() as allocations:
            function(points[[0] * n])
        counts.append(allocations.bytes)
    per_point = max(counts[1] - counts[0], 1)
    return max(counts[0] - per_point, 0), per_point


def _block_length(memory, cost):
    """Largest number of points whose tensors, for rows and for columns, and strip fit in memory."""
    fixed, per_point = cost
    per_point = _SIDES * per_point + STRIP * _ENTRY
    if memory < fixed + per_point:
        least = fixed + per_point
        raise ValueError(f"memory: must be at least {least} bytes for one point, got {memory}")
    return (memory - fixed) // per_point


def _blocks(start, stop, length):
    return [slice(i, min(i + length, stop)) for i in range(start, stop, length)]


def _shifted(block, by):
    return slice(block.start + by, block.stop + by)


def _array(tensor):
    return tensor.cpu().double().numpy()


def _finite(answer):
    if not np.isfinite(answer).all():
        raise ValueError("network: its gradients must be finite, got NaN or infinity")
    return answer
