"""Error bounds of population spectra against roots of a determinant in 160-bit balls."""

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population import cdf, inner_products

from ntklab import _harmonics, certificates, fredholm
from ntklab.densities import FromFunction, PiecewiseConstant, TrigPolynomial, von_mises
from ntklab.kernels import DeepNTK, TwoLayerNTK

KERNEL = TwoLayerNTK()
pieces = PiecewiseConstant.proportional
ZOO = {
    "1:2:4": PiecewiseConstant.equal_pieces([1, 2, 4]),
    "1:40": pieces([-3.0, 0.4], [1, 40]),
    "1:1e3": pieces([-3.0, 0.4], [1, 1e3]),
    "1:1e6": pieces([-3.0, 0.4], [1, 1e6]),
    "1e12:1:3": pieces([-2.0, -0.5, 1.1], [1e12, 1, 3]),
    "zero arcs": pieces([-3.0, -2.0, -0.5, 1.1], [0, 1, 0, 2]),
    "width 1e-3": pieces([1.0, 1.001], [300, 1]),
    "width 1e-6": pieces([-1.0, -1 + 1e-6], [1e6, 1]),
    "nearly antipodal": pieces([1 - np.pi + 1e-8, 0.3, 1.0], [1, 2, 5]),
    "all on 0.3": pieces([0.3, 0.6], [1, 0]),
    "eight": pieces([-3, -2.4, -1.1, -0.3, 0.1, 0.9, 1.7, 2.5], [1, 5, 2, 9, 1, 30, 2, 4]),
    "two arcs": pieces([-3.0, -2.9, 0.4, 0.45], [7, 0, 20, 0]),
}


SLOW = pytest.mark.slow
DEAR = ("1:40", "1:1e6", "eight", "two arcs")


def exact(density, start):
    """The eigenvalue next to `start` to 25 digits, by the secant method."""
    flint.ctx.prec = 400
    try:
        arcs = certificates._arcs(density)
        a, b = flint.arb(start), flint.arb(start * (1 + 1e-13))
        f, g = (certificates._determinant(arcs, lam).mid() for lam in (a, b))
        for _ in range(6):
            if g == f:
                break
            a, b, f = b, (b - g * (b - a) / (g - f)).mid(), g
            g = certificates._determinant(arcs, b).mid()
        return b
    finally:
        flint.ctx.prec = 53


def true_errors(density, spectrum, indices):
    roots = (exact(density, float(spectrum.eigenvalues[i])) for i in indices)
    return np.array([
        abs(float(root - flint.arb(float(spectrum.eigenvalues[i]))))
        for i, root in zip(indices, roots, strict=True)
    ])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW if name in DEAR else ()) for name in ZOO]
)
def test_the_bound_holds_and_is_near_the_truth(name):
    density = ZOO[name]
    spectrum = fredholm.solve(KERNEL, density, 20)
    errors = true_errors(density, spectrum, range(20))
    assert (errors <= spectrum.errors).all()
    # twelve digits of the largest, whatever the density; ends of an arc of 1e-6 have ten
    worst = 1e-9 if name == "width 1e-6" else 1e-13
    assert spectrum.errors.max() <= worst * spectrum.eigenvalues[0]
    rounding = 1e-12 if name == "width 1e-6" else 1e-14
    big = errors > rounding
    assert (spectrum.errors[big] <= 100 * errors[big]).all()


@pytest.mark.parametrize(
    "name", ["1:2:4", "zero arcs", *(pytest.param(name, marks=SLOW) for name in DEAR[:3])]
)
def test_the_bound_of_harmonics_holds_and_is_near_the_truth(name, monkeypatch):
    monkeypatch.setattr(_harmonics, "FIRST", 128)
    monkeypatch.setattr(_harmonics, "ENOUGH", 1)
    density = ZOO[name]
    spectrum = _harmonics.solve(KERNEL, density, 20, 1)
    errors = true_errors(density, spectrum, range(20))
    assert (errors <= spectrum.errors).all()
    big = errors > 1e-14
    # the truth is about residual²/λ, and passes through 0; the bound divides by the gap
    assert big.sum() > 5 and np.median(spectrum.errors[big] / errors[big]) <= 300
    better = fredholm.solve(KERNEL, density, 20)
    x, w = better.points, better.weights
    off = np.sqrt(w @ (np.abs(spectrum(x)) - np.abs(better(x))) ** 2)
    assert (off <= spectrum.function_errors + better.function_errors).all()


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    st.lists(st.floats(0.001, 1.5), min_size=2, max_size=7),
    st.lists(st.floats(-3, 3), min_size=7, max_size=7),
)
@pytest.mark.slow
def test_any_density_agrees_with_twice_the_resolution_within_the_bounds(lengths, logs):
    edges = -3 + 6 * np.append(0, np.cumsum(lengths)[:-1]) / np.sum(lengths)
    density = pieces(edges, 10.0 ** np.array(logs[: len(edges)]))
    coarse = fredholm.solve(KERNEL, density, 12)
    fine = fredholm.solve(KERNEL, density, 12, refine=2)
    off = np.abs(coarse.eigenvalues - fine.eigenvalues)
    assert (off <= coarse.errors + fine.errors).all()
    assert coarse.errors.max() <= 1e-11 * coarse.eigenvalues[0]
    lanczos = _harmonics.solve(KERNEL, density, 12, 1)
    assert (np.abs(lanczos.eigenvalues - fine.eigenvalues) <= lanczos.errors + fine.errors).all()


@pytest.mark.parametrize("bins", [360, 81])
@pytest.mark.slow
def test_histograms_of_many_bins(bins):
    rng = np.random.default_rng(5)
    density = PiecewiseConstant.histogram(rng.vonmises(0.4, 1.5, 20_000), bins)
    spectrum = fredholm.solve(KERNEL, density, 20)
    assert spectrum.errors.max() <= 1e-9
    errors = true_errors(density, spectrum, [0, 1, 5, 19])
    assert (errors <= spectrum.errors[[0, 1, 5, 19]]).all()
    np.testing.assert_allclose(inner_products(spectrum), np.eye(20), atol=1e-7)


def test_five_thousand_pieces():
    weights = np.random.default_rng(1).gamma(2, size=5000)
    density = PiecewiseConstant.equal_pieces(weights)
    spectrum = fredholm.solve(KERNEL, density, 20)
    assert spectrum.errors.max() <= 1e-7 * spectrum.eigenvalues[0]
    coarse = PiecewiseConstant.equal_pieces(weights.reshape(50, 100).sum(axis=1))
    about = fredholm.solve(KERNEL, coarse, 20).eigenvalues
    np.testing.assert_allclose(spectrum.eigenvalues[:5], about[:5], rtol=2e-2)


def test_a_spike_and_a_notch_of_equal_mass_are_seen():
    def bump(x, m):
        return np.exp(-(((x - m) / 0.002) ** 2) / 2) / (0.002 * np.sqrt(2 * np.pi))

    def p(x):
        return 1 / (2 * np.pi) + 7.58e-4 * (bump(x, 0.70805) - bump(x, 1.20267))

    named = FromFunction(p, [0.69, 0.70805, 0.726, 1.185, 1.20267, 1.221])
    found, right = (fredholm.solve(KERNEL, d, 4) for d in (FromFunction(p), named))
    np.testing.assert_allclose(found.eigenvalues, right.eigenvalues, rtol=0, atol=1e-13)
    flat = KERNEL.harmonic_eigenvalues([0])[0]
    assert abs(found.eigenvalues[0] - flat) > 1e-7
    x = np.linspace(-3, 3, 50)
    np.testing.assert_allclose(cdf(FromFunction(p), x), cdf(named, x), atol=1e-11)


def test_a_polynomial_that_touches_zero_to_sixth_order():
    density = TrigPolynomial(np.array([-15 / 4, 3 / 2, -1 / 4]) / 2.5)  # (1 - cos x)³
    # ∫ √p = ∫ |sin(x/2)|³ scaled
    exact_root = np.sqrt(8 / 2.5 / (2 * np.pi)) * 8 / 3
    assert 2 * np.pi * density.Z == pytest.approx(exact_root, rel=1e-9)
    assert fredholm.solve(KERNEL, density, 10).errors.max() < 1e-14


@pytest.mark.slow
def test_a_fast_wave_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"^cosine, sine: the density must be non-negative"):
        TrigPolynomial([0] * 3999 + [1.5])


def test_von_mises_mixtures():
    density = von_mises([0.3, 2.0], [1e4, 3.0], [1, 3])
    assert density.pdf(0.3) == pytest.approx(0.25 * np.sqrt(1e4 / (2 * np.pi)), rel=1e-2)
    assert fredholm.solve(KERNEL, density, 10).errors.max() < 1e-13
    uniform = von_mises([1.0], [0.0])
    np.testing.assert_allclose(uniform.pdf([0.0, 2.0]), 1 / (2 * np.pi), rtol=1e-14)


def test_count_left_out_is_never_an_error():
    narrow = pieces([0.3, 0.3 + 1e-5], [1, 0])
    assert 1 <= len(fredholm.solve(DeepNTK(1, "erf"), narrow)) < 50
    assert len(fredholm.solve(KERNEL, ZOO["1:2:4"])) == 50
