r"""Outputs and loss gradients of many networks of one shape at once, in closed form.

The networks' parameters are stacked, {name: (N, ...)}, and for targets y, shape (N, n), every route
gives f(x_i) and the gradients of each network's mean squared loss

    Φ = (1/2n) Σ_i (f(x_i) - y_i)²,    ∂Φ/∂θ = (1/n) Σ_i (f(x_i) - y_i) ∂f(x_i)/∂θ.

For the two-layer ReLU network (6) both follow from the activation pattern 1{w_r·x_i + b_r > 0}
alone: with x̃ = (x, 1) and w̃ = (w, b),

    √m f(x_i) = x̃_i · Σ_{r active at i} a_r w̃_r,    √m ∂Φ/∂w̃_r = a_r S_r,    √m ∂Φ/∂a_r = w̃_r · S_r,

where S_r = (1/n) Σ_{i where r is active} (f(x_i) - y_i) x̃_i.

Arcs       two-layer ReLU, points on the circle: a neuron is active on an arc, so every sum is a
           difference of two prefix sums. O(m log n + n) a network instead of O(mn).
Patterns   two-layer ReLU, points anywhere: the pattern, in blocks that stay in cache, times thin
           matrices. O(mn).
Layers     any network of `ntklab.networks`: its own recursion, forward and backward.
"""

import copy
import math

import torch

from ntklab import _arcs
from ntklab._arguments import instance_of, sequence
from ntklab.networks import LayeredNetwork, TwoLayerReLU

CACHE = 2**20  # bytes of a block of the pattern on a CPU: about its second-level cache
MEMORY = 2**29  # bytes of work at a time elsewhere


def route(network, X):
    """The fastest route for networks like `network` on points X, shape (n, d) or (N, n, d)."""
    if type(network) is not TwoLayerReLU:
        return Layers(network)
    norms = torch.linalg.vector_norm(X, dim=-1)
    if "b" in dict(network.named_parameters()):
        # off the circle the points where a neuron with a bias is active need not be neighbours
        suits = (norms - 1).abs().max() <= 16 * torch.finfo(X.dtype).eps
    else:
        suits = norms.min() > 0
    doubles = X.device.type != "mps"
    return Arcs(network) if network.dimension == 2 and suits and doubles else Patterns(network)


def alike(networks):
    """The networks as a list, all of one shape, dtype and activation; or an error says what not."""
    if isinstance(networks, LayeredNetwork):
        raise TypeError("networks: must be a sequence of networks, got one; write [network]")
    networks = sequence("networks", networks, instance_of, kind=LayeredNetwork)

    def kind(network):
        values = [(k, v.shape, v.dtype, v.requires_grad) for k, v in network.named_parameters()]
        return type(network), values, network._scheme

    for i, network in enumerate(networks):
        if not network._is_plain():
            told = "must have the forward and the parameters of their class, without hooks or ties"
            raise ValueError(f"networks: {told}, got, as number {i}, {network!r}")
        if kind(network) != kind(networks[0]):
            raise ValueError(
                f"networks: must be alike, got {networks[0]!r} and, as number {i}, {network!r}"
            )
    if next(networks[0].parameters()).dtype not in (torch.float32, torch.float64):
        raise ValueError(f"networks: must be float32 or float64, got {networks[0]!r}")
    if not networks[0].trained_parameters:
        raise ValueError("networks: must have a trained parameter, got none with requires_grad")
    return networks


def stack(networks, device):
    """{name: (N, ...)}: the parameters of networks that are alike."""
    columns = zip(*(network.named_parameters() for network in networks), strict=True)
    return {
        column[0][0]: torch.stack([value.detach().to(device) for _, value in column])
        for column in columns
    }


def rearranged(parameters, order):
    """Parameters (N, m) or (N, m, d) with neurons in the order (N, m), or None for as they are."""
    if order is None:
        return dict(parameters)
    return {
        name: value.take_along_dim(order if value.ndim == 2 else order[..., None], dim=1)
        for name, value in parameters.items()
    }


@torch.no_grad()
def unstack(networks, parameters, order=None):
    """Copies of the networks with these parameters, whose neurons were rearranged by `order`."""
    parameters = rearranged(parameters, None if order is None else order.argsort(dim=-1))
    device = next(iter(parameters.values())).device
    copies = tuple(copy.deepcopy(network).to(device) for network in networks)
    for i, network in enumerate(copies):
        for name, value in network.named_parameters():
            value.copy_(parameters[name][i])
    return copies


class _Route:
    """What routes have in common."""

    def __init__(self, network):
        self.memory = MEMORY  # bytes of work at a time, less where a device runs out of it
        self.trained = network.trained_parameters

    def order(self, parameters):
        """The order of neurons, (N, m), that suits best; None for any."""
        return None


class Arcs(_Route):
    """The two-layer ReLU network on points of the circle (of any positive norm without bias).

    The work is of order m, so it is done in float64 whatever the dtype of the networks.
    """

    def order(self, parameters):
        """Neurons by angle, (N, m): in that order the look-ups below run through memory once."""
        return _arcs.angle(parameters["W"]).argsort(dim=-1)

    def prepare(self, X):
        theta, order = _arcs.angle(X.double()).sort(dim=-1)
        X = X.double().take_along_dim(order[..., None], dim=-2)
        return _arcs.three_turns(theta), order, thin(X)

    def outputs(self, parameters, points):
        return self._forward(parameters, points)[0].to(parameters["W"].dtype)

    def gradients(self, parameters, points, targets):
        _, order, x = points
        u, ends, w, a = self._forward(parameters, points)
        x = x[:, : w.shape[1]]
        residual = (u - targets).take_along_dim(_rows(order), dim=-1) / u.shape[-1]
        # prefix sums over three turns of the circle
        sums = torch.nn.functional.pad((residual[:, None] * x).repeat(1, 1, 3).cumsum(-1), (1, 0))
        at_ends = sums.gather(2, ends[:, None].expand(-1, w.shape[1], -1))
        start, stop = at_ends.tensor_split(2, dim=-1)
        gradients = _two_layer_gradients(w, a, stop - start, parameters, self.trained)
        dtype = parameters["W"].dtype
        return u.to(dtype), {name: value.to(dtype) for name, value in gradients.items()}

    def _forward(self, parameters, points):
        turns, order, x = points
        w, a = neurons({name: value.double() for name, value in parameters.items()})
        ends, n = torch.cat(_arcs.ends(w, turns), dim=-1), x.shape[-1]
        # a neuron's row is added where its arc starts and taken away where it stops
        steps = w.new_zeros(*w.shape[:2], 3 * n + 1)
        active = a[:, None] * w
        index = ends[:, None].expand(-1, w.shape[1], -1)
        steps.scatter_add_(2, index, torch.cat([active, -active], dim=-1))
        sums = steps.cumsum(-1)[..., :-1].unflatten(-1, (3, n)).sum(-2)
        u = (sums * x[:, : w.shape[1]]).sum(1)
        return torch.empty_like(u).scatter_(1, _rows(order).expand_as(u), u), ends, w, a


class Patterns(_Route):
    """The two-layer ReLU network on any points."""

    def prepare(self, X):
        return thin(X)

    def outputs(self, parameters, points):
        w, a = neurons(parameters)
        return self._outputs(w, a, self._expand(points, w))

    def gradients(self, parameters, points, targets):
        w, a = neurons(parameters)
        x = self._expand(points, w)
        u = self._outputs(w, a, x)
        weighted = ((u - targets) / u.shape[-1])[:, None] * x
        S = torch.empty_like(w)
        for some, few, pattern in self._patterns(w, x):
            S[some, :, few] = torch.bmm(weighted[some], pattern.mT)
        return u, _two_layer_gradients(w, a, S, parameters, self.trained)

    def _outputs(self, w, a, x):
        active, sums = a[:, None] * w, torch.zeros_like(x)
        for some, few, pattern in self._patterns(w, x):
            sums[some] += torch.bmm(active[some, :, few], pattern)
        return (sums * x).sum(1)

    def _patterns(self, w, x):
        """(networks, neurons, their pattern), as many as fit; it is made twice, never stored."""
        entries = (CACHE if x.device.type == "cpu" else self.memory) // x.element_size()
        (count, _, width), n = w.shape, x.shape[-1]
        height = min(width, max(64, entries // n))
        depth = max(1, entries // (n * height))
        for i in range(0, count, depth):
            for j in range(0, width, height):
                some, few = slice(i, i + depth), slice(j, j + height)
                # in place: 1 where active, 0 elsewhere
                yield some, few, torch.bmm(w[some, :, few].mT, x[some]).gt_(0)

    @staticmethod
    def _expand(points, w):
        """(N, c, n), c = d or d + 1 as the neurons have no bias or one."""
        return points[..., : w.shape[1], :].expand(len(w), -1, -1)


class Layers(_Route):
    """Any network of `ntklab.networks`, by ∂f/∂W⁽ʰ⁾ = b⁽ʰ⁾ g⁽ʰ⁻¹⁾ᵀ."""

    def __init__(self, network):
        super().__init__(network)
        self._scheme = network._scheme
        entries = 3 * sum(network.widths)  # a point's values, slopes and backward vectors
        self._bytes = entries * next(network.parameters()).element_size()

    def prepare(self, X):
        return X if X.ndim == 3 else X[None]

    def outputs(self, parameters, points):
        parts = self._parts(parameters, points)
        return torch.cat([self._scheme.forward(values, x)[0] for _, values, x in parts])

    def gradients(self, parameters, points, targets):
        outputs, gradients = [], []
        for some, values, x in self._parts(parameters, points):
            u, inputs, slopes = self._scheme.forward(values, x, slopes=True)
            residual = (u - targets[some]) / u.shape[-1]
            outputs.append(u)
            gradients.append(self._backward(values, residual, inputs, slopes))
        joined = {name: _joined([part[name] for part in gradients]) for name in self.trained}
        return _joined(outputs), joined

    def _parts(self, parameters, points):
        """Groups of networks whose hidden layers fit in `memory`."""
        count = len(next(iter(parameters.values())))
        x = points.expand(count, -1, -1)
        size = max(1, self.memory // (self._bytes * x.shape[1]))
        for i in range(0, count, size):
            some = slice(i, i + size)
            yield some, {name: value[some] for name, value in parameters.items()}, x[some]

    def _backward(self, parameters, residual, inputs, slopes):
        gradients, scheme = {}, self._scheme
        for layer, b in scheme.backward(parameters, residual[..., None], slopes, self.trained):
            weight, bias = scheme.layers[layer]
            if weight in self.trained:
                found = torch.bmm(b.mT, inputs[layer])
                gradients[weight] = found.reshape(parameters[weight].shape)
            if bias in self.trained:
                found = scheme.bias_scale * b.sum(1)
                gradients[bias] = found.reshape(parameters[bias].shape)
        return gradients


def _joined(parts):
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def thin(X):
    """(1 or N, d + 1, n): points as columns with a 1 below, for neurons with a bias."""
    X = X if X.ndim == 3 else X[None]
    return torch.cat([X, torch.ones_like(X[..., :1])], dim=-1).mT.contiguous()


def _rows(order):
    return order if order.ndim == 2 else order[None]


def neurons(parameters):
    """w̃, (N, c, m), and a/√m, (N, m)."""
    w, a = parameters["W"].mT, parameters["a"]
    if "b" in parameters:
        w = torch.cat([w, parameters["b"][:, None]], dim=1)
    return w.contiguous(), a / math.sqrt(a.shape[-1])


def _two_layer_gradients(w, a, S, parameters, trained):
    """Gradients from S, (N, c, m), as at the head of this module."""
    gradients = {}
    if "W" in trained:
        gradients["W"] = (a[:, None] * S[:, : parameters["W"].shape[-1]]).mT
    if "b" in trained:
        gradients["b"] = a * S[:, -1]
    if "a" in trained:
        gradients["a"] = (w * S).sum(1) / math.sqrt(a.shape[-1])
    return gradients
