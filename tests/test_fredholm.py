"""The population spectrum, against closed forms, adaptive quadrature and Fourier-Galerkin."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import legendre
from population import inner_products, rotated
from scipy.integrate import quad_vec
from scipy.linalg import eigh
from scipy.optimize import brentq
from scipy.special import mathieu_a, mathieu_b

from ntklab import fredholm
from ntklab.densities import FromFunction, PiecewiseConstant, TrigPolynomial, uniform
from ntklab.fredholm import quadrature, solve
from ntklab.geometry import circle_distance
from ntklab.kernels import TwoLayerNTK

KERNEL = TwoLayerNTK()
PI, TURN = np.pi, 2 * np.pi
ONE_TWO_FOUR = PiecewiseConstant.equal_pieces([1, 2, 4])
SIX_WAVES = TrigPolynomial([0, 0, 0, 0, 0, 0.5])

pieces = PiecewiseConstant.proportional
ZOO = {
    "uniform": uniform(),
    "1:2:4": ONE_TWO_FOUR,
    "continuous": TrigPolynomial([0, -2 / 3]),
    "touching zero": TrigPolynomial([0.6], [0.8]),
    "zero arcs": PiecewiseConstant.equal_pieces([1, 0, 2, 0, 0, 3]),
    "one arc": pieces([-1.0, 0.5], [1, 0]),
    "1:40": PiecewiseConstant.equal_pieces([1, 40]),
    "1:1000000": PiecewiseConstant.equal_pieces([1, 1e6]),
    "narrow": pieces([1.0, 1.001], [300, 1]),
    "spike": pieces([1.0, 1.1], [60, 1]),
    "antipodal edges": pieces([1 - PI, 0.3, 1.0], [1, 2, 5]),
    "nearly antipodal edges": pieces([1 - PI + 1e-10, 0.3, 1.0], [1, 2, 5]),
    "edge at -pi": pieces([-PI, 0.3, 1.0], [1, 2, 5]),
    "edge near -pi": pieces([-PI + 1e-9, 0.3, 1.0], [1, 2, 5]),
    "peak": FromFunction(lambda x: np.exp(4 * np.cos(x - 1)) / (TURN * np.i0(4.0))),
    "kinks": FromFunction(lambda x: (PI - np.abs(x)) / PI**2, [0.0]),
    "jump at the seam": FromFunction(lambda x: (1 + x / 4) / TURN),
}
each_density = pytest.mark.parametrize("density", ZOO.values(), ids=ZOO.keys())
SOLVED = {}


def solved(density, kernel=KERNEL, count=50):
    """Each spectrum once, since many tests look at it."""
    key = (id(density), repr(kernel), count)
    return SOLVED.setdefault(key, solve(kernel, density, count))


def cells(density, length=0.06, nodes=20):
    """Gauss-Legendre nodes on short cells between breakpoints; the solver's know antipodes too."""
    cuts = np.unique(np.concatenate([[-PI, PI], density.breakpoints]))
    parts = np.ceil(np.diff(cuts) / length).astype(int)
    fine = [np.linspace(a, b, n + 1) for a, b, n in zip(cuts[:-1], cuts[1:], parts, strict=True)]
    starts = np.concatenate([piece[:-1] for piece in fine])
    halves = np.concatenate([np.diff(piece) for piece in fine])[:, None] / 2
    s, w = legendre.leggauss(nodes)
    return (starts[:, None] + halves * (1 + s)).ravel(), (halves * w).ravel()


# -- closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("normalization", ["lecture", "network"])
def test_the_uniform_density_has_the_harmonic_eigenvalues(bias, normalization):
    # claims C13 and C24
    kernel = TwoLayerNTK(bias, normalization)
    exact = np.repeat(kernel.harmonic_eigenvalues(np.arange(120)), 2)[1:]
    exact = np.sort(exact)[::-1][:50]
    np.testing.assert_allclose(solve(kernel, uniform(), 50).eigenvalues, exact, rtol=1e-12)


def test_the_uniform_density_has_the_harmonics_as_eigenfunctions():
    x = np.linspace(-PI, PI, 41)
    functions = solved(uniform())(x)
    np.testing.assert_allclose(functions[:, 0], 1, atol=1e-13)
    for q in (1, 2, 3, 10, 24):
        # each pair spans cos qx and sin qx, so its squares add up to 2 everywhere
        i = np.flatnonzero(
            np.isclose(solved(uniform()).eigenvalues, KERNEL.harmonic_eigenvalues(q))
        )
        assert len(i) == 2
        np.testing.assert_allclose(np.sum(functions[:, i] ** 2, axis=1), 2, atol=1e-9)


def test_the_first_eigenvalues_of_the_lecture_density():
    # claim C14, twelve digits
    known = [
        0.219781771976, 0.110995955159, 0.081282389990,
        0.024978467949, 0.023492051105, 0.006167967622,
    ]  # fmt: skip
    np.testing.assert_allclose(solved(ONE_TWO_FOUR).eigenvalues[:6], known, atol=6e-13)


@pytest.mark.parametrize("order", [1, 3, 5, 7])
@pytest.mark.parametrize("characteristic", [mathieu_a, mathieu_b])
def test_mathieu(order, characteristic):
    """(14), f'' = -p f/(πλ), is exact where f(x + π) = -f(x) and p f has no first harmonic.

    Under p = (1 + cos(6x)/2)/2π the harmonics 3, 9, 15, … make such f (claim C11). In u = 3x (14)
    is Mathieu's equation y'' + (a - 2s cos 2u) y = 0 with a = 1/(18π²λ) and s = -a/4.
    """
    a = brentq(lambda a: characteristic(order, -a / 4) - a, order**2 / 2, 2 * order**2, xtol=1e-14)
    spectrum = solved(SIX_WAVES)
    exact = 1 / (18 * PI**2 * a)
    i = np.argmin(np.abs(spectrum.eigenvalues - exact))
    assert spectrum.eigenvalues[i] == pytest.approx(exact, rel=1e-12)
    x, step = np.linspace(-3, 3, 31), 2e-3
    back, f, ahead, opposite = (spectrum(x + h)[:, i] for h in (-step, 0, step, PI))
    scale = np.abs(f).max()
    np.testing.assert_allclose(opposite, -f, atol=1e-8 * scale)
    bend = SIX_WAVES.pdf(x) * f / (PI * exact)
    # the difference quotient errs by (step q)²/12 or so of the second derivative
    np.testing.assert_allclose(
        (back - 2 * f + ahead) / step**2, -bend, atol=1e-3 * np.abs(bend).max()
    )


# -- resolution -----------------------------------------------------------------------------------


@each_density
@pytest.mark.parametrize("bias", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_twice_the_resolution_agrees_to_eleven_digits(density, bias):
    kernel = TwoLayerNTK(bias)
    fine = solve(kernel, density, 50, refine=2)
    np.testing.assert_allclose(solved(density, kernel).eigenvalues, fine.eigenvalues, rtol=1e-11)


@each_density
def test_eigenfunctions_are_orthonormal_by_another_quadrature(density):
    spectrum = solved(density)
    x, w = cells(density)
    functions = spectrum(x)
    products = functions.T @ ((w * density.pdf(x))[:, None] * functions)
    np.testing.assert_allclose(products, np.eye(50), atol=1e-10)
    np.testing.assert_allclose(inner_products(spectrum), np.eye(50), atol=1e-10)
    assert spectrum.weights.sum() == pytest.approx(1, abs=1e-11)


@each_density
def test_the_eigen_equation_holds_at_any_point(density):
    # ∫ k(x, z) p(z) f(z) dz by SciPy's adaptive quadrature, cut at x, x + π and the breakpoints
    spectrum = solved(density)
    for x in np.random.default_rng(0).uniform(-PI, PI, 2):
        antipode = x - PI if x > 0 else x + PI
        cuts = np.unique(np.concatenate([[-PI, PI, x, antipode], density.breakpoints]))

        def integrand(z, x=x):
            k = KERNEL.profile(circle_distance(x, z))
            return k * density.pdf(z) * spectrum([z])[0, :8]

        total = sum(
            quad_vec(integrand, a, b, epsabs=1e-13, epsrel=1e-11, quadrature="gk21")[0]
            for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        )
        np.testing.assert_allclose(
            total, spectrum.eigenvalues[:8] * spectrum([x])[0, :8], atol=2e-12
        )


def fourier_galerkin(kernel, density, highest):
    """Eigenvalues of the matrix √λ_q √λ_r p̂(q - r) on the harmonics e^{iqx}, |q| <= highest.

    T is the convolution with K, whose coefficients λ_q are exact, after multiplication by p,
    whose coefficients p̂(n) = ∫ p e^{-inx} are exact for piecewise constant and trigonometric p.
    """
    n = np.arange(1, 2 * highest + 1)
    if isinstance(density, PiecewiseConstant):
        stops = np.append(density.edges[1:], density.edges[0] + TURN)
        ends = np.exp(-1j * np.outer(n, stops)) - np.exp(-1j * np.outer(n, density.edges))
        positive = ends @ density.values * 1j / n
    else:
        positive = np.zeros(len(n), dtype=complex)
        positive[: len(density.cosine)] += density.cosine / 2
        positive[: len(density.sine)] += -1j * density.sine / 2
    p = np.concatenate([positive[::-1].conj(), [1], positive])
    q = np.arange(-highest, highest + 1)
    root = np.sqrt(kernel.harmonic_eigenvalues(np.abs(q)))
    matrix = root[:, None] * p[q[:, None] - q + 2 * highest] * root
    top = len(q) - 1
    return eigh(matrix, eigvals_only=True, subset_by_index=[top - 19, top])[::-1]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["continuous", "touching zero"])
def test_fourier_galerkin_agrees_for_trigonometric_densities(name, bias):
    kernel = TwoLayerNTK(bias)
    other = fourier_galerkin(kernel, ZOO[name], 150)
    np.testing.assert_allclose(solved(ZOO[name], kernel).eigenvalues[:20], other, rtol=3e-8)


@pytest.mark.parametrize(
    "name", ["1:2:4", "zero arcs", "one arc", "1:40", "spike", "nearly antipodal edges"]
)
def test_fourier_galerkin_agrees_for_piecewise_constant_densities(name):
    # what |q| > Q adds falls like Q^-3: two sizes extrapolate
    coarse, fine = (fourier_galerkin(KERNEL, ZOO[name], Q) for Q in (150, 300))
    other = fine + (fine - coarse) / 7
    tolerance = np.maximum(1e-7, 0.3 * np.abs(fine - coarse) / fine)
    mine = solved(ZOO[name]).eigenvalues[:20]
    assert (np.abs(mine / other - 1) <= tolerance).all()
    assert (fine <= mine * (1 + 1e-11)).all()  # Galerkin's eigenvalues come from below


# -- identities -----------------------------------------------------------------------------------


@each_density
def test_traces(density):
    # Σ λ = K(0) over the whole spectrum, and Σ λ² = ∫∫ K² p p
    eigenvalues = solved(density).eigenvalues
    rest = KERNEL.profile(0.0) - eigenvalues.sum()
    assert 0 < rest < 0.005
    x, w = cells(density, nodes=12)
    weights = w * density.pdf(x)
    square = weights @ KERNEL.at_angles(x) ** 2 @ weights
    # the kernel's kink on the diagonal, and the eigenvalues after the fiftieth
    assert -3e-6 < square - np.sum(eigenvalues**2) < 3e-6 + eigenvalues[-1] * rest


@each_density
@pytest.mark.parametrize("by", [PI, -2.345])
def test_the_spectrum_turns_with_the_density(density, by):
    turned = solve(KERNEL, rotated(density, by), 20)
    np.testing.assert_allclose(turned.eigenvalues, solved(density).eigenvalues[:20], rtol=1e-11)
    x = np.linspace(-3, 3, 13)
    first = solved(density)(x - by)[:, 0]
    np.testing.assert_allclose(np.abs(turned(x)[:, 0]), np.abs(first), atol=1e-9)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.floats(-3.141, 3.141), min_size=1, max_size=4),
    st.lists(st.one_of(st.just(0.0), st.floats(0.1, 10)), min_size=4, max_size=4),
    st.floats(-PI, PI),
    st.booleans(),
)
def test_any_piecewise_constant_density(edges, weights, by, bias):
    edges = np.unique(np.round(edges, 3))
    weights = np.array(weights[: len(edges)])
    weights[0] = 1
    density, kernel = pieces(edges, weights), TwoLayerNTK(bias)
    mass = density.values * np.diff(edges, append=edges[0] + TURN)
    spectrum = solve(kernel, density, 8)
    assert (spectrum.eigenvalues > 0).all() and (np.diff(spectrum.eigenvalues) <= 0).all()
    assert spectrum.eigenvalues.sum() <= kernel.profile(0.0)
    # the least eigenvalues of a density on a short arc have digits to lose to the largest
    atol = 1e-14 * spectrum.eigenvalues[0]
    for other in (solve(kernel, density, 8, refine=2), solve(kernel, rotated(density, by), 8)):
        np.testing.assert_allclose(other.eigenvalues, spectrum.eigenvalues, rtol=1e-11, atol=atol)
    assert mass.sum() == pytest.approx(1)


def test_the_kernel_scales_the_eigenvalues_only():
    network = solve(TwoLayerNTK(normalization="network"), ONE_TWO_FOUR, 10)
    np.testing.assert_allclose(network.eigenvalues, 2 * solved(ONE_TWO_FOUR).eigenvalues[:10])
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(network(x), solved(ONE_TWO_FOUR)(x)[:, :10], atol=1e-10)


@pytest.mark.parametrize("name", ["1:2:4", "zero arcs"])
def test_a_function_with_breakpoints_has_the_same_spectrum(name):
    function = FromFunction(ZOO[name].pdf, ZOO[name].breakpoints)
    np.testing.assert_allclose(
        solve(KERNEL, function, 50).eigenvalues, solved(ZOO[name]).eigenvalues, rtol=1e-11
    )


def test_undeclared_kinks_are_found():
    def tent(x):
        return (PI - circle_distance(x, 0.3)) / PI**2

    found = solve(KERNEL, FromFunction(tent), 6)
    declared = solve(KERNEL, FromFunction(tent, [0.3 - PI, 0.3]), 6)
    np.testing.assert_allclose(found.eigenvalues, declared.eigenvalues, rtol=1e-12)


@pytest.mark.parametrize("axis", [0.0, 0.4])
def test_symmetric_densities_have_even_and_odd_eigenfunctions(axis):
    density = TrigPolynomial([0.5 * np.cos(axis)], [0.5 * np.sin(axis)])
    spectrum = solve(KERNEL, density, 13)  # later pairs all but coincide, and mix
    u = np.linspace(0.1, 3, 17)
    left, right = spectrum(axis - u), spectrum(axis + u)
    scale = np.abs(right).max(axis=0)
    even = np.abs(left - right).max(axis=0) < 1e-8 * scale
    odd = np.abs(left + right).max(axis=0) < 1e-8 * scale
    assert (even ^ odd).all() and even[0] and odd.sum() == 6


def test_mercer():
    # Σ λ_i v_i(x)² <= K(0) at every x, with equality for the whole spectrum
    x = np.linspace(-PI, PI, 200)
    for density in (ONE_TWO_FOUR, ZOO["zero arcs"], ZOO["narrow"]):
        spectrum = solved(density)
        mercer = spectrum(x) ** 2 @ spectrum.eigenvalues
        assert (mercer <= KERNEL.profile(0.0) * (1 + 1e-12)).all()


# -- counts and places ----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 120])
def test_any_count_gives_the_head_of_the_same_list(count):
    spectrum = solve(KERNEL, ONE_TWO_FOUR, count)
    assert spectrum.values.shape == (len(spectrum.points), count) and len(spectrum) == count
    known = solved(ONE_TWO_FOUR).eigenvalues
    size = min(count, 50)
    np.testing.assert_allclose(spectrum.eigenvalues[:size], known[:size], rtol=1e-11)


def test_two_hundred_uniform_eigenvalues():
    # rounding of the largest, 1e-16 or so, is what the smallest of them can lose
    exact = np.sort(np.repeat(KERNEL.harmonic_eigenvalues(np.arange(300)), 2)[1:])[::-1][:200]
    spectrum = solve(KERNEL, uniform(), 200)
    np.testing.assert_allclose(spectrum.eigenvalues, exact, rtol=1e-12, atol=1e-15 * exact[0])


def test_eigenfunctions_are_evaluated_anywhere_on_the_line():
    spectrum = solved(ONE_TWO_FOUR)
    x = np.linspace(-3, 3, 50)
    for turns in (-3, 1, 100):
        np.testing.assert_allclose(spectrum(x + turns * TURN), spectrum(x), atol=1e-10)
    np.testing.assert_allclose(spectrum([PI]), spectrum([-PI]), atol=1e-12)
    assert spectrum(x[::-2]).shape == (25, 50)


@pytest.mark.parametrize("name", ["1:2:4", "1:40", "zero arcs", "nearly antipodal edges"])
def test_eigenfunctions_and_their_slopes_are_continuous_at_breakpoints_and_antipodes(name):
    spectrum, step = solved(ZOO[name]), 1e-6
    places = np.concatenate([ZOO[name].breakpoints, ZOO[name].breakpoints + PI, [0.0, PI]])
    left, here, right = (spectrum(places + shift) for shift in (-step, 0, step))
    scale = np.abs(spectrum.values).max(axis=0)
    # f changes by f' step + f'' step²/2, and f' is at most some 60 times f here
    assert (np.abs(right - left) <= 1e3 * step * scale).all()
    assert (np.abs(right - 2 * here + left) <= 1e5 * step**2 * scale).all()


def test_the_spectrum_can_be_repeated_and_its_signs_are_fixed():
    first, second = (solve(KERNEL, ONE_TWO_FOUR, 10) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    for column in first.values.T:
        assert column[np.abs(column) > 0.9 * np.abs(column).max()][0] > 0
    assert (first.values[:, 0] > 0).all()  # Perron: one sign


# -- quadrature -----------------------------------------------------------------------------------


@each_density
@pytest.mark.parametrize("frequency", [0, 3, 80])
def test_quadrature_integrates_the_density_times_an_oscillation(density, frequency):
    x, w = quadrature(density, frequency)
    assert w.sum() == pytest.approx(TURN) and w @ density.pdf(x) == pytest.approx(1, abs=1e-11)
    if isinstance(density, PiecewiseConstant) and frequency:
        ends = np.append(density.edges, density.edges[0] + TURN)
        with mpmath.workdps(30):
            exact = sum(
                float(p * (mpmath.sin(frequency * b) - mpmath.sin(frequency * a)) / frequency)
                for p, a, b in zip(density.values, ends[:-1], ends[1:], strict=True)
            )
        assert w @ (density.pdf(x) * np.cos(frequency * x)) == pytest.approx(exact, abs=1e-13)


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: solve("ntk", uniform(), 5), TypeError, "kernel: must be a ZonalKernel, got str"),
        (lambda: solve(KERNEL, [1, 2, 4], 5), TypeError, "density: must be a CircleDensity, got"),
        (lambda: solve(KERNEL, uniform(), 0), ValueError, "count: must be >= 1, got int 0"),
        (lambda: solve(KERNEL, uniform(), -3), ValueError, "count: must be >= 1"),
        (lambda: solve(KERNEL, uniform(), 10**30), ValueError, "count: must be <= 8000"),
        (lambda: solve(KERNEL, uniform(), 7000), ValueError, "count, density: \\d+ nodes or more"),
        (lambda: solve(KERNEL, uniform(), 5.0), TypeError, "count: must be a whole number"),
        (lambda: solve(KERNEL, uniform(), True), TypeError, "count: must be a whole number"),
        (lambda: solve(KERNEL, uniform(), 5, refine=0), ValueError, "refine: must be >= 1"),
        (lambda: solve(KERNEL, uniform(), 5, refine=10**9), ValueError, "refine: must be <= 8000"),
        (lambda: solve(KERNEL, uniform(), 5, refine="2"), TypeError, "refine: must be a whole"),
        (
            lambda: solve(KERNEL, pieces([1.0, 1 + 5e-15], [1e15, 1]), 5),
            ValueError,
            "density: has an arc too narrow for the nodes, which see ∫ p = 0.",
        ),
        (lambda: quadrature(None, 1), TypeError, "density: must be a CircleDensity"),
        (lambda: quadrature(uniform(), -1), ValueError, "frequency: must be >= 0"),
        (lambda: quadrature(uniform(), 1e300), ValueError, "frequency: must be <= 1000000"),
        (lambda: quadrature(uniform(), None), TypeError, "frequency: must be a real number"),
    ],
)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


@pytest.mark.nightly
def test_a_target_beyond_a_dense_eigenproblem_is_refused_before_minutes_are_spent(monkeypatch):
    counts, solve = [], fredholm.solve
    monkeypatch.setattr(fredholm, "solve", lambda k, p, n: counts.append(n) or solve(k, p, n))
    density = PiecewiseConstant.equal_pieces([1, 1e4])
    with pytest.raises(ValueError, match="would need .* nodes.*bounds.local_time"):
        fredholm.resolve(TwoLayerNTK(), density, lambda x: np.cos(3 * x), 5e-3)
    assert max(counts) <= 256
