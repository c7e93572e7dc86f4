"""Spectra and kernels against what a user would write with NumPy, SciPy and scikit-ntk."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh

from ntklab import circle_gram, fredholm, gram, sphere
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import DeepNTK, TwoLayerNTK

KERNEL = TwoLayerNTK()
DENSITY = PiecewiseConstant.equal_pieces([1, 2, 4])


def sample(n):
    return DENSITY.sample(n, np.random.default_rng(0))


def dense_nystrom(n, **options):
    """Eigenvalues from the n midpoints of equal cells, descending."""
    x = -np.pi + 2 * np.pi / n * (np.arange(n) + 0.5)
    root = np.sqrt(2 * np.pi / n * DENSITY.pdf(x))
    matrix = root[:, None] * KERNEL.at_angles(x) * root
    found = eigh(matrix, **options)
    return (found if "eigvals_only" in options else found[0])[::-1]


def fifty_alone(n):
    """The hardest way to beat: no eigenfunctions, and no other eigenvalue."""
    return dense_nystrom(n, eigvals_only=True, subset_by_index=(n - 50, n - 1))


@pytest.mark.parametrize(("peer", "goal"), [(dense_nystrom, 20), (fifty_alone, 5)])
def test_population_spectrum_against(against, peer, goal):
    exact = fredholm.solve(KERNEL, DENSITY, 50).eigenvalues
    finer = fredholm.solve(KERNEL, DENSITY, 50, refine=2).eigenvalues
    np.testing.assert_allclose(exact, finer, rtol=1e-10)
    n = 300
    while np.abs(fifty_alone(n) / exact - 1).max() > 1e-3:
        n = round(n * 1.2) // 3 * 3
    against(
        lambda: fredholm.solve(KERNEL, DENSITY, 50), lambda: peer(n), goal,
        name=f"population, 50 eigenpairs / {peer.__name__}, n = {n}",
    )


def test_finite_sample_against_a_dense_matrix(against, benchmark, report):
    x, matrix = sample(50_000), KERNEL.at_angles(sample(4_000))
    against(
        lambda: gram.solve(KERNEL, x, 50), lambda: eigh(matrix, subset_by_index=(3_950, 3_999)), 3,
        name="50 pairs, n = 50 000 / eigh at n = 4 000",
    )
    extrapolated = benchmark.extra_info["median"] * (50_000 / 4_000) ** 3
    report("... and the latter's n³ at n = 50 000", f"{extrapolated:.0f} (goal >= 1000)")
    assert extrapolated >= 1000


def test_gram_product_against_memory_traffic(benchmark, report):
    n = 10**6
    tracemalloc.start()
    operator = circle_gram.CircleGram(sample(n), KERNEL)
    v = np.random.default_rng(1).normal(size=n)
    operator @ v
    arrays = tracemalloc.get_traced_memory()[1] / (8 * n)
    tracemalloc.stop()
    # order, offset, cosine, sine, side and v; six prefix sums; the product
    source, target, copies = np.ones((13, n)), np.zeros((13, n)), []

    def copy():
        start = time.perf_counter()
        np.copyto(target, source)
        copies.append(time.perf_counter() - start)

    benchmark.pedantic(lambda: operator @ v, setup=copy, rounds=15, warmup_rounds=2)
    ratios = benchmark.stats.stats.data / np.array(copies[2:])
    least, median, most = np.quantile(ratios, [0, 0.5, 1])
    report(
        "Gram product, n = 10⁶, in passes of memory traffic",
        f"{least:.1f} {median:.1f} {most:.1f} (goal <= 5), "
        f"{1e3 * benchmark.stats.stats.median:.1f} ms, {arrays:.1f} arrays (goal <= 12)",
    )
    assert median <= 5 and arrays <= 12


def plain_recursion(X, hidden_layers):
    """Deep ReLU tangent kernel with arc-cosine formulas of the dot product, scaled to K(0) = 1."""
    sigma = X @ X.T
    theta = sigma.copy()
    for _ in range(hidden_layers):
        cosine = np.clip(sigma, -1, 1)
        angle = np.arccos(cosine)
        sigma = (np.sqrt(1 - cosine**2) + (np.pi - angle) * cosine) / np.pi
        theta = sigma + theta * (np.pi - angle) / np.pi
    return theta / (hidden_layers + 1)


def scikit_ntk(X, hidden_layers):
    skntk = pytest.importorskip("skntk")
    return skntk.NeuralTangentKernel(hidden_layers, bias=0.0)(X)


@pytest.mark.parametrize("peer", [plain_recursion, scikit_ntk])
def test_deep_kernel_against(against, report, peer):
    mpmath = pytest.importorskip("mpmath")
    x = sample(3_000)
    X = np.stack([np.cos(x), np.sin(x)], axis=1)
    kernel = DeepNTK(10, normalized=True)

    def exact(theta):
        with mpmath.workdps(40):
            s, k = mpmath.cos(theta), mpmath.cos(theta)
            for _ in range(10):
                a = mpmath.acos(s)
                s, slope = (mpmath.sin(a) + (mpmath.pi - a) * s) / mpmath.pi, 1 - a / mpmath.pi
                k = s + k * slope
            return float(k / 11)

    near = np.geomspace(1e-9, 1e-3, 13)
    pairs = [np.array([[1.0, 0.0], [np.cos(a), np.sin(a)]]) for a in near]
    truth = np.array([exact(mpmath.mpf(float(a))) for a in near])
    # digits of 1 - K, which is what tells close points apart
    ours = np.abs(np.array([kernel(p)[0, 1] for p in pairs]) - truth).max()
    theirs = np.abs(np.array([peer(p, 10)[0, 1] for p in pairs]) - truth).max()
    report(f"deep kernel, worst error / {peer.__name__}", f"{ours:.0e} / {theirs:.0e}")
    assert theirs > 1e4 * max(ours, 2e-16)
    against(lambda: DeepNTK(10, normalized=True)(X), lambda: peer(X, 10), 3,
            name=f"deep kernel, L = 10, n = 3 000 / {peer.__name__}")


def test_deep_kernel_against_one_angle(against):
    """Ten layers take an angle each, tables take one: within twice that alone."""
    x = sample(3_000)
    X = np.stack([np.cos(x), np.sin(x)], axis=1)
    sine, cosine = np.abs(np.sin(x[:, None] - x)), np.cos(x[:, None] - x)
    against(lambda: DeepNTK(10, normalized=True)(X), lambda: np.arctan2(sine, cosine), 0.5,
            name="deep kernel, L = 10, n = 3 000 / one arctan2 an entry")


@pytest.mark.parametrize("way", ["eigh", "eigsh"])
def test_sphere_against_a_monte_carlo_matrix(against, way):
    density, n = sphere.hemispheres(2), 10_000
    X = density.sample(n, np.random.default_rng(0))

    def nystrom():
        matrix = KERNEL(X)
        matrix /= n
        if way == "eigsh":
            return eigsh(matrix, 50)
        return eigh(matrix, subset_by_index=(n - 50, n - 1), overwrite_a=True)

    against(lambda: sphere.solve(KERNEL, density, 50, degree=100), nystrom, 20,
            rounds=3 if way == "eigsh" else 1, name=f"S², degree 100 / {way} at n = 10 000")
