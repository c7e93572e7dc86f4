"""Networks of finite width in the tangent-kernel parameterisation: equations (3) and (6).

Both networks are one scheme, repeated layer by layer,

    f⁽ʰ⁾ = W⁽ʰ⁾ g⁽ʰ⁻¹⁾ + β b⁽ʰ⁾,    g⁽ʰ⁾ = √(c_σ/d_h) σ(f⁽ʰ⁾),    g⁽⁰⁾ = x,

with parameters of order one and every power of the width in front of σ, so that the tangent kernel
(2) has a limit as the width grows. The output is one number a point.

>>> network = TwoLayerReLU(1000, 2, generator=torch.Generator().manual_seed(0), device="cpu")
>>> network(torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)).shape
torch.Size([2])
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ntklab import _threads
from ntklab._arguments import (
    LARGEST,
    _short,
    boolean,
    finite_number,
    instance_of,
    positive,
    size,
    whole_number,
)
from ntklab.activations import dual_activation
from ntklab.kernels import DEEPEST
from ntklab.kernels import _trained_layers as trained_layers

_threads.let_sleep()

MOST_WEIGHTS = 10**9  # of a layer: 8 GB

ACTIVATIONS = {
    "relu": torch.relu,
    "erf": torch.erf,
    "tanh": torch.tanh,
    "gelu": torch.nn.functional.gelu,
    "sin": torch.sin,
}


def pick_device(name="auto"):
    """The torch.device called `name`; "auto" is the first CUDA GPU, or the CPU where there is none.

    Parameters
    ----------
    name : str or torch.device
        "auto", "cpu", "cuda", "cuda:1", "mps", ...

    Raises
    ------
    TypeError
        Neither a name nor a torch.device.
    ValueError
        When this machine has no such device; the message lists those it has.
    """
    if not isinstance(name, str | torch.device):
        raise TypeError(f"device: must be a name or a torch.device, got {_short(name)}")
    there = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        there.append("mps")
    if name == "auto":
        return torch.device("cuda" if "cuda:0" in there else "cpu")
    asked = "cuda:0" if str(name) == "cuda" else str(name)
    if asked not in there:
        accepted = ", ".join(map(repr, ["auto", *there]))
        raise ValueError(f"device: must be one of {accepted} on this machine, got {str(name)!r}")
    return torch.device(name)


@dataclass(frozen=True)
class _Scheme:
    """The recursion at the head of this module, forward and backward.

    Parameters are {name: tensor}, those of one network with points (..., d) or those of a stack of
    N networks, each with one axis more, with points (N, n, d).
    """

    layers: tuple  # of (name of the weight, name of the bias or None), first layer first
    activation: Callable
    c_sigma: float
    bias_scale: float

    def forward(self, parameters, x, *, slopes=False):
        """f(x), and, where `slopes` are asked for, [g⁽⁰⁾ ... g⁽ᴸ⁾] and [√(c_σ/d_h) σ̇(f⁽ʰ⁾)]."""
        inputs, found = [x], []
        for weight, bias in self.layers[:-1]:
            f = self._affine(parameters[weight], parameters.get(bias), inputs[-1])
            scale = math.sqrt(self.c_sigma / f.shape[-1])
            if not slopes:
                inputs = [scale * self.activation(f)]
                continue
            value, slope = _with_derivative(self.activation, f)
            inputs.append(value.mul_(scale))
            found.append(slope.mul_(scale))
        weight, bias = self.layers[-1]
        row, number = parameters[weight][..., None, :], parameters.get(bias)
        number = None if number is None else number[..., None]
        return self._affine(row, number, inputs[-1])[..., 0], inputs, found

    def backward(self, parameters, b, slopes, trained):
        """(layer, b⁽ʰ⁾) from the last layer, whose b is given, down to the lowest that is trained.

        b⁽ʰ⁾ = √(c_σ/d_h) σ̇(f⁽ʰ⁾) · W⁽ʰ⁺¹⁾ᵀ b⁽ʰ⁺¹⁾, and ∂f/∂W⁽ʰ⁾ = b⁽ʰ⁾ g⁽ʰ⁻¹⁾ᵀ.
        """
        lowest = min(h for h, names in enumerate(self.layers) if set(names) & set(trained))
        for layer in range(len(slopes), lowest - 1, -1):
            yield layer, b
            if layer > lowest:
                weight = parameters[self.layers[layer][0]]
                rows = weight[..., None, :] if layer == len(slopes) else weight
                b = (b @ rows).mul_(slopes[layer - 1])

    def _affine(self, weight, bias, g):
        """W g + β b for one network, or for each of a stack."""
        if weight.ndim == 2:
            bias = None if bias is None else self.bias_scale * bias
            return torch.nn.functional.linear(g, weight, bias)
        if bias is None:
            return torch.bmm(g, weight.mT)
        return torch.baddbmm(bias[:, None], g, weight.mT, beta=self.bias_scale)


class LayeredNetwork(torch.nn.Module):
    """The scheme at the head of this module, whatever the starting values of its parameters.

    Not built directly: `TwoLayerReLU` and `FullyConnected` say what the parameters start from.
    """

    def __init__(self, layers, *, activation, c_sigma, bias_scale, dtype, device):
        super().__init__()
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            raise ValueError(f"dtype: must be a real floating torch.dtype, got {_short(dtype)}")
        device = pick_device(device)
        named = []
        for names, starts, trained in layers:
            for name, start in zip(names, starts, strict=True):
                # dtype before device: some devices have no float64
                value = start.to(dtype).to(device)
                if not value.isfinite().all():
                    raise ValueError(f"dtype: must hold the starting values, got {dtype}")
                self.register_parameter(name, torch.nn.Parameter(value, requires_grad=trained))
            named.append((*names, None)[:2])
        self._scheme = _Scheme(tuple(named), activation, c_sigma, bias_scale)

    @property
    def dimension(self):
        """Number of coordinates of an input."""
        return getattr(self, self._scheme.layers[0][0]).shape[1]

    @property
    def widths(self):
        """(d_1, ..., d_L), the widths of the hidden layers."""
        return tuple(getattr(self, weight).shape[0] for weight, _ in self._scheme.layers[:-1])

    @property
    def trained_parameters(self):
        """Names of the trained parameters: those with `requires_grad`."""
        return tuple(name for name, value in self.named_parameters() if value.requires_grad)

    def forward(self, x):
        """f(x), shape (...), of points x, shape (..., dimension)."""
        return self._scheme.forward(self._values(), self._checked(x))[0]

    @torch.no_grad()
    def gradient_factors(self, x):
        r"""∂f(x)/∂W⁽ʰ⁾ = b⁽ʰ⁾(x) g⁽ʰ⁻¹⁾(x)ᵀ: the two factors, for every trained parameter.

        A layer's part of the tangent kernel is then ⟨g, g'⟩⟨b, b'⟩, and no gradient is ever formed
        (the lecture's backup slides). For a bias, g is the number β.

        Parameters
        ----------
        x : tensor, shape (n, dimension)

        Returns
        -------
        dict
            Parameter name -> (g, b), of shapes (n, d_{h-1}) and (n, d_h).
        """
        if self._checked(x).ndim != 2:
            raise ValueError(f"x: must have shape (n, {self.dimension}), got {tuple(x.shape)}")
        scheme, values, trained = self._scheme, self._values(), self.trained_parameters
        _, inputs, slopes = scheme.forward(values, x, slopes=True)
        one, factors = torch.ones_like(x[:, :1]), {}
        for layer, b in scheme.backward(values, one, slopes, trained):
            weight, bias = scheme.layers[layer]
            factors[weight] = inputs[layer], b
            if bias is not None:
                factors[bias] = scheme.bias_scale * one, b
        return {name: factors[name] for name in trained}

    def __repr__(self):
        fixed = [name for name, value in self.named_parameters() if not value.requires_grad]
        value = next(self.parameters())
        return (
            f"{type(self).__name__}({self.extra_repr()}) [{self._formula}; tangent-kernel "
            f"parameterisation; trained: {', '.join(self.trained_parameters) or 'nothing'}; "
            f"fixed: {', '.join(fixed) or 'nothing'}; {value.dtype} on {value.device}]"
        )

    def _is_plain(self):
        """Whether the closed forms hold: no other `forward`, no hooks, no replaced parameters."""
        hooks = "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"
        own = type(self).forward is LayeredNetwork.forward and "forward" not in vars(self)
        names = {name for layer in self._scheme.layers for name in layer if name}
        return (
            own
            and not any(getattr(self, hook) for hook in hooks)
            and names == {name for name, _ in self.named_parameters()}
        )

    def _values(self):
        names = (name for layer in self._scheme.layers for name in layer if name)
        return {name: getattr(self, name) for name in names}

    def _checked(self, x):
        weight = getattr(self, self._scheme.layers[0][0])
        if instance_of("x", x, torch.Tensor).dtype != weight.dtype:
            raise TypeError(f"x: must be {weight.dtype}, as the network is, got {x.dtype}")
        if x.shape[-1:] != (self.dimension,):
            raise ValueError(
                f"x: must have {self.dimension} coordinates a point, got shape {tuple(x.shape)}"
            )
        return x


class TwoLayerReLU(LayeredNetwork):
    r"""f(x) = (1/√m) Σ_r a_r σ(w_r·x + b_r), σ(z) = max(z, 0): equation (6).

    At the start w_r ~ N(0, τ² I), b_r = 0 and a_r = ±1 with equal chance. With the first layer
    trained its tangent kernel tends to `TwoLayerNTK(bias, normalization="network")`, whatever τ.
    Parameters: W (m, d), b (m,), a (m,).

    Parameters
    ----------
    width : int
        m.
    dimension : int
        d, coordinates of an input.
    bias : bool
        Whether there are b_r; they are trained.
    train_output : bool
        Whether the a_r are trained too.
    weight_scale : float
        τ > 0: it scales the output at the start, not the kernel.
    generator : torch.Generator
        Source of the starting values, drawn in float64 on the generator's device: one seed is one
        network, up to rounding, whatever the dtype and device.
    dtype : torch.dtype
    device : str or torch.device
        See `pick_device`.

    Raises
    ------
    ValueError, TypeError
        Naming the argument out of range or of the wrong kind.
    """

    def __init__(
        self,
        width,
        dimension,
        *,
        bias=True,
        train_output=False,
        weight_scale=1.0,
        generator,
        dtype=torch.float64,
        device="auto",
    ):
        width = size("width", width)
        dimension = size("dimension", dimension)
        bias = boolean("bias", bias)
        train_output = boolean("train_output", train_output)
        weight_scale = positive("weight_scale", weight_scale)
        weights = weight_scale * _normal(generator, width, dimension)
        signs = 2.0 * torch.randint(2, (width,), generator=generator, device=generator.device) - 1
        first = (("W", "b"), (weights, torch.zeros(width))) if bias else (("W",), (weights,))
        super().__init__(
            [(*first, True), (("a",), (signs,), train_output)],
            activation=torch.relu,
            c_sigma=1.0,
            bias_scale=1.0,
            dtype=dtype,
            device=device,
        )
        self._weight_scale = weight_scale
        bias = " + b" if bias else ""
        self._formula = f"equation (6): f(x) = a·relu(Wx{bias})/√m"

    def extra_repr(self):
        return (
            f"width={self.widths[0]}, dimension={self.dimension}, bias={hasattr(self, 'b')}, "
            f"weight_scale={self._weight_scale:g}"
        )


class FullyConnected(LayeredNetwork):
    r"""f⁽ʰ⁾ = W⁽ʰ⁾ g⁽ʰ⁻¹⁾ + β b⁽ʰ⁾, g⁽ʰ⁾ = √(c_σ/d_h) σ(f⁽ʰ⁾), g⁽⁰⁾ = x: equation (3).

    Its output is f⁽ᴸ⁺¹⁾(x). At the start every entry of W⁽¹⁾ ... W⁽ᴸ⁾ and b⁽¹⁾ ... b⁽ᴸ⁺¹⁾ is
    N(0, 1), and of W⁽ᴸ⁺¹⁾ is N(0, τ²); equation (3) is β = 0. With τ = 1 the tangent kernel tends
    to `DeepNTK` of the same arguments; τ multiplies the parts of layers 1 to L by τ². Parameters:
    W1 (d_1, d), ..., W{L+1} (d_L,) and, where β > 0, b1, ..., b{L+1}.

    Parameters
    ----------
    hidden_layers : int
        L.
    width : int or sequence of int
        d_1 = ... = d_L, or one width for each hidden layer.
    dimension : int
        d, coordinates of an input.
    activation : str or callable
        σ: "relu", "erf", "tanh", "gelu", "sin", or an elementwise smooth function of a tensor.
    bias_variance : float
        β² >= 0; without biases at 0.
    trained : {"all", "first", "hidden"} or sequence of int
        Layers 1 to L+1; 1; 2 to L (first and last layer fixed, as in the theorem on deep networks,
        equations (20)-(22)); or those listed. A layer's bias goes with its weight.
    generator, dtype, device
        As for `TwoLayerReLU`.

    Raises
    ------
    ValueError, TypeError
        Naming the argument out of range or of the wrong kind.
    """

    def __init__(
        self,
        hidden_layers,
        width,
        dimension,
        *,
        activation="relu",
        bias_variance=0.0,
        trained="all",
        generator,
        dtype=torch.float64,
        device="auto",
    ):
        hidden_layers = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
        widths = width if isinstance(width, Sequence) else [width] * hidden_layers
        if len(widths) != hidden_layers:
            raise ValueError(
                f"width: must be one a hidden layer ({hidden_layers}), got {_short(width)}"
            )
        widths = [size("width", value) for value in widths]
        dimension = size("dimension", dimension)
        bias_variance = finite_number(
            "bias_variance", bias_variance, at_least=0, at_most=LARGEST
        )
        trained = trained_layers(trained, hidden_layers)
        c_sigma = _c_sigma(activation)

        shapes = [*zip(widths, [dimension, *widths], strict=False), (widths[-1],)]
        layers = []
        for h, shape in enumerate(shapes, start=1):
            names, starts = [f"W{h}"], [_normal(generator, *shape)]
            if bias_variance > 0:
                names.append(f"b{h}")
                starts.append(_normal(generator, *shape[:-1]))
            layers.append((names, starts, h in trained))
        super().__init__(
            layers,
            activation=ACTIVATIONS.get(activation, activation),
            c_sigma=c_sigma,
            bias_scale=math.sqrt(bias_variance),
            dtype=dtype,
            device=device,
        )
        self._activation_name = activation
        bias = " + β b⁽ʰ⁾" if bias_variance else ""
        self._formula = (
            f"equation (3): f⁽ʰ⁾ = W⁽ʰ⁾ g⁽ʰ⁻¹⁾{bias}, g⁽ʰ⁾ = √(c/d_h) σ(f⁽ʰ⁾), c = {c_sigma:.6g}"
        )

    def extra_repr(self):
        widths = self.widths
        return (
            f"hidden_layers={len(widths)}, "
            f"width={widths[0] if len(set(widths)) == 1 else widths}, "
            f"dimension={self.dimension}, activation={self._activation_name!r}, "
            f"bias_variance={self._scheme.bias_scale**2:g}"
        )


def _with_derivative(function, z):
    """σ(z) and σ̇(z), elementwise; writes over z where that is faster."""
    if function is torch.relu:
        return torch.relu(z), z.gt_(0)
    with torch.inference_mode(False), torch.enable_grad():
        z = (z.clone() if z.is_inference() else z.detach()).requires_grad_()
        value = function(z)
        (slope,) = torch.autograd.grad(value, z, torch.ones_like(z))
    return value.detach(), slope


def _c_sigma(activation):
    def on_arrays(z):  # as the infinite width has it
        values = activation(torch.from_numpy(z))
        return instance_of("activation", values, torch.Tensor).numpy()

    return dual_activation(on_arrays if callable(activation) else activation).c_sigma


def _normal(generator, *shape):
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator: must be a torch.Generator, got {_short(generator)}")
    if math.prod(shape) > MOST_WEIGHTS:
        wanted = f"must give layers of at most {MOST_WEIGHTS} weights"
        raise ValueError(f"width, dimension: {wanted}, got {shape}")
    device = generator.device
    return torch.randn(shape, generator=generator, dtype=torch.float64, device=device)
