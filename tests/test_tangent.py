"""The finite network's tangent kernel against autograd and the infinite-width limit."""

import numpy as np
import pytest
import torch

from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU, pick_device
from ntklab.tangent import empirical_ntk

X = to_circle(np.linspace(-3, 3, 9))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def network(width, bias=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return TwoLayerReLU(width, 2, bias=bias, generator=generator, device="cpu")


@pytest.mark.parametrize("bias", [True, False])
def test_kernel_is_that_of_autograd_row_by_row(bias):
    net = network(64, bias)
    trained = [p for p in net.parameters() if p.requires_grad]
    rows = []
    for x in torch.tensor(X):
        gradients = torch.autograd.grad(net(x[None])[0], trained)
        rows.append(torch.cat([g.ravel() for g in gradients]))
    jacobian = torch.stack(rows)
    exact = (jacobian @ jacobian.T).numpy()
    np.testing.assert_allclose(empirical_ntk(net, X), exact, atol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
def test_wide_networks_tend_to_the_closed_form(bias):
    limit = TwoLayerNTK(bias=bias, normalization="network")(X)
    off = []
    for width in (100, 10_000):
        kernels = [empirical_ntk(network(width, bias, seed), X) for seed in range(10)]
        off.append(np.sqrt(np.mean((np.array(kernels) - limit) ** 2)))
    # entries of order one average over m units: the deviation falls like m^-1/2
    assert off[1] < 2 / np.sqrt(10_000)
    assert off[0] / off[1] == pytest.approx(10, rel=0.4)


def test_a_missing_device_is_named():
    with pytest.raises(ValueError, match="^device: "):
        pick_device("cuda:99")
