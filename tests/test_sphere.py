"""The sphere: densities of bands, harmonics, spectra against closed forms and other routes."""

import numpy as np
import pytest
from population import inner_products
from scipy.special import eval_legendre, sph_legendre_p
from scipy.stats import chisquare

from ntklab import sphere
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.sphere import Bands, at_height, harmonic, hemispheres

KERNEL = TwoLayerNTK(bias=True)


def test_a_density_integrates_to_one_and_has_its_ratio():
    density = Bands.proportional([-0.5, 0.2], [3, 1, 6])
    z, w = np.polynomial.legendre.leggauss(2000)
    assert 2 * np.pi * w @ density.pdf(at_height(z, 0 * z)) == pytest.approx(1, abs=1e-3)
    low, high = hemispheres(4).values
    assert high / low == pytest.approx(4) and hemispheres(4).minimum == low
    bands = [(band.low, band.high) for band in density.regions]
    assert bands == [(-1, -0.5), (-0.5, 0.2), (0.2, 1)]


def test_every_point_is_in_one_region_poles_and_edges_too():
    density = Bands.proportional([0.0], [1, 2])
    X = at_height(np.array([-1.0, -0.3, 0.0, 0.4, 1.0]), np.zeros(5))
    masks = np.array([region.contains(X) for region in density.regions])
    assert masks.sum(axis=0).tolist() == [1] * 5
    assert masks[1].tolist() == [False, False, True, True, True]


def test_samples_follow_the_density():
    density, rng = Bands.proportional([-0.2, 0.7], [1, 5, 2]), np.random.default_rng(0)
    X = density.sample(6000, rng)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1)
    mass = 2 * np.pi * density.values * np.diff(density.bounds)
    counts = [region.contains(X).sum() for region in density.regions]
    assert chisquare(counts, 6000 * mass).pvalue > 1e-3
    turns = np.histogram(np.arctan2(X[:, 1], X[:, 0]), bins=8, range=(-np.pi, np.pi))[0]
    assert chisquare(turns).pvalue > 1e-3
    fixed = density.sample_in_bands([3, 0, 9], rng)
    assert [region.contains(fixed).sum() for region in density.regions] == [3, 0, 9]


def test_harmonics_have_rms_one_and_are_those_of_legendre():
    z, w = np.polynomial.legendre.leggauss(60)
    X = at_height(z, 0.3 + 0 * z)
    for degree in (0, 1, 7, 25):
        values = harmonic(degree)(X)
        expected = np.sqrt(2 * degree + 1) * eval_legendre(degree, z)
        np.testing.assert_allclose(values, expected, atol=1e-10)
        assert w @ values**2 / 2 == pytest.approx(1)
    tilted = harmonic(3, [1.0, 0.0, 0.0])
    assert tilted(np.array([[1.0, 0, 0]])) == pytest.approx(np.sqrt(7))


@pytest.mark.parametrize("kernel", [KERNEL, DeepNTK(3)], ids=repr)
def test_uniform_data_have_funk_hecke_eigenvalues_with_their_multiplicity(kernel):
    spectrum = sphere.solve(kernel, hemispheres(1), 16, degree=30)
    degrees = np.arange(8)
    expected = np.repeat(kernel.harmonic_eigenvalues(degrees, dimension=3), 2 * degrees + 1)
    np.testing.assert_allclose(spectrum.eigenvalues, np.sort(expected)[::-1][:16], rtol=1e-11)


@pytest.mark.parametrize("weights", [[1, 4], [3, 1, 2]])
def test_eigenfunctions_solve_the_integral_equation(weights):
    """T v = λ v at points off all nodes, the integral by a fine product rule of its own."""
    density = Bands.proportional([0.0] if len(weights) == 2 else [-0.4, 0.3], weights)
    spectrum = sphere.solve(KERNEL, density, 6, degree=80)
    np.testing.assert_allclose(inner_products(spectrum), np.eye(6), atol=1e-11)
    X = at_height(np.array([-0.8, 0.1, 0.6]), np.array([0.4, -2.0, 1.0]))
    z, w = np.polynomial.legendre.leggauss(150)
    turn = 2 * np.pi * np.arange(200) / 200
    applied = np.zeros((3, 6))
    for p, low, high in zip(density.values, density.bounds, density.bounds[1:], strict=False):
        height = (high + low) / 2 + (high - low) / 2 * z
        nodes = at_height(np.repeat(height, 200), np.tile(turn, 150))
        weights = p * np.repeat((high - low) / 2 * w, 200) * 2 * np.pi / 200
        applied += KERNEL(X, nodes) @ (weights[:, None] * spectrum(nodes))
    np.testing.assert_allclose(applied, spectrum(X) * spectrum.eigenvalues, atol=3e-5)
    np.testing.assert_allclose(spectrum(spectrum.points), spectrum.values, atol=1e-12)


def test_spectrum_against_random_points():
    density, rng = hemispheres(3), np.random.default_rng(1)
    exact = sphere.solve(KERNEL, density, 5, degree=40).eigenvalues
    draws = [
        np.linalg.eigvalsh(KERNEL(density.sample(700, rng)) / 700)[::-1][:5] for _ in range(12)
    ]
    mean, error = np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1) / np.sqrt(12)
    # eigenvalues of a sample repel each other, by order 1/n
    assert (np.abs(mean - exact) < 4 * error + exact * 20 / 700).all()


def test_cutting_the_basis_costs_degree_to_the_minus_four():
    def zonal(degree):
        return sphere.solve(KERNEL, hemispheres(3), 11, orders=(0,), degree=degree).eigenvalues

    fine = zonal(320)
    off = [np.abs(zonal(degree)[10] / fine[10] - 1) for degree in (40, 80)]
    assert off[0] / off[1] == pytest.approx(16, rel=0.3) and off[1] < 1e-5


def test_orders_are_parts_of_the_whole():
    whole = sphere.solve(KERNEL, hemispheres(2), 30, degree=25).eigenvalues
    parts = [
        sphere.solve(KERNEL, hemispheres(2), None, orders=(m,), degree=25).eigenvalues
        for m in range(26)
    ]
    np.testing.assert_allclose(whole, np.sort(np.concatenate(parts))[::-1][:30], rtol=1e-11)


@pytest.mark.parametrize("order, degree", [(0, 150), (3, 150), (149, 150), (150, 150), (200, 600)])
def test_the_recurrence_for_harmonics_is_that_of_scipy(order, degree):
    z, degrees = np.linspace(-1, 1, 41), np.arange(order, degree + 1)
    expected = sph_legendre_p(degrees[:, None], order, np.arccos(z))[0]
    np.testing.assert_allclose(sphere._legendre(order, degrees, z), expected, atol=3e-13)


ZOO = {
    "uniform": ([0.0], [1, 1]),
    "1:3": ([0.0], [1, 3]),
    "1:1000": ([0.0], [1, 1000]),
    "cap": ([0.9], [1, 100]),
    "thin cap": ([0.9999], [1, 1e4]),
    "belt": ([-0.01, 0.01], [1, 50, 1]),
    "seven": (np.linspace(-1, 1, 8)[1:-1], [1, 5, 2, 8, 1, 3, 9]),
    "vMF": (np.linspace(-1, 1, 31)[1:-1], np.exp(20 * (np.arange(30) - 29) / 15)),
}


@pytest.mark.parametrize("kernel", [KERNEL, DeepNTK(3)], ids=repr)
@pytest.mark.parametrize("kind", ZOO)
@pytest.mark.slow
def test_errors_hold_and_are_within_a_hundred_of_the_truth(kernel, kind):
    density, count = Bands.proportional(*ZOO[kind]), 24
    for order in (0, 3):
        fine = sphere.solve(kernel, density, None, orders=(order,), degree=320)
        for degree in (40, 100):
            found = sphere.solve(kernel, density, None, orders=(order,), degree=degree)
            size = min(len(found), count)
            off = np.abs(found.eigenvalues - fine.eigenvalues[: len(found)])[:size]
            errors = found.errors[:size]
            assert (off <= errors + fine.errors[:size]).all()
            above = off > 1e-12 * found.eigenvalues[0]
            if degree == 100 and above.any() and kind != "thin cap":  # hardly resolved by then
                assert np.median((errors / off)[above]) < 100


@pytest.mark.slow
def test_a_thin_cap_gets_the_degree_that_it_needs():
    density = Bands.proportional(*ZOO["thin cap"])
    wanted = sphere.solve(KERNEL, density, 21, orders=(0,), degree=1600).eigenvalues
    cut = sphere.solve(KERNEL, density, 21, orders=(0,), degree=150)
    off = np.abs(cut.eigenvalues - wanted)
    assert off[20] > 0.05 * wanted[20] and (off <= cut.errors).all()
    found = sphere.solve(KERNEL, density, 21, orders=(0,))
    np.testing.assert_allclose(found.eigenvalues, wanted, rtol=0.01)
    thinner = Bands.proportional([1 - 1e-8], [1, 1e8])
    with pytest.raises(ValueError, match="^count: must be <= .* for this density, got 40"):
        sphere.solve(KERNEL, thinner, 40, orders=(0,))


def test_a_density_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        hemispheres(2).values[0] = 1


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: hemispheres(0), "ratio"),
        (lambda: hemispheres(-1), "ratio"),
        (lambda: Bands([0.0], [1.0, 1.0]), "values"),
        (lambda: Bands.proportional([0.5, 0.1], [1, 1, 1]), "edges"),
        (lambda: Bands.proportional([1.5], [1, 1]), "edges"),
        (lambda: Bands.proportional([0.0], [1, -1]), "weights"),
        (lambda: Bands.proportional([0.0], [1, 1, 1]), "weights"),
        (lambda: hemispheres(2).pdf([[2.0, 0, 0]]), "X"),
        (lambda: hemispheres(2).sample(0, np.random.default_rng(0)), "n"),
        (lambda: hemispheres(2).sample(5, 0), "rng"),
        (lambda: hemispheres(2).sample_in_bands([5], np.random.default_rng(0)), "counts"),
        (lambda: harmonic(-1), "degree"),
        (lambda: harmonic(2, [1.0, 1.0, 0.0]), "axis"),
        (lambda: sphere.solve("k", hemispheres(2)), "kernel"),
        (lambda: sphere.solve(KERNEL, "p"), "density"),
        (lambda: sphere.solve(KERNEL, hemispheres(2), orders=(9,), degree=8), "orders"),
        (lambda: sphere.solve(KERNEL, hemispheres(2), 5, orders=(0,), degree=2), "count"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
