"""Networks as people have them: H is autograd's row by row, or the refusal says what to do."""

import copy
import functools
import itertools
import re
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from ntklab.networks import FullyConnected, LayeredNetwork, TwoLayerReLU
from ntklab.tangent import (
    empirical_ntk,
    empirical_ntk_by_layer,
    ntk_drift,
    ntk_vector_product,
)

torch.set_num_threads(1)

n, d = 7, 3
rng = np.random.default_rng(0)
X, Y, V = rng.normal(size=(n, d)), rng.normal(size=(4, d)), rng.normal(size=n)


class Of(nn.Module):
    """A module from a function of (self, x); keyword arguments are its parts."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part, persistent=name != "passing")
            else:
                setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def seeded(build):
    """`build` with torch's global seed, which it leaves as it was."""

    def made():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return build().double()

    return made


def chain(*layers, into=8):
    return nn.Sequential(nn.Linear(d, into), *layers, nn.Tanh(), nn.Linear(into, 1))


def base():
    return nn.Sequential(nn.Linear(d, 8), nn.Tanh(), nn.Linear(8, 1))


def own(kind=TwoLayerReLU):
    seed = torch.Generator().manual_seed(0)
    if kind is TwoLayerReLU:
        return kind(20, d, train_output=True, generator=seed, device="cpu")
    return kind(2, 9, d, bias_variance=0.2, generator=seed, device="cpu")


# What a forward may do to its input


def minus(self, x):
    x -= 0.5
    return self.net(x)


def through_a_view(self, x):
    x.view(-1).mul_(3)
    x[:, 0].clamp_(-0.1, 0.1)
    return self.net(x)


def through_detached_memory(self, x):
    x.detach().neg_()
    return self.net(x)


def double_the_input(module, inputs):
    inputs[0].mul_(2)


def clear_the_input(module, inputs, output):
    inputs[0].zero_()


def hooked(register, hook):
    def build():
        net = Of(lambda self, x: self.net(1 * x), net=base())
        getattr(net, register)(hook)
        return net

    return build


def in_place_relu():
    return nn.Sequential(nn.ReLU(inplace=True), nn.Linear(d, 8), nn.ReLU(inplace=True),
                         nn.Linear(8, 1))


# Layers that keep something


def counting(self, x):
    self.calls += 1
    self.passing.mul_(0.5)
    self.seen = self.seen + 1
    return self.net(x)


def raising(self, x):
    self.calls += 1
    if self.calls > 100:
        raise RuntimeError("worn out")
    return self.net(x)


def evaluated(*layers):
    """With statistics of their own first, as after a training."""

    def build():
        net = chain(*layers).double()
        net(torch.randn(20, d, dtype=torch.float64))
        return net.eval()

    return build


# Parameters of all kinds


def tied():
    net = nn.Sequential(nn.Linear(d, d), nn.Tanh(), nn.Linear(d, d), nn.Tanh(), nn.Linear(d, 1))
    net[2].weight = net[0].weight
    return net


def own_tied():
    net = FullyConnected(3, d, d, generator=torch.Generator().manual_seed(0), device="cpu")
    net.W2 = net.W1
    return net


def part_frozen():
    net = base()
    net[0].bias.requires_grad_(False)
    net[2].weight.requires_grad_(False)
    return net


def own_frozen():
    net = own(FullyConnected)
    net.W2.requires_grad_(False)
    return net


class Doubled(TwoLayerReLU):
    """The closed forms of its class do not hold for it."""

    def forward(self, x):
        return 2 * super().forward(x)


def doubled():
    return Doubled(20, d, generator=torch.Generator().manual_seed(0), device="cpu")


def own_with_a_hook():
    net = own()
    net.register_forward_hook(lambda module, inputs, output: output**2)
    return net


def own_with_a_forward():
    net = own()
    forward = net.forward
    net.forward = lambda x: 3 * forward(x)
    return net


def parametrised(what, *arguments):
    def build():
        net = base()
        with warnings.catch_warnings():  # one of these is deprecated, and in use
            warnings.simplefilter("ignore", FutureWarning)
            what(net[0], *arguments)
        return net.eval()

    return build


def single_inside(self, x):
    return self.head(self.body(x.float()).double())


def recurrent(kind, **options):
    def build():
        def forward(self, x):
            return self.head(self.cells(x[..., None])[0][:, -1])[:, 0]

        return Of(forward, cells=kind(1, 4, batch_first=True, **options), head=nn.Linear(4, 1))

    return build


class Cube(torch.autograd.Function):
    """As written before torch.func, which refuses it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, slope):
        return 3 * ctx.saved_tensors[0] ** 2 * slope


def by_cases(self, x):
    return torch.stack([self.one(p) if p[0] > 0 else self.other(p) for p in x])


RIGHT = {
    "writes into its input": lambda: Of(minus, net=base()),
    "through views": lambda: Of(through_a_view, net=base()),
    "past autograd": lambda: Of(through_detached_memory, net=base()),
    "by a hook before": hooked("register_forward_pre_hook", double_the_input),
    "by a hook after": hooked("register_forward_hook", clear_the_input),
    "ReLU in place, first of all": in_place_relu,
    "counts its calls": lambda: Of(
        counting, net=base(), calls=torch.tensor(0), passing=torch.ones(2), seen=0
    ),
    "BatchNorm, evaluated": evaluated(nn.BatchNorm1d(8)),
    "Dropout, evaluated": lambda: chain(nn.Dropout(0.5), nn.AlphaDropout(0.2), nn.RReLU()).eval(),
    "Dropout of nothing": lambda: chain(nn.Dropout(0.0)),
    "LayerNorm": lambda: chain(nn.LayerNorm(8)),
    "GroupNorm": lambda: chain(nn.GroupNorm(2, 8)),
    "InstanceNorm": lambda: chain(
        nn.Unflatten(1, (2, 4)), nn.InstanceNorm1d(2), nn.Flatten()
    ),
    "InstanceNorm with statistics": lambda: chain(
        nn.Unflatten(1, (2, 4)), nn.InstanceNorm1d(2, track_running_stats=True), nn.Flatten()
    ),
    "LSTM": recurrent(nn.LSTM),
    "GRU": recurrent(nn.GRU),
    "RNN": recurrent(nn.RNN),
    "two layers of LSTM, both ways": recurrent(nn.LSTM, num_layers=2, proj_size=0),
    "attention": lambda: Of(
        lambda self, x: self.head(self.cells(*[x[..., None].expand(-1, -1, 4)] * 3)[0][:, 0]),
        cells=nn.MultiheadAttention(4, 2, batch_first=True), head=nn.Linear(4, 1),
    ),
    "transformer, evaluated": lambda: Of(
        lambda self, x: self.head(self.cells(x[..., None].expand(-1, -1, 4))[:, 0]),
        cells=nn.TransformerEncoderLayer(4, 2, 6, batch_first=True), head=nn.Linear(4, 1),
    ).eval(),
    "convolution": lambda: chain(nn.Unflatten(1, (1, 8)), nn.Conv1d(1, 1, 3, padding=1),
                                 nn.Flatten()),
    "tied": tied,
    "tied among our own": own_tied,
    "part frozen": part_frozen,
    "part of our own frozen": own_frozen,
    "our own with another forward": doubled,
    "our own with a hook": own_with_a_hook,
    "our own with a forward of its own": own_with_a_forward,
    "weight_norm": parametrised(nn.utils.parametrizations.weight_norm),
    "weight_norm by a hook": parametrised(nn.utils.weight_norm),
    "spectral_norm, evaluated": parametrised(nn.utils.parametrizations.spectral_norm),
    "a parameter of no entries": lambda: Of(
        lambda self, x: self.net(x) + self.none.sum(), net=base(), none=nn.Parameter(torch.ones(0))
    ),
    "a parameter without effect": lambda: Of(
        lambda self, x: self.net(x), net=base(), idle=nn.Parameter(torch.ones(2))
    ),
    "old autograd functions": lambda: Of(lambda self, x: Cube.apply(self.net(x)), net=base()),
    "cases by point": lambda: Of(by_cases, one=base(), other=base()),
    "a lock inside": lambda: Of(lambda self, x: self.net(x), net=base(), lock=threading.Lock()),
    "one output of shape (n,)": lambda: Of(lambda self, x: self.net(x)[:, 0], net=base()),
    "outputs that cancel": lambda: Of(
        lambda self, x: self.one(x) - self.other(x), one=base(), other=base()
    ),
}  # fmt: skip
each = pytest.mark.parametrize("name", RIGHT)


def built(name):
    net = seeded(RIGHT[name])()
    if name == "outputs that cancel":
        net.other.load_state_dict(net.one.state_dict())
    return net


def by_autograd(network, points, pick=lambda u: u):
    """{θ: rows ∂f(x_i)/∂θ}, each from a fresh copy of the network and of the point."""
    rows = {}
    for x in torch.tensor(points):
        net = network()
        trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
        u = pick(net(x[None].clone())).sum()
        slopes = torch.autograd.grad(u, list(trained.values()), materialize_grads=True)
        for name, slope in zip(trained, slopes, strict=True):
            rows.setdefault(name, []).append(slope.flatten())
    return {name: torch.stack(slopes).numpy() for name, slopes in rows.items()}


@functools.cache
def rows_at_X(name):
    return by_autograd(lambda: built(name), X)


def content(network):
    """All that a network holds, to be compared."""
    state = {k: v.clone() for k, v in [*network.named_parameters(), *network.named_buffers()]}
    others = {
        (name, key): value
        for name, module in network.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, bool | int | float)
    }
    return state, others


def assert_untouched(network, before):
    state, others = content(network)
    assert state.keys() == before[0].keys() and others == before[1]
    for name, value in state.items():
        assert torch.equal(value, before[0][name]), name
    assert all(parameter.grad is None for parameter in network.parameters())


@each
def test_kernel_is_autograd_row_by_row(name):
    network = built(name)
    before, points = content(network), torch.tensor(X)
    left, right = rows_at_X(name), by_autograd(lambda: built(name), Y)
    closed = isinstance(network, LayeredNetwork)  # for others "auto" is "jacobian"
    for route in ("auto", "jacobian") if closed else ("auto",):
        square = empirical_ntk_by_layer(network, points, route=route)
        cross = empirical_ntk_by_layer(network, X, Y, route=route)
        for key, J in left.items():
            np.testing.assert_allclose(square[key], J @ J.T, rtol=0, atol=1e-12, err_msg=key)
            np.testing.assert_allclose(cross[key], J @ right[key].T, rtol=0, atol=1e-12)
    J = np.hstack(list(left.values()))
    np.testing.assert_allclose(ntk_vector_product(network, X, V), J @ (J.T @ V), atol=1e-11)
    assert torch.equal(points, torch.tensor(X))
    assert_untouched(network, before)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_squeezing_a_single_point_to_a_number_is_no_matter(count):
    network = seeded(base)()
    squeezed = Of(lambda self, x: self.net(x).squeeze(), net=network)
    for route in ("jacobian", "products"):
        found = empirical_ntk(squeezed, X[:count], route=route)
        np.testing.assert_allclose(found, empirical_ntk(network, X[:count]), atol=1e-12)
    expected = empirical_ntk(network, X[:count]) @ V[:count]
    found = ntk_vector_product(squeezed, X[:count], V[:count])
    np.testing.assert_allclose(found, expected, atol=1e-12)


@each
def test_products_are_right_or_refused(name):
    network, J = built(name), rows_at_X(name)
    H = sum(rows @ rows.T for rows in J.values())
    try:
        found = empirical_ntk(network, X, route="products")
    except ValueError as refusal:
        assert str(refusal).startswith("route: 'products' needs derivatives along a direction")
        assert str(refusal).endswith("'jacobian' does without")
    else:
        np.testing.assert_allclose(found, H, rtol=0, atol=1e-12)


OURS = {"two layers": own, "deep": lambda: own(FullyConnected)}


@functools.cache
def outside(name):
    """H and H V outside of inference mode."""
    build = OURS.get(name) or (lambda: built(name))
    return empirical_ntk(build(), X), ntk_vector_product(build(), X, V)


def inferred():
    """Every module, made in inference mode and before; a quarter of either is quick."""
    for (place, name), made in itertools.product(enumerate([*RIGHT, *OURS]), (True, False)):
        quick = name in (*OURS, "a lock inside") or place % 4 == 2 * made
        yield pytest.param(
            name, made, id=f"{name}-made {'in it' if made else 'before'}",
            marks=() if quick else pytest.mark.nightly,
        )


@pytest.mark.parametrize("name, made", [*inferred()])
def test_inference_mode(name, made):
    build = OURS.get(name) or (lambda: built(name))
    H, product = outside(name)
    with torch.inference_mode(made):
        network = build()
    if made and name in ("a lock inside", "our own with a forward of its own"):
        words = "(made|created) in inference mode"
        with torch.inference_mode(), pytest.raises(ValueError, match=words):
            empirical_ntk(network, X)
        return
    with torch.inference_mode():
        np.testing.assert_allclose(empirical_ntk(network, torch.tensor(X)), H, atol=1e-12)
        np.testing.assert_allclose(ntk_vector_product(network, X, V), product, atol=1e-11)
        if name in OURS:
            assert ntk_drift(network, network, X).frobenius == 0


def test_no_grad():
    with torch.no_grad():
        for name in [*RIGHT][::4]:
            H = empirical_ntk(built(name), X)
            assert np.trace(H) > 0, name


# Several outputs


def test_several_outputs_are_read_as_asked():
    build = seeded(lambda: nn.Sequential(nn.Linear(d, 5), nn.Tanh(), nn.Linear(5, 3)))
    kernels = []
    for k in range(3):
        J = np.hstack(list(by_autograd(build, X, lambda u, k=k: u[:, k]).values()))
        kernels.append(J @ J.T)
        for route in ("auto", "products"):
            found = empirical_ntk(build(), X, output=k, route=route)
            np.testing.assert_allclose(found, kernels[-1], atol=1e-12)
        np.testing.assert_allclose(
            ntk_vector_product(build(), X, V, output=k), kernels[-1] @ V, atol=1e-12
        )
    np.testing.assert_allclose(empirical_ntk(build(), X, output="sum"), sum(kernels), atol=1e-12)
    parts = empirical_ntk_by_layer(build(), X, output="sum")
    np.testing.assert_allclose(sum(parts.values()), sum(kernels), atol=1e-12)
    product = ntk_vector_product(build(), X, V, output="sum")
    np.testing.assert_allclose(product, sum(kernels) @ V, atol=1e-11)
    single = own()
    np.testing.assert_array_equal(empirical_ntk(single, X), empirical_ntk(single, X, output="sum"))
    np.testing.assert_array_equal(empirical_ntk(single, X), empirical_ntk(single, X, output=0))


# Refusals: a network, a call, the words


def mixed_precision():
    net = seeded(base)()
    net[0].float()
    return net


def complex_weights():
    return Of(
        lambda self, x: (x.to(torch.complex128) @ self.w).real,
        w=nn.Parameter(torch.ones(d, 1, dtype=torch.complex128)),
    )


def with_noise(self, x):
    return self.net(x) + 1e-3 * torch.randn(len(x), 1)


def numpy_noise(self, x):
    return self.net(x) + 1e-3 * float(np.random.default_rng().normal())


def remembering(self, x):
    u = self.net(x)
    self.state = 0.9 * self.state + u.detach().mean()
    return u + self.state


EVAL = "call network.eval() first"
REFUSED = {
    "BatchNorm": (lambda: chain(nn.BatchNorm1d(8)), ValueError,
                  "must be a function of one point, its layer '1' (BatchNorm1d) takes means", EVAL),
    "nested BatchNorm": (lambda: chain(nn.Sequential(nn.Identity(), nn.BatchNorm1d(8))), ValueError,
                         "must be a function of one point, its layer '1.1' (BatchNorm1d)", EVAL),
    "BatchNorm without statistics": (
        lambda: chain(nn.BatchNorm1d(8, track_running_stats=False)).eval(), ValueError,
        "must be a function of one point, its layer '1' (BatchNorm1d)", "LayerNorm take a point"),
    "Dropout": (lambda: chain(nn.Dropout(0.5)), ValueError,
                "must be a function of one point, its layer '1' (Dropout) draws", EVAL),
    "nested Dropout": (lambda: chain(nn.Sequential(nn.Dropout(0.5))), ValueError,
                       "must be a function of one point, its layer '1.0' (Dropout) draws", EVAL),
    "AlphaDropout": (lambda: chain(nn.AlphaDropout(0.5)), ValueError,
                     "must be a function of one point, its layer '1' (AlphaDropout)", EVAL),
    "FeatureAlphaDropout": (lambda: chain(nn.FeatureAlphaDropout(0.5)), ValueError,
                            "must be a function of one point, its layer '1' (FeatureAlpha", EVAL),
    "RReLU": (lambda: chain(nn.RReLU()), ValueError,
              "must be a function of one point, its layer '1' (RReLU) draws", EVAL),
    "attention's dropout": (
        lambda: Of(lambda self, x: x, cells=nn.MultiheadAttention(4, 2, dropout=0.1)), ValueError,
        "must be a function of one point, its layer 'cells' (MultiheadAttention) draws", EVAL),
    "LSTM's dropout": (recurrent(nn.LSTM, num_layers=2, dropout=0.5), ValueError,
                       "must be a function of one point, its layer 'cells' (LSTM) draws", EVAL),
    "functional dropout": (
        lambda: Of(lambda self, x: self.net(nn.functional.dropout(x, 0.5)), net=base()), ValueError,
        "must give the same number for the same point, it draws random", "network.eval() ends it"),
    "noise": (lambda: Of(with_noise, net=base()).eval(), ValueError,
              "must give the same number for the same point, it draws random", "numbers"),
    "noise from elsewhere": (lambda: Of(numpy_noise, net=base()), ValueError,
                             "must give the same number at every call", "network.eval() ends it"),
    "memory of earlier calls": (
        lambda: Of(remembering, net=base(), state=torch.zeros(())), ValueError,
        "must give the same number at every call", "network.eval() ends it"),
    "spectral_norm": (
        lambda: parametrised(nn.utils.parametrizations.spectral_norm)().train(), ValueError,
        "must give the same number at every call", "network.eval() ends it"),
    "means over points": (lambda: Of(lambda self, x: self.net(x - x.mean(0)), net=base()),
                          ValueError, "must give the same number for a point alone", "others"),
    "a little of the other points": (
        lambda: Of(lambda self, x: self.net(x + 1e-12 * x.sum(0)), net=base()), ValueError,
        "must take each point on its own", "network.eval() ends it"),
    "ranks among points": (
        lambda: Of(lambda self, x: self.net(x) * x.argsort(0)[:, :1], net=base()), ValueError,
        "must give the same number for a point alone", "others"),
    "LSTM along the points": (
        lambda: Of(lambda self, x: self.head(self.cells(x)[0]), cells=nn.LSTM(d, 4),
                   head=nn.Linear(4, 1)), ValueError,
        "must give the same number for a point alone", "others"),
    "a bare LSTM": (lambda: nn.LSTM(d, 1), TypeError, "must give one tensor, got tuple", "wrap it"),
    "a dictionary": (lambda: Of(lambda self, x: {"u": self.net(x)}, net=base()), TypeError,
                     "must give one tensor, got dict", "wrap it"),
    "whole numbers": (lambda: Of(lambda self, x: self.net(x).long(), net=base()), TypeError,
                      "must give real numbers, got torch.int64", ""),
    "several outputs": (lambda: nn.Linear(d, 4), ValueError,
                        "must give one number a point, got shape (2, 4)", "output='sum' adds"),
    "an image": (lambda: Of(lambda self, x: self.net(x)[..., None], net=base()), ValueError,
                 "must give one number a point, got shape (2, 1, 1)", ""),
    "the mean over points": (lambda: Of(lambda self, x: self.net(x).mean(), net=base()), ValueError,
                             "must give one number a point, got shape ()", ""),
    "no outputs": (lambda: Of(lambda self, x: self.net(x)[:, :0], net=base()), ValueError,
                   "must give one number a point, got shape (2, 0)", ""),
    "no layers": (lambda: nn.Sequential(), ValueError, "must have a trained parameter", ""),
    "all frozen": (lambda: base().requires_grad_(False), ValueError,
                   "must have a trained parameter", "requires_grad"),
    "no graph": (lambda: Of(lambda self, x: self.net(x).detach(), net=base()), ValueError,
                 "must depend on its parameters", "no graph"),
    "parameters without values": (lambda: base().to("meta"), ValueError,
                                  "its parameters must have values", "'meta'"),
    "parameters without shape": (lambda: nn.Sequential(nn.LazyLinear(1)), ValueError,
                                 "its parameters must exist", "call the network on a point first"),
    "complex weights": (complex_weights, ValueError, "its parameters must be real", "'w'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name_and_left_alone(name):
    build, error, words, remedy = REFUSED[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build()
    if not any(isinstance(p, nn.UninitializedParameter) for p in network.parameters()):
        network = network if "complex" in name else network.double()
        before = content(network) if "without values" not in name else None
    else:
        before = None
    random, points = torch.random.get_rng_state(), torch.tensor(X)
    for call in (
        lambda: empirical_ntk(network, points),
        lambda: empirical_ntk_by_layer(network, points, route="products"),
        lambda: ntk_vector_product(network, points, V),
        lambda: ntk_drift(network, network, points),
    ):
        with pytest.raises(error, match="^network: " + re.escape(words)) as caught:
            call()
        assert remedy in str(caught.value)
    assert torch.equal(random, torch.random.get_rng_state())
    assert torch.equal(points, torch.tensor(X))
    if before is not None:
        assert_untouched(network, before)


@pytest.mark.parametrize("name", [name for name in REFUSED if REFUSED[name][3] == EVAL])
def test_the_remedy_helps(name):
    if name == "attention's dropout":
        pytest.skip("its forward is no network")
    network = seeded(REFUSED[name][0])().eval()
    J = np.hstack(list(by_autograd(lambda: copy.deepcopy(network), X).values()))
    np.testing.assert_allclose(empirical_ntk(network, X), J @ J.T, atol=1e-12)


def test_buffers_stay_after_an_error():
    network = seeded(lambda: Of(raising, net=base(), calls=torch.tensor(80)))()
    before = content(network)
    H = empirical_ntk(network, X)  # of more than 20 calls, each of which is the 81st
    np.testing.assert_array_equal(H, empirical_ntk(network.net, X))
    assert_untouched(network, before)
    network.calls += 20
    before = content(network)
    with pytest.raises(ValueError, match=r"^X: must suit the network, .*worn out"):
        empirical_ntk(network, X)
    assert_untouched(network, before)


def test_mixed_precision():
    inside = seeded(lambda: Of(single_inside, body=nn.Linear(d, 5), head=nn.Linear(5, 1)))()
    inside.body.float()
    J = np.hstack([
        rows.astype(np.float64) for rows in by_autograd(lambda: copy.deepcopy(inside), X).values()
    ])  # fmt: skip
    np.testing.assert_allclose(empirical_ntk(inside, X), J @ J.T, atol=1e-5)
    with pytest.raises(ValueError, match=r"its parameters are torch.float32 on cpu and torch.floa"):
        empirical_ntk(mixed_precision(), X)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_precision_is_that_of_the_network(dtype):
    H = empirical_ntk(seeded(base)(), X)
    found = empirical_ntk(seeded(base)().to(dtype), X)
    off = np.abs(found - H).max() / np.abs(H).max()
    assert 0 < off < 20 * torch.finfo(dtype).eps


@pytest.mark.parametrize("options, error, words", [
    (dict(output=3), ValueError, "output: must be <= 2, got int 3"),
    (dict(output=-1), ValueError, "output: must be >= 0"),
    (dict(output="trace"), ValueError, "output: must be one of 'sum', got 'trace'"),
    (dict(output=1.0), TypeError, "output: must be a whole number"),
])  # fmt: skip
def test_bad_outputs_are_named(options, error, words):
    with pytest.raises(error, match="^" + re.escape(words)):
        empirical_ntk(nn.Linear(d, 3).double(), X, **options)


def test_smaller_blocks_where_the_device_runs_out(monkeypatch):
    network, expected, lengths = own(), empirical_ntk(own(), X), []
    factors = TwoLayerReLU.gradient_factors

    def short_of_memory(self, x):
        lengths.append(len(x))
        if len(x) > most:
            raise torch.OutOfMemoryError("no room")
        return factors(self, x)

    monkeypatch.setattr(TwoLayerReLU, "gradient_factors", short_of_memory)
    most = 2
    np.testing.assert_allclose(empirical_ntk(network, X), expected, atol=1e-13)
    assert max(lengths) == n and lengths[-1] <= 2
    most = 0
    with pytest.raises(torch.OutOfMemoryError):
        network.gradient_factors(torch.tensor(X))
    with pytest.raises(MemoryError, match="^network: cpu ran out of memory, even with one point"):
        empirical_ntk(network, X)
