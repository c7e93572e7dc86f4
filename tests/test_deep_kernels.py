"""Deep ReLU kernels against the recursion at 40 digits, and the finite network's gradients."""

import mpmath
import numpy as np
import pytest

from ntklab.kernels import NNGP, DeepNTK

ANGLES = np.concatenate([np.geomspace(1e-8, 1, 9), np.linspace(1.1, np.pi - 1e-3, 9), [np.pi]])


def recursion(theta, hidden_layers):
    """Σ and Θ of the lecture's equations (4) and backup slides, c_σ = 2, at 40 digits."""
    with mpmath.workdps(60):
        rho = mpmath.cos(mpmath.mpf(float(theta)))
        tangent = rho
        for _ in range(hidden_layers):
            angle = mpmath.acos(max(min(rho, 1), -1))
            slope = (mpmath.pi - angle) / mpmath.pi
            rho = (mpmath.sin(angle) + (mpmath.pi - angle) * rho) / mpmath.pi
            tangent = tangent * slope + rho
        return rho, tangent


@pytest.mark.parametrize("hidden_layers", [1, 2, 10, 50])
def test_relu_kernels_to_rounding(hidden_layers):
    exact = np.array([[float(v) for v in recursion(t, hidden_layers)] for t in ANGLES])
    np.testing.assert_allclose(NNGP(hidden_layers).profile(ANGLES), exact[:, 0], rtol=1e-12)
    np.testing.assert_allclose(
        DeepNTK(hidden_layers).profile(ANGLES), exact[:, 1], rtol=1e-12, atol=1e-14
    )


def test_repr_says_which_kernel_it_is():
    assert "infinite width" in repr(DeepNTK(3))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2"])
def test_bad_depth_is_named(wrong):
    with pytest.raises((ValueError, TypeError), match="^hidden_layers: "):
        DeepNTK(wrong)
