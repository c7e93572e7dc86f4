"""Proved enclosures against eigenvalues by another solver, and refusals where there is no proof."""

import numpy as np
import pytest

from ntklab import fredholm
from ntklab.certificates import certify
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.kernels import TwoLayerNTK

DENSITIES = {
    "1:2:4": PiecewiseConstant.equal_pieces([1, 2, 4]),
    "1:40": PiecewiseConstant.proportional([-3.0, 0.4], [1, 40]),
    "contrast 1e6": PiecewiseConstant.proportional([-2.0, -0.5, 1.1], [1e6, 1, 3]),
    "narrow": PiecewiseConstant.proportional([0.1, 0.1001, 2.0], [1e3, 1, 2]),
    "zero arc": PiecewiseConstant.proportional([-1.0, 0.2, 1.5], [0, 1, 2]),
}


def reaches(spectrum, proved):
    """Whether the solver's eigenvalues with their errors reach into every proved interval."""
    count = len(proved.lower)
    values, errors = spectrum.eigenvalues[:count], spectrum.errors[:count]
    return ((values + errors >= proved.lower) & (values - errors <= proved.upper)).all()


@pytest.mark.parametrize("name", [
    # the count for an arc of 1e-4 takes half a minute
    pytest.param(name, marks=[pytest.mark.nightly] * (name == "narrow")) for name in DENSITIES
])
def test_every_enclosure_holds_the_eigenvalue_of_its_index(name):
    certificate = certify(DENSITIES[name], 12)
    spectrum = fredholm.solve(TwoLayerNTK(), DENSITIES[name], certificate.above + 1)
    found, lower, upper = spectrum.eigenvalues, certificate.lower, certificate.upper
    assert len(lower) == 12
    # the solver's own bound must reach into what is proved, and the proved interval be sharp
    assert reaches(spectrum, certificate)
    assert (upper - lower <= 1e-9 * upper).all()
    assert found[certificate.above - 1] > certificate.level > found[certificate.above]


def hard(seed):
    """Two to seven pieces of any lengths, contrast to 10⁵, sometimes an arc of zero density."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 8))
    weights = 10 ** rng.uniform(-rng.uniform(0.5, 5), 0, count)
    weights[0] *= seed % 5 != 2
    return PiecewiseConstant.proportional(np.sort(rng.uniform(-np.pi, np.pi, count)), weights)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(30))
def test_bounds_hold_for_densities_drawn_at_random(seed):
    density = hard(seed)
    spectrum = fredholm.solve(TwoLayerNTK(), density, 15)
    assert reaches(spectrum, certify(density, 15))
    # rounding alone: a few units in the last place of the largest eigenvalue
    assert spectrum.errors.max() < 1e-14 * spectrum.eigenvalues[0]


@pytest.mark.nightly
def test_the_first_fifty_of_the_lecture_density():
    certificate = certify(DENSITIES["1:2:4"])
    assert len(certificate.lower) == 50 <= certificate.above
    # where rounding of 1e-15 λ_0 exceeds half the first width, the second is ten times as wide
    assert (certificate.upper - certificate.lower <= 2e-11 * certificate.upper).all()
    assert str(certificate).startswith("λ_0 in (0.219781771975")
    assert f"exactly {certificate.above} eigenvalues exceed" in str(certificate)


def test_a_missing_eigenvalue_is_noticed():
    # the count alone: one eigenvalue fewer than there are cannot be proved
    from ntklab import certificates

    density = DENSITIES["1:2:4"]
    values = fredholm.solve(TwoLayerNTK(), density, 8).eigenvalues
    level = float(np.sqrt(values[4] * values[5]))
    assert certificates._count(density, None, level, 5, values[5]) > 4
    with pytest.raises(ValueError, match=r"^density: 5 eigenvalues may exceed"):
        certificates._count(density, None, level, 4, values[5])


def test_double_eigenvalues_have_no_sign_to_change():
    with pytest.raises(ValueError, match=r"^density: no change of sign next to eigenvalue 1"):
        certify(uniform(), 3)


def test_without_python_flint_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr("ntklab.certificates.flint", None)
    with pytest.raises(ModuleNotFoundError, match=r"ntklab\[certify\]"):
        certify(DENSITIES["1:2:4"], 3)
