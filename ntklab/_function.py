"""A torch module as a function f(x; w): one number for each point, independent of other points.

A module may do more than compute. It may write into its input, keep statistics in its buffers,
draw random numbers, or mix the points of a batch. A `Function` therefore works on a copy of the
module that shares nothing but the parameters, hands it fresh points and its first buffers at every
call, and refuses by name what is no function of one point.
"""

import contextlib
import copy
import warnings

import numpy as np
import torch
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.modules import batchnorm, dropout

from ntklab._arguments import instance_of, one_of, whole_number
from ntklab.networks import LayeredNetwork

PROBED = 8  # points whose outputs together and one by one are compared
SUM = "sum"  # of the kernels of several outputs


class Function:
    """f(x; w) by a checked module, for one of its outputs."""

    def __init__(self, network, output=None):
        _refuse_parameters(network)
        _refuse_layers(network)
        self.network = _private(network)
        self.closed = isinstance(network, LayeredNetwork) and network._is_plain()
        self.parameters = dict(self.network.named_parameters())
        self.trained = tuple(n for n, value in self.parameters.items() if value.requires_grad)
        self.state = {name: value.detach() for name, value in self.parameters.items()}
        self.like = self.state[self.trained[0]]
        self._buffers = dict(self.network.named_buffers())
        self._asked = _number(output)
        self._output = self._asked if isinstance(self._asked, int) else 0
        self._count = 1
        self._slow = {}  # parameter -> whether its gradients are taken point by point

    def components(self):
        """The functions, one for each output, whose kernels add up to the one asked for."""
        if self._asked != SUM:
            return [self]
        parts = [copy.copy(self) for _ in range(self._count)]
        for k, part in enumerate(parts):
            part._output = k
        return parts

    def tensor(self, array):
        return torch.from_numpy(array).to(self.like.dtype).to(self.like.device)

    def check(self, name, points):
        """Refuses points that the network does not take, and a network that mixes points."""
        with torch.random.fork_rng(_gpus(points)), torch.no_grad():
            (found,) = self._try(name, points, [points[[0, -1]]])
            self._count = _outputs_of(found, self._asked)
            if not self.closed:
                some = points[np.unique(np.linspace(0, len(points) - 1, PROBED).astype(int))]
                self._refuse_what_draws(some)
                self._refuse_what_changes(some)
                self._refuse_what_mixes(some)

    def outputs(self, weights, x):
        """f(x), shape (n,), with some of the parameters replaced by `weights`."""
        return self._column(self._call({**self.state, **self._fresh(), **weights}, x))

    def gradients(self, name, x):
        """∂f(x_i)/∂θ for θ = `name`, shape (n, *θ.shape)."""
        slow = self._slow.get(name, False)
        return self._one_by_one(name, x) if slow else self._together(name, x)

    def derivative(self, weights, x, direction):
        """The derivative of f(x) along a change of the parameters `weights`, shape (n,)."""
        with warnings.catch_warnings():
            # the first use of jvp makes torch compile rules of its own, in a way it deprecates
            warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
            return jvp(lambda some: self.outputs(some, x), (weights,), (direction,))[1]

    def pullback(self, x, v):
        """{θ: Σ_i v_i ∂f(x_i)/∂θ} over the trained parameters."""
        values = [self.parameters[name] for name in self.trained]
        with torch.enable_grad():
            u = self._column(self._call(self._fresh(), x))
            slopes = torch.autograd.grad(u, values, v.to(u.dtype), materialize_grads=True)
        return dict(zip(self.trained, slopes, strict=True))

    def probe(self, name, x):
        """Find out whether `torch.func` gives the same gradients as plain autograd."""
        if self.closed or name in self._slow:
            return
        exact = self._one_by_one(name, x)
        self._slow[name] = not _agrees(lambda: self._together(name, x), exact)

    def has_derivative(self, names, x):
        """Whether forward-mode derivatives exist and are right: many layers have none."""
        if self.closed:
            return True
        gradients = {name: self._one_by_one(name, x)[0] for name in names}
        exact = sum(value.square().sum() for value in gradients.values())
        weights = {name: self.state[name] for name in names}
        return _agrees(lambda: self.derivative(weights, x, gradients)[0], exact)

    def _together(self, name, x):
        def output(value, point):
            return self.outputs({name: value}, point[None]).squeeze()

        with warnings.catch_warnings():
            # where torch has no rule for points side by side it takes them in turn, and says so
            warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
            return vmap(grad(output), (None, 0))(self.state[name], x)

    def _one_by_one(self, name, x):
        rows = self.state[name].new_zeros(len(x), *self.state[name].shape)
        with torch.enable_grad():
            for row, point in zip(rows, x, strict=True):
                u = self._column(self._call(self._fresh(), point[None]))
                if u.requires_grad:
                    (slope,) = torch.autograd.grad(
                        u.sum(), self.parameters[name], allow_unused=True
                    )
                    row.copy_(0 if slope is None else slope)
        return rows

    def _call(self, values, x):
        x = x.clone()  # the network may write into it
        found = functional_call(self.network, values, (x,)) if values else self.network(x)
        alone = isinstance(found, torch.Tensor) and found.ndim == 0 and len(x) == 1
        return found[None] if alone else found  # after a squeeze() of all axes

    def _fresh(self):
        return {name: value.clone() for name, value in self._buffers.items()}

    def _column(self, found):
        return found.reshape(len(found), -1)[:, self._output]

    def _try(self, name, points, batches):
        """Outputs of the batches one after another; buffers keep their state between them."""
        carried = self._fresh()
        try:
            return [self._call(carried, batch) for batch in batches]
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            got = f"got shape {tuple(points.shape)} ({error}){self._mixture()}"
            raise ValueError(f"{name}: must suit the network, {got}") from error

    def _mixture(self):
        """A hint, where the parameters are not all of one dtype on one device; "" else."""
        kinds = sorted({f"{value.dtype} on {value.device}" for value in self.state.values()})
        if len(kinds) == 1:
            return ""
        return f"; its parameters are {' and '.join(kinds)}: network.to(...) makes them alike"

    def _refuse_what_draws(self, points):
        before = _random_states(points)
        self._try("X", points, [points])
        if not all(map(torch.equal, before, _random_states(points))):
            wanted = "must give the same number for the same point, it draws random numbers"
            raise ValueError(f"network: {wanted}{self._remedy()}")

    def _refuse_what_changes(self, points):
        """Refuses a network whose answers depend on earlier calls, or on how many points come."""
        first, *singles, again = self._try("X", points, [points, *points.split(1), points])
        size = max(float(x.nan_to_num(0, 0, 0).abs().max()) for x in (first, points))
        bound = torch.finfo(first.dtype).eps ** 0.5 * size
        if not torch.allclose(first, again, 0, bound, equal_nan=True):
            wanted = "same number at every call, its answers change from call to call"
        elif not torch.allclose(first, torch.cat(singles), 0, bound, equal_nan=True):
            wanted = "same number for a point alone as for the point among others"
        else:
            return
        raise ValueError(f"network: must give the {wanted}{self._remedy()}")

    def _refuse_what_mixes(self, points):
        """Refuse a network whose output at one point has a derivative along another point."""
        x = points.clone().requires_grad_()
        for i, others in ((0, slice(1, None)), (-1, slice(0, -1))):
            slope = self._slope(x, i)
            if slope is not None and (slope[others].nan_to_num() != 0).any():
                wanted = "must take each point on its own, the output at one depends on the others"
                raise ValueError(f"network: {wanted}{self._remedy()}")

    def _slope(self, x, i):
        """∂f(x_i)/∂x at all points, or None if the output does not depend on the points."""
        try:
            with torch.enable_grad():
                u = self._call(self._fresh(), x)
                if u.requires_grad:
                    return torch.autograd.grad(u[i].sum(), x, allow_unused=True)[0]
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            raise ValueError(f"network: must have a gradient ({error})") from error
        raise ValueError("network: must depend on its parameters, its output has no graph")

    def _remedy(self):
        if any(module.training for module in self.network.modules()):
            return "; if that is for training alone, network.eval() ends it"
        return ""


@contextlib.contextmanager
def untouched(network):
    """Restore the buffers of the network itself at the end of the block."""
    instance_of("network", network, torch.nn.Module)
    held = [
        (m, n, b, b.clone()) for m in network.modules() for n, b in m.named_buffers(recurse=False)
    ]
    try:
        yield
    finally:
        for module, name, buffer, value in held:
            module._buffers[name] = buffer
            if not torch.equal(buffer, value):
                with torch.inference_mode(buffer.is_inference()):
                    buffer.copy_(value)


def _private(network):
    """A copy that shares the parameters, so that no buffer or attribute of the original changes."""
    shared = {id(value): _usable(value) for value in network.parameters()}
    try:
        return copy.deepcopy(network, shared)
    except Exception as error:  # it holds a lock, an open file: buffers are safe nevertheless
        if any(value.is_inference() for value in network.parameters()):
            wanted = "can be differentiated, it was made in inference mode and can't be copied"
            raise ValueError(f"network: must have parameters that {wanted} ({error})") from None
        return network


def _usable(parameter):
    """The parameter, or a copy where it was made in inference mode and can't be differentiated."""
    if not parameter.is_inference():
        return parameter
    return torch.nn.Parameter(parameter.clone(), requires_grad=parameter.requires_grad)


def _refuse_parameters(network):
    for name, value in network.named_parameters():
        if isinstance(value, torch.nn.parameter.UninitializedParameter):
            got = f"{name!r} has no shape yet: call the network on a point first"
            raise ValueError(f"network: its parameters must exist, {got}")
        if value.is_meta:
            raise ValueError(
                f"network: its parameters must have values, {name!r} is on the device 'meta'"
            )
        if value.requires_grad and value.is_complex():
            raise ValueError(f"network: its parameters must be real, got {value.dtype} in {name!r}")
        if not value.detach().sum().isfinite():  # a ReLU would hide it: its slope at NaN is 0
            raise ValueError(f"network: its parameters must be finite, got other in {name!r}")
    if not any(value.requires_grad for value in network.parameters()):
        raise ValueError("network: must have a trained parameter, got none with requires_grad")


def _refuse_layers(network):
    for name, module in network.named_modules():
        if reason := _why_mixing(module):
            layer = f"its layer {name!r}" if name else "it"
            kind = type(module).__name__
            raise ValueError(f"network: must be a function of one point, {layer} ({kind}) {reason}")


def _why_mixing(module):
    """Why a layer's output depends on more than its point, with the remedy, in words; or None."""
    if isinstance(module, batchnorm._BatchNorm):
        if module.running_mean is None:
            return (
                "takes means over the points of a batch and keeps no statistics; GroupNorm and "
                "LayerNorm take a point's own"
            )
        if module.training:
            return "takes means over the points of a batch; call network.eval() first"
    if module.training and _draws(module):
        return "draws random numbers in train mode; call network.eval() first"
    return None


def _draws(module):
    nn = torch.nn
    if isinstance(module, dropout._DropoutNd):
        return module.p > 0
    if isinstance(module, nn.RReLU):
        return module.lower != module.upper
    if isinstance(module, nn.RNNBase):
        return module.dropout > 0 and module.num_layers > 1
    return isinstance(module, nn.MultiheadAttention) and module.dropout > 0


def _number(output):
    """`output` as a number, SUM or None."""
    if output is None or isinstance(output, str):
        return output if output is None else one_of("output", output, (SUM,))
    return whole_number("output", output, at_least=0)


def _outputs_of(found, asked):
    """The number of outputs of the network; refused if it does not suit the `output` asked for."""
    if not isinstance(found, torch.Tensor):
        kind = type(found).__name__
        raise TypeError(f"network: must give one tensor, got {kind}; wrap it to pick the part")
    if not found.dtype.is_floating_point:
        raise TypeError(f"network: must give real numbers, got {found.dtype}")
    shape = tuple(found.shape)
    got = f"must give one number a point, got shape {shape} for two points"
    if shape[:1] != (2,) or len(shape) > 2 or 0 in shape:
        raise ValueError(f"network: {got}")
    count = found.numel() // 2
    if asked is None and count > 1:
        raise ValueError(
            f"network: {got}; output=0 to {count - 1} picks one, output={SUM!r} adds their kernels"
        )
    if isinstance(asked, int):
        whole_number("output", asked, at_most=count - 1)
    return count


def _agrees(attempt, exact):
    """Whether `attempt` succeeds and finds `exact` to half of its digits."""
    try:
        found = attempt()
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return False
    bound = torch.finfo(exact.dtype).eps ** 0.5
    size = float(exact.abs().max()) if exact.numel() else 0.0
    return torch.allclose(found, exact, rtol=bound, atol=bound * size, equal_nan=True)


def _gpus(points):
    return [points.device] if points.is_cuda else []


def _random_states(points):
    return [torch.random.get_rng_state(), *map(torch.cuda.get_rng_state, _gpus(points))]
