"""The tangent kernel of a network of finite width: equation (2) without the expectation.

    H_ij = ⟨∂f(x_i)/∂w, ∂f(y_j)/∂w⟩ = Σ_θ ⟨∂f(x_i)/∂θ, ∂f(y_j)/∂θ⟩,

a sum over the trained parameters θ (those with `requires_grad`), one term a parameter. Four routes
lead to a term, all through blocks of points, so that memory stays under a stated bound:

arcs       for f(x) = (1/√m) Σ_r a_r σ(w_r·x + b_r) with σ(z) = max(z, 0) on the circle. With
           x̃ = (x, 1), w̃ = (w, b) the terms of W, b and a are

               ⟨x, y⟩ S(a²),   S(a²),   Σ_ij x̃_i ỹ_j S(w̃_i w̃_j),   S(c) = (1/m) Σ_r c_r,

           sums over the neurons active at both x and y. Each is active on an arc, so that S costs
           O(m log n + n²) for n points instead of O(mn²)
factors    ∂f/∂W⁽ʰ⁾ = b⁽ʰ⁾ g⁽ʰ⁻¹⁾ᵀ, so the term is ⟨g, g'⟩⟨b, b'⟩ (the lecture's backup slides);
           for the networks of `ntklab.networks`, by far the fastest elsewhere
jacobian   rows ∂f(x_i)/∂θ, contracted; any torch module
products   column j is H e_j, one gradient and one directional derivative; a torch module whose
           layers have such derivatives, for a parameter so large that few of its gradients fit in
           memory

The network must be a function of one point, and is left as it was, its buffers included. Layers
that take means over the points or draw at random in training are refused by name: after
`network.eval()` they do neither.

>>> from ntklab.networks import TwoLayerReLU
>>> network = TwoLayerReLU(50_000, 2, generator=torch.Generator().manual_seed(0), device="cpu")
>>> empirical_ntk(network, [[1.0, 0.0], [-1.0, 0.0]]).round(1)  # tends to [[1, 0], [0, 1]]
array([[1., 0.],
       [0., 1.]])
"""

import copy
import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from tqdm.auto import tqdm

from ntklab import _arcs
from ntklab._arguments import LARGEST, boolean, finite_array, instance_of, one_of
from ntklab._function import Function, untouched
from ntklab._gradients import Arcs, neurons, thin
from ntklab._gradients import route as fastest
from ntklab._memory import SIDES, block_length, blocks, budget, cost_of, in_smaller_blocks

ROUTES = ("auto", "arcs", "factors", "jacobian", "products")
STRIP, LONG_STRIP = 128, 2048  # rows of the answer worked out together on a CPU, and elsewhere
FEW = 64  # with fewer gradients to a block, directional derivatives were faster than contraction
_CLOSED = {
    "arcs": "a TwoLayerReLU as it comes and points of norm 1 in the plane (any norm without bias)",
    "factors": "networks of ntklab.networks as they come",
}
_ARC = 64 * 8  # bytes of a neuron's arc: vector, angles, ends, steps, places


def _on_a_copy(measure):
    """`measure` with a network that it leaves as it is, also in inference mode."""

    @functools.wraps(measure)
    def measured(network, *arguments, **options):
        with torch.inference_mode(False), untouched(network):
            return measure(network, *arguments, **options)

    return measured


@_on_a_copy
def empirical_ntk(network, X, Y=None, *, output=None, memory=None, route="auto", progress=False):
    """H_ij = ⟨∂f(x_i)/∂w, ∂f(y_j)/∂w⟩ over the trained parameters w of `network`.

    Parameters
    ----------
    network : torch.nn.Module
        Points (n, d) to numbers (n,), (n, 1) or (n, k), each point on its own. The arithmetic is
        in the dtype and on the device of its trained parameters.
    X : array_like or tensor, shape (n, d)
        Points.
    Y : array_like or tensor, shape (m, d), optional
        Points; X itself when left out, and H is then exactly symmetric.
    output : int or "sum", optional
        For a network of k outputs, which is f: number 0 to k - 1; or "sum" for the sum of the k
        kernels, Σ_c ⟨∂f_c(x_i)/∂w, ∂f_c(y_j)/∂w⟩. There is no default for k > 1.
    memory : int, optional
        Bytes that may be used beside the network and the answer; 2³⁰ on a CPU, half of what is
        free on a GPU when left out. A GPU that runs out gets smaller blocks.
    route : {"auto", "arcs", "factors", "jacobian", "products"}
        See the head of this module. "auto" is arcs or factors for the networks of
        `ntklab.networks`; for others, parameter by parameter, jacobian, or products where few
        gradients fit in `memory`.
    progress : bool
        Whether to show a bar, counting entries.

    Returns
    -------
    ndarray, shape (n, m)
        float64.

    Raises
    ------
    ValueError, TypeError
        Points that are not finite or not what the network takes; a network that is no function of
        one point, has nothing trained, several outputs, or a gradient that is not finite; and a
        `memory` too small for one point.
    MemoryError
        The device has no room for one point.
    """
    problem = _Problem(network, X, Y, output)
    together = dict.fromkeys(problem.trained, "whole")
    return _kernels(problem, together, memory, route, progress)["whole"]


@_on_a_copy
def empirical_ntk_by_layer(
    network, X, Y=None, *, output=None, memory=None, route="auto", progress=False
):
    """{θ: ⟨∂f(x_i)/∂θ, ∂f(y_j)/∂θ⟩}: every trained parameter's part of the tangent kernel.

    The parts add up to `empirical_ntk`, whose arguments and errors are the same.

    Returns
    -------
    dict
        Parameter name -> float64 array, shape (n, m).
    """
    problem = _Problem(network, X, Y, output)
    apart = {name: name for name in problem.trained}
    return _kernels(problem, apart, memory, route, progress)


@_on_a_copy
def ntk_vector_product(network, X, v, *, output=None, memory=None, progress=False):
    """H v = J (Jᵀ v) without H or J: one backward pass and one directional derivative.

    Parameters
    ----------
    network, X, output, memory, progress
        As for `empirical_ntk`; the bar counts points.
    v : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
        float64.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As for `empirical_ntk`, and when v is not one finite number a point.
    """
    boolean("progress", progress)
    problem = _Problem(network, X, None, output)
    memory = budget(memory, problem.X.device)
    v = finite_array("v", v, ndim=1)
    if v.shape != problem.shape[:1]:
        raise ValueError(f"v: must be one number a point, {problem.shape[:1]}, got {v.shape}")
    v, functions = problem.function.tensor(v), problem.function.components()
    with tqdm(disable=not progress, desc="NTK-vector product") as bar:
        bar.total = 2 * len(v) * len(functions)

        def product(memory):
            bar.n = 0
            return sum(_product(problem.X, v, function, memory, bar) for function in functions)

        return _finite(in_smaller_blocks(product, memory, problem.X.device))


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
        `output`, `memory`, `route` and `progress` of `empirical_ntk`.

    Returns
    -------
    Drift

    Raises
    ------
    ValueError, TypeError
        As for `empirical_ntk`, when `trained` is a state of another architecture, and where the
        kernel at the start is zero.
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
    if not start.any():
        raise ValueError("initial: must have a tangent kernel on X that is not zero")
    change = empirical_ntk(trained, X, **options) - start
    # H is symmetric: its operator norm is its largest eigenvalue in modulus
    operator = [np.abs(np.linalg.eigvalsh(matrix)).max() for matrix in (change, start)]
    frobenius = [np.linalg.norm(matrix) for matrix in (change, start)]
    return Drift(float(frobenius[0] / frobenius[1]), float(operator[0] / operator[1]))


class _Problem:
    """Checked arguments: points as tensors, the network as a function."""

    def __init__(self, network, X, Y, output):
        self.function = Function(network, output)
        self.trained = self.function.trained
        self.symmetric = Y is None
        self.X = self._points("X", X)
        self.Y = self.X if Y is None else self._points("Y", Y)
        self.shape = len(self.X), len(self.Y)
        self.strip = STRIP if self.X.device.type == "cpu" else LONG_STRIP

    def _points(self, name, points):
        if isinstance(points, torch.Tensor):
            points = points.detach().cpu().numpy()
        points = finite_array(name, points, within=LARGEST)
        if points.ndim < 2 or len(points) == 0:
            raise ValueError(f"{name}: must have shape (n, d), n >= 1, got {points.shape}")
        points = self.function.tensor(points)
        self.function.check(name, points)
        return points


def _product(X, v, function, memory, bar):
    """H v for one output of the network."""
    weights = {name: function.state[name] for name in function.trained}
    if function.has_derivative(function.trained, X[:1]):

        def along(x, direction):
            return function.derivative(weights, x, direction)
    else:
        for name in weights:
            function.probe(name, X[[0, -1]])

        def along(x, direction):
            gradients = ((function.gradients(name, x), direction[name]) for name in weights)
            return sum(g.flatten(1) @ d.flatten() for g, d in gradients)

    cost = cost_of(lambda x: along(x, function.pullback(x, v.new_ones(len(x)))), X)
    parts = blocks(0, len(v), block_length(memory, cost, STRIP))
    direction = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    answer = np.zeros(len(v))
    for rows in parts:
        for name, part in function.pullback(X[rows], v[rows]).items():
            direction[name] += part
        bar.update(rows.stop - rows.start)
    for rows in parts:
        answer[rows] = _array(along(X[rows], direction))
        bar.update(rows.stop - rows.start)
    return answer


def _kernels(problem, places, memory, route, progress):
    """{place: the sum of the terms of the parameters that `places` sends there}."""
    memory = budget(memory, problem.X.device)
    one_of("route", route, ROUTES)
    boolean("progress", progress)
    return in_smaller_blocks(
        lambda memory: _filled(problem, places, memory, route, progress), memory, problem.X.device
    )


def _filled(problem, places, memory, route, progress):
    n, m = problem.shape
    room = 2 * 8 * n * m * len(set(places.values()))
    device = problem.X.device if problem.X.is_cuda and room <= memory else "cpu"
    answers = {
        place: torch.zeros(n, m, dtype=torch.float64, device=device) for place in places.values()
    }
    entries = (n * (n + 1) // 2 if problem.symmetric else n * m) * len(problem.trained)
    entries *= len(problem.function.components())
    with tqdm(total=entries, disable=not progress, desc="tangent kernel", unit=" entries") as bar:
        for name, rows, columns, block in _terms(problem, memory, route):
            answers[places[name]][rows, columns] += block.to(device)
            if progress:
                below = np.tri(*block.shape, rows.start - columns.start, dtype=bool)
                bar.update(int(below.sum()) if problem.symmetric else block.numel())
    return {place: _finite(_whole(H, problem.symmetric)) for place, H in answers.items()}


def _whole(H, symmetric):
    """The array, of which only the blocks that meet the lower triangle were computed."""
    if symmetric and H.is_cuda:
        H = H.tril() + H.tril(-1).T
    elif symmetric:
        for i in range(len(H)):  # row by row, without a second array
            H[i, i + 1 :] = H[i + 1 :, i]
    return H.cpu().numpy()


def _terms(problem, memory, route):
    """(name, rows, columns, block) until every entry, or the lower triangle, is covered."""
    for function in problem.function.components():
        if route in ("auto", "arcs") and _on_arcs(problem, function):
            yield from _by_arcs(problem, function, memory)
            continue
        if function.closed and route in ("auto", "factors"):
            yield from _by_contraction(problem, function.network.gradient_factors, memory)
            continue
        if route in ("arcs", "factors"):
            told = f"{_CLOSED[route]}, got {type(function.network).__name__}"
            raise ValueError(f"route: {route!r} is for {told}")
        for name in problem.trained:
            yield from _terms_of(problem, function, name, memory, route)


def _terms_of(problem, function, name, memory, route):
    """The terms of one parameter, by its gradients."""
    ends = problem.X[[0, -1]]
    function.probe(name, ends)
    few = SIDES * min(FEW, *problem.shape) * function.state[name].nbytes > memory
    products = route == "products" or (route == "auto" and few)
    if products and function.has_derivative([name], ends[:1]):
        yield from _by_products(problem, function, name, memory)
    elif route == "products":
        kind = type(function.network).__name__
        told = "needs derivatives along a direction, which torch does not have for this"
        raise ValueError(f"route: 'products' {told} {kind}; 'jacobian' does without")
    else:

        def gradients(x):
            # a whole gradient is the factor b of a parameter with g = 1
            return {name: (x.new_ones(len(x), 1), function.gradients(name, x).reshape(len(x), -1))}

        yield from _by_contraction(problem, gradients, memory)


def _by_contraction(problem, factors, memory):
    """⟨g, g'⟩⟨b, b'⟩ block by block; `factors(x)` gives {name: (g, b)}."""
    length = block_length(memory, cost_of(factors, problem.X), problem.strip)
    for rows in blocks(0, len(problem.X), length):
        left = factors(problem.X[rows])
        for columns in blocks(0, len(problem.Y), length):
            if problem.symmetric and columns.start > rows.start:
                break
            same = problem.symmetric and columns == rows
            right = left if same else factors(problem.Y[columns])
            for strip in blocks(0, rows.stop - rows.start, problem.strip):
                # of a block on the diagonal, the lower triangle will do
                reach = slice(0, strip.stop if same else columns.stop - columns.start)
                where = _shifted(strip, rows.start), _shifted(reach, columns.start)
                for name, block in _strip_terms(left, right, strip, reach):
                    yield name, *where, block
            del right  # before the next is made: the bound is for two of them
        del left


def _on_arcs(problem, function):
    """Whether every neuron of the network is active on an arc of the points."""
    return function.closed and all(
        isinstance(fastest(function.network, x), Arcs) for x in (problem.X, problem.Y)
    )


def _by_arcs(problem, function, memory):
    """The terms as the head of this module has them, for blocks of points x."""
    stacked = {name: value.double()[None] for name, value in function.state.items()}
    w, a = (part[0] for part in neurons(stacked))
    x, y = (thin(points.double())[0, : len(w)] for points in (problem.X, problem.Y))
    pairs = list(itertools.combinations_with_replacement(range(len(w)), 2))
    pairs = pairs if "a" in problem.trained else []
    c = torch.stack([a.square(), *(w[i] * w[j] / len(a) for i, j in pairs)])
    # a row of the steps, of the sums along either axis, and of what is taken from them
    cost = _ARC * len(a), 2 * c.element_size() * len(c) * (len(problem.Y) + 1)
    length = min(block_length(memory, cost, problem.strip), 4 * problem.strip)
    for rows in blocks(0, len(problem.X), length):
        columns = slice(0, rows.stop if problem.symmetric else len(problem.Y))
        sums = _arcs.joint_sums(c, w, x[:2, rows].mT, y[:2, columns].mT)
        for name, block in _arc_terms(sums, pairs, x[:, rows, None], y[:, columns]):
            if name in problem.trained:
                yield name, rows, columns, block


def _arc_terms(sums, pairs, x, y):
    yield "W", sums[0] * (x[0] * y[0] + x[1] * y[1])
    yield "b", sums[0]
    products = (x[i] * y[j] if i == j else x[i] * y[j] + x[j] * y[i] for i, j in pairs)
    yield "a", sum(part * product for part, product in zip(sums[1:], products, strict=True))


def _strip_terms(left, right, rows, columns):
    shared = None
    for name, (g, b) in left.items():
        if b is not shared:  # a weight and its bias have the same b
            shared, product = b, b[rows] @ right[name][1][columns].T
        yield name, product * (g[rows] @ right[name][0][columns].T)


def _by_products(problem, function, name, memory):
    """Column j as ∂f(X)/∂θ applied to ∂f(y_j)/∂θ, never holding more than that one gradient."""
    weight = {name: function.state[name]}

    def column(x, direction):
        return function.derivative(weight, x, {name: direction})

    def whole(x):
        return column(x, function.gradients(name, x[:1])[0])

    length = block_length(memory, cost_of(whole, problem.X), problem.strip)
    for j in range(len(problem.Y)):
        direction = function.gradients(name, problem.Y[j : j + 1])[0]
        for rows in blocks(j if problem.symmetric else 0, len(problem.X), length):
            yield name, rows, slice(j, j + 1), column(problem.X[rows], direction)[:, None]
        del direction


def _shifted(block, by):
    return slice(block.start + by, block.stop + by)


def _array(tensor):
    return tensor.cpu().double().numpy()


def _finite(answer):
    if not np.isfinite(answer).all():
        raise ValueError("network: its gradients must be finite, got NaN or infinity")
    return answer
