"""Densities on the circle, against adaptive quadrature and Kolmogorov's test."""

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from population import cdf
from scipy.integrate import quad
from scipy.stats import kstest

from ntklab.densities import (
    FromFunction,
    PiecewiseConstant,
    Region,
    TrigPolynomial,
    uniform,
)
from ntklab.geometry import wrap

TURN = 2 * np.pi
properties = settings(deadline=None, max_examples=50)

ONE_TWO_FOUR = PiecewiseConstant.equal_pieces([1, 2, 4])
ZOO = {
    "uniform": uniform(),
    "1:2:4": ONE_TWO_FOUR,
    "wrap-around piece": PiecewiseConstant.proportional([-2.0, 0.3, 1.0], [1, 5, 2]),
    "zero arcs": PiecewiseConstant.proportional([-2.5, -1.0, 0.5, 2.0], [0, 3, 0, 1]),
    "zero at the seam": PiecewiseConstant.proportional([-2.0, 2.0], [1, 0]),
    "1:40": PiecewiseConstant.equal_pieces([1, 40]),
    "narrow": PiecewiseConstant.proportional([1.0, 1.001], [1000, 1]),
    "continuous": TrigPolynomial([0, -2 / 3]),
    "touching zero": TrigPolynomial([0.6], [0.8]),
    "three harmonics": TrigPolynomial([0.3, 0, 0.1], [0.0, 0.2]),
    "peak": FromFunction(lambda x: np.exp(4 * np.cos(x - 1)) / (TURN * np.i0(4.0))),
    "jump at the seam": FromFunction(lambda x: (1 + x / 4) / TURN),
    "kinks": FromFunction(lambda x: (np.pi - np.abs(x)) / np.pi**2, [0.0]),
    "zero arcs, by function": FromFunction(
        lambda x: np.where(x < 0, np.sin(x) ** 2, 0) * 2 / np.pi, [-np.pi, 0.0]
    ),
}
each_density = pytest.mark.parametrize("density", ZOO.values(), ids=ZOO.keys())


def integral(function, density, start=-np.pi, stop=np.pi):
    """∫ function over [start, stop] by SciPy's adaptive quadrature, cut where p jumps."""
    inner = density.breakpoints[(density.breakpoints > start) & (density.breakpoints < stop)]
    cuts = np.concatenate([[start], inner, [stop]])
    parts = (
        quad(lambda x: float(function(x)), a, b, epsabs=1e-14, epsrel=1e-13, limit=200)[0]
        for a, b in zip(cuts[:-1], cuts[1:], strict=True)
    )
    return sum(parts)


@st.composite
def piecewise_constant(draw):
    """Piecewise constant densities of up to six pieces with edges anywhere."""
    edges = draw(
        st.lists(st.floats(-np.pi, np.pi, exclude_max=True), min_size=1, max_size=6, unique=True)
    )
    edges = sorted(wrap(np.round(edges, 6)).tolist())
    edges = np.unique(edges)
    weight = st.one_of(st.just(0.0), st.floats(0.01, 100))
    weights = draw(st.lists(weight, min_size=len(edges), max_size=len(edges)))
    weights[draw(st.integers(0, len(edges) - 1))] = 1.0
    return PiecewiseConstant.proportional(edges, weights)


# -- integrals ------------------------------------------------------------------------------------


@each_density
def test_a_density_is_non_negative_and_integrates_to_one(density):
    x = np.linspace(-10, 10, 2001)
    assert (density.pdf(x) >= 0).all()
    assert integral(density.pdf, density) == pytest.approx(1, abs=1e-12)


@each_density
@pytest.mark.parametrize("x", [-3.1, -1.2345, 0.0, 0.7, 1.0005, 3.1415])
def test_primitives_are_the_integrals_of_p_and_of_its_root(density, x):
    assert cdf(density, x) == pytest.approx(integral(density.pdf, density, stop=x), abs=2e-13)
    phase = integral(lambda t: np.sqrt(density.pdf(t)), density, stop=x)
    assert density.phase(x) == pytest.approx(phase, abs=2e-10)


@each_density
def test_phase_ascends_and_grows_by_a_turn_of_z(density):
    x = np.linspace(-np.pi, np.pi, 1001)[:-1]
    assert density.phase(-np.pi) == pytest.approx(0, abs=1e-15)
    assert (np.diff(density.phase(x)) >= -1e-15).all()
    assert density.Z * TURN == pytest.approx(density.phase(np.nextafter(np.pi, 0)), abs=1e-12)
    # by Cauchy and Schwarz, with equality for the uniform density alone
    assert density.Z <= 1 / np.sqrt(TURN) * (1 + 1e-14)


@each_density
def test_pdf_cdf_and_phase_have_the_period_of_the_circle(density):
    x = np.array([-3.0, -0.1, 0.9, 2.4])
    for function in (density.pdf, partial(cdf, density), density.phase):
        np.testing.assert_allclose(function(x + 3 * TURN), function(x), rtol=1e-12, atol=1e-13)


@each_density
def test_minimum_is_the_least_value_on_any_grid(density):
    x = np.concatenate([np.linspace(-np.pi, np.pi, 20001)[:-1], density.breakpoints])
    least = density.pdf(x).min()
    assert density.minimum <= least + 1e-15
    assert density.minimum == pytest.approx(least, abs=1e-4)


@pytest.mark.parametrize(
    ("density", "minimum"),
    [
        (ONE_TWO_FOUR, 3 / (7 * TURN)),
        (TrigPolynomial([0, -2 / 3]), 1 / (3 * TURN)),
        (TrigPolynomial([0.3], [0.4]), 0.5 / TURN),
        (FromFunction(lambda x: (1 + x / 4) / TURN), (1 - np.pi / 4) / TURN),
        (FromFunction(ONE_TWO_FOUR.pdf, ONE_TWO_FOUR.breakpoints), 3 / (7 * TURN)),
        (FromFunction(lambda x: (np.pi - np.abs(x)) / np.pi**2, [0.0]), 0.0),
    ],
)
def test_known_minima(density, minimum):
    assert density.minimum == pytest.approx(minimum, rel=1e-12, abs=1e-15)


# -- sampling -------------------------------------------------------------------------------------


@each_density
def test_samples_follow_the_distribution(density):
    sample = density.sample(20_000, np.random.default_rng(7))
    assert ((sample >= -np.pi) & (sample < np.pi)).all()
    assert kstest(sample, partial(cdf, density)).pvalue > 1e-3


@pytest.mark.parametrize(
    "name", ["zero arcs", "zero at the seam", "zero arcs, by function", "wrap-around piece"]
)
def test_no_sample_falls_where_the_density_is_zero(name):
    density = ZOO[name]
    ends = np.concatenate([cdf(density, density.breakpoints), [0.0, 0.5, 1.0]])
    u = np.concatenate([ends, np.nextafter(ends, 0), np.nextafter(ends, 1)])
    u = u[(u >= 0) & (u < 1)]
    sample = np.concatenate([density.sample(5000, np.random.default_rng(1)), density._quantile(u)])
    assert (density.pdf(sample) > 0).all()


@each_density
def test_quantile_inverts_the_distribution_function(density):
    u = np.linspace(0, 1, 1001)[:-1]
    # rounding x moves P(x) by p·eps
    tolerance = 1e-14 + 1e-15 * density.pdf(np.linspace(0.9, 1.1, 2001)).max()
    np.testing.assert_allclose(cdf(density, density._quantile(u)), u, atol=tolerance)
    assert (np.diff(density._quantile(u)) > 0).all()


@each_density
@pytest.mark.parametrize("count", [1, 7, 210])
def test_the_grid_is_as_dense_as_the_density(density, count):
    grid = density.grid(count)
    assert len(grid) == count and (density.pdf(grid) > 0).all()
    np.testing.assert_allclose(cdf(density, grid), (np.arange(count) + 0.5) / count, atol=1e-12)
    for region in density.regions:
        mass = integral(density.pdf, density, region.start, region.stop)
        assert abs(np.mean(region.contains(grid)) - mass) <= 1 / count + 1e-12


def test_sampling_is_repeatable_and_uses_only_its_generator():
    state = np.random.get_state()[1].copy()
    first = ONE_TWO_FOUR.sample(100, np.random.default_rng(3))
    np.testing.assert_array_equal(first, ONE_TWO_FOUR.sample(100, np.random.default_rng(3)))
    assert (first != ONE_TWO_FOUR.sample(100, np.random.default_rng(4))).any()
    np.testing.assert_array_equal(state, np.random.get_state()[1])


@properties
@given(piecewise_constant(), st.floats(0, 1, exclude_max=True))
def test_the_quantile_is_never_in_an_empty_arc(density, u):
    x = density._quantile(u)
    assert -np.pi <= x < np.pi and density.pdf(x) > 0
    assert cdf(density, x) == pytest.approx(u, abs=1e-9)


# -- regions --------------------------------------------------------------------------------------


@properties
@given(piecewise_constant(), st.floats(-np.pi, np.pi, exclude_max=True))
def test_regions_partition_the_circle(density, x):
    edges = density.edges
    # just below the first edge the stop of the last arc, first edge + 2π, may be rounded
    seam = np.any((edges - x > 0) & (edges - x < 2e-15))
    x = np.concatenate([[x] * (not seam), edges, np.nextafter(edges, 4)])
    np.testing.assert_array_equal(sum(r.contains(x).astype(int) for r in density.regions), 1)
    assert sum(r.length for r in density.regions) == pytest.approx(TURN)


@properties
@given(piecewise_constant(), st.integers(-2, 2), st.integers(0, 10), st.integers(-3, 3))
def test_an_arc_that_ends_next_to_the_seam_has_its_mass(density, turns, count, steps):
    start = -np.pi + turns * TURN
    stop = start + count * TURN / 10 + steps * 5e-16
    if start < stop <= start + TURN:
        expected = density._mass(-np.pi + count * TURN / 10)
        assert density.mass(Region(start, stop)) == pytest.approx(expected, abs=1e-12)
        rest = Region(stop, start + TURN) if stop < start + TURN else None
        assert rest is None or density.mass(rest) == pytest.approx(1 - expected, abs=1e-12)


def test_the_mass_of_almost_all_of_the_circle_is_one():
    assert uniform().mass(Region(-np.pi, np.nextafter(np.pi, 0))) == pytest.approx(1)
    last = Region(np.nextafter(np.pi, 0), 1.5 * np.pi)
    assert uniform().mass(last) == pytest.approx(0.25)


def test_regions_of_densities():
    thirds = np.linspace(-np.pi, np.pi, 4)
    for region, start, stop in zip(ONE_TWO_FOUR.regions, thirds[:-1], thirds[1:], strict=True):
        assert (region.start, region.stop) == pytest.approx((start, stop))
    whole = (Region(-np.pi, np.pi),)
    assert uniform().regions == TrigPolynomial([0.5]).regions == whole
    last = ZOO["wrap-around piece"].regions[-1]
    assert last.stop == pytest.approx(TURN - 2) and last.contains(np.pi) and last.contains(-2.5)
    assert not last.contains([-2.0, 0.0]).any()


@properties
@given(st.floats(-20, 20), st.floats(0.01, 6.28), st.integers(1, 50))
def test_points_of_a_region_are_evenly_inside(start, length, count):
    region = Region(start, start + length)
    points = region.points(count)
    assert region.contains(points).all() and len(points) == count
    assert (points - region.start).mean() == pytest.approx(region.length / 2)
    np.testing.assert_allclose(np.diff(points), region.length / count, atol=1e-13)
    assert not region.contains(region.start - (TURN - length) / 2)


# -- the kinds of density -------------------------------------------------------------------------


def test_the_lecture_densities():
    np.testing.assert_allclose(ONE_TWO_FOUR.values, 3 / TURN * np.array([1, 2, 4]) / 7, rtol=1e-15)
    np.testing.assert_allclose(ONE_TWO_FOUR.edges, [-np.pi, -np.pi / 3, np.pi / 3], atol=1e-15)
    x = np.linspace(-4, 4, 99)
    printed = (3 * np.cos(2 * x + np.pi) + 4.5) / (9 * np.pi)
    np.testing.assert_allclose(ZOO["continuous"].pdf(x), printed, atol=1e-15)
    np.testing.assert_array_equal(uniform().pdf(x), 1 / TURN)
    assert uniform().Z == pytest.approx(1 / np.sqrt(TURN), rel=1e-15)


def test_z_of_piecewise_constant_densities_in_closed_form():
    # Z = (1/2π) Σ_j √p_j · 2π/3
    assert ONE_TWO_FOUR.Z == pytest.approx(np.sqrt(ONE_TWO_FOUR.values).sum() / 3, rel=1e-15)


@pytest.mark.parametrize("name", ["1:2:4", "wrap-around piece", "zero arcs", "1:40", "narrow"])
def test_a_function_with_breakpoints_is_the_piecewise_constant_density(name):
    density = ZOO[name]
    assert_equal_densities(FromFunction(density.pdf, density.breakpoints), density)


@pytest.mark.parametrize("name", ["continuous", "touching zero", "three harmonics"])
@pytest.mark.parametrize("breakpoints", [(), (-1.0, 0.5)])
def test_a_function_is_the_trigonometric_polynomial(name, breakpoints):
    density = ZOO[name]
    assert_equal_densities(FromFunction(density.pdf, breakpoints), density)


def assert_equal_densities(one, other):
    x = np.linspace(-np.pi, np.pi, 501)[:-1]
    for ours, others in ((one.pdf, other.pdf), (one.phase, other.phase)):
        np.testing.assert_allclose(ours(x), others(x), atol=2e-11)
    np.testing.assert_allclose(cdf(one, x), cdf(other, x), atol=2e-11)
    u = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(one._quantile(u), other._quantile(u), atol=1e-7)
    assert one.Z == pytest.approx(other.Z, abs=1e-11)
    assert one.minimum == pytest.approx(other.minimum, abs=1e-11)


def test_a_function_may_return_one_number_for_all_angles():
    density = FromFunction(lambda x: 1 / TURN)
    np.testing.assert_array_equal(density.pdf(np.zeros((2, 3))), np.full((2, 3), 1 / TURN))


def test_rounding_below_zero_is_taken_for_zero():
    density = FromFunction(lambda x: (1 + np.sin(x)) / TURN - 1e-16)
    assert density.pdf(-np.pi / 2) == 0 and density.minimum == 0
    assert TrigPolynomial([0.0, 0.6], [0.0, 0.8]).minimum == pytest.approx(0, abs=1e-16)


def test_equal_neighbours_make_no_difference_to_the_distribution():
    split = PiecewiseConstant.proportional([-np.pi, 0.3, 1.0], [2, 2, 2])
    x = np.linspace(-3, 3, 50)
    np.testing.assert_allclose(cdf(split, x), cdf(uniform(), x), atol=1e-15)


def test_equal_pieces_start_anywhere():
    density = PiecewiseConstant.equal_pieces([1, 2, 4], start=2.5)
    np.testing.assert_allclose(density.pdf(2.5 + TURN / 3 * np.array([0.5, 1.5, 2.5])),
                               ONE_TWO_FOUR.values)  # fmt: skip
    for extreme in ([5e-324, 5e-324], [1e308, 1e308]):
        np.testing.assert_allclose(PiecewiseConstant.equal_pieces(extreme).values, 1 / TURN)


@each_density
def test_results_have_the_shape_of_the_angles(density):
    for function in (density.pdf, density.phase):
        for shape in ((), (0,), (3,), (2, 3)):
            assert np.shape(function(np.full(shape, 0.25))) == shape


@each_density
def test_a_density_says_what_it_is_and_travels_between_processes(density):
    assert type(density).__name__ in repr(density)
    cdf(density, 0.0), density.phase(0.0)
    if not isinstance(density, FromFunction):  # whose function may be a lambda
        copy = pickle.loads(pickle.dumps(density))
        assert cdf(copy, 0.3) == cdf(density, 0.3) and copy.Z == density.Z


def test_what_was_given_is_neither_changed_nor_kept():
    edges, values = np.array([-1.0, 1.0]), np.array([0.25, 0.25])
    values = values / (values @ [2, TURN - 2])
    density = PiecewiseConstant(edges, values)
    edges[0], values[0] = 9, 9
    assert density.edges[0] == -1 and density.pdf(0.0) == pytest.approx(1 / TURN)
    with pytest.raises(ValueError, match="read-only"):
        density.values[0] = 0


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "values", "message"),
    [
        ([0.0, 1.0], [-0.1, 1.0], "values: must be non-negative, got -0.1 in region 0"),
        ([-np.pi], [0.2], "values: the density must integrate to 1, got 1.256"),
        ([0.0, 1.0], [1e308, 1e308], "values: the density must integrate to 1, got inf"),
        ([1.0, 0.0], [1, 1], r"edges: must ascend strictly.*, got 0.0 at index 1"),
        ([0.0, 1.0, 1.0], [1, 1, 1], r"edges: must ascend strictly.*, got 1.0 at index 2"),
        ([0.0, np.pi], [1, 1], r"edges: must ascend strictly.*, got 3.14159.* at index 1"),
        ([0.0, 1.0], [1.0], "values: needs one density per edge.*1 values for 2 edges"),
        ([], [], "values: needs one density per edge and at least one"),
        ([0.0, np.nan], [1, 1], r"edges: must be finite, got nan at index \(1,\)"),
        ([0.0, 1.0], [1, np.inf], r"values: must be finite, got inf at index \(1,\)"),
        (0.0, [1], r"edges: must have 1 dimension\(s\), got shape \(\)"),
    ],
)
def test_wrong_pieces_are_refused(edges, values, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        PiecewiseConstant(edges, values)


@pytest.mark.parametrize("wrong", ["ab", None, [1j], np.array([1, None]), [[1], [2, 3]]])
def test_wrong_types_are_refused(wrong):
    for name, make in {
        "edges": lambda: PiecewiseConstant(wrong, [1]),
        "values": lambda: PiecewiseConstant([0.0], wrong),
        "weights": lambda: PiecewiseConstant.equal_pieces(wrong),
        "cosine": lambda: TrigPolynomial(wrong),
        "sine": lambda: TrigPolynomial(sine=wrong),
        "breakpoints": lambda: FromFunction(np.ones_like, wrong),
        "x": lambda: uniform().pdf(wrong),
        " x": lambda: TrigPolynomial([0.5]).pdf(wrong),
    }.items():
        with pytest.raises(TypeError, match=f"^{name.strip()}: must be real numbers, got "):
            make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PiecewiseConstant.proportional([0, 1], [1]), "weights: needs one weight per edge"),
        (lambda: PiecewiseConstant.proportional([0, 1], [0, 0]), "weights: must be non-negative"),
        (lambda: PiecewiseConstant.proportional([0, 1], [-1, 2]), "weights: must be non-negative"),
        (lambda: PiecewiseConstant.proportional([1, 0], [1, 1]), "edges: must ascend strictly"),
        (lambda: PiecewiseConstant.proportional([-9, 9], [1, 1]), "edges: must ascend"),
        (lambda: PiecewiseConstant.equal_pieces([]), "weights: needs at least one piece"),
        (lambda: PiecewiseConstant.equal_pieces([1], np.nan), "start: must be finite"),
        (lambda: TrigPolynomial([1.1]), "cosine, sine: the density must be non-negative"),
        (lambda: TrigPolynomial([0, -1e308]), "cosine: must be of size 2 at most"),
        (lambda: TrigPolynomial([0.5, np.nan]), "cosine: must be finite"),
        (lambda: TrigPolynomial(0.5), "cosine: must have 1 dimension"),
        (
            lambda: FromFunction(lambda x: 1.0),
            "function: the density must integrate to 1, got 6.28",
        ),
        (lambda: FromFunction(lambda x: x / 0.5), "function: the density must be non-negative"),
        (lambda: FromFunction(lambda x: x * np.nan), "function: must be finite, got nan"),
        (lambda: FromFunction(lambda x: np.ones(3)), "function: must return one density per angle"),
        (lambda: FromFunction(np.ones_like, [1, 0]), "breakpoints: must ascend strictly in"),
        (lambda: FromFunction(np.ones_like, [np.pi]), "breakpoints: must ascend strictly in"),
        (lambda: FromFunction(np.ones_like, [np.nan]), "breakpoints: must be finite"),
        (lambda: FromFunction(ONE_TWO_FOUR.pdf), "function: is not resolved near x = -1.047"),
        (lambda: uniform().sample(0, np.random.default_rng()), "count: must be >= 1, got int 0"),
        (lambda: uniform().grid(-3), "count: must be >= 1, got int -3"),
        (lambda: ONE_TWO_FOUR.pdf([0.0, np.nan]), "x: must be finite"),
        (lambda: Region(1.0, 1.0), "stop: must be > 1.0, got 1.0"),
        (lambda: Region(0.0, 7.0), "stop: must be <= 6.28"),
        (lambda: Region(np.nan, 7.0), "start: must be finite"),
        (lambda: Region(0.0, 1.0).points(0), "count: must be >= 1"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FromFunction("p"), "function: must be callable, got str"),
        (lambda: FromFunction(lambda x: "p"), "function: must be real numbers"),
        (lambda: uniform().sample(5, None), "rng: must be a Generator"),
        (lambda: uniform().sample(5.0, np.random.default_rng()), "count: must be a whole number"),
        (lambda: uniform().grid("5"), "count: must be a whole number"),
        (lambda: PiecewiseConstant.equal_pieces([1], None), "start: must be a real number"),
        (lambda: Region(0.0, "1"), "stop: must be a real number"),
    ],
)
def test_arguments_of_a_wrong_type_are_refused(make, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        make()


@pytest.mark.parametrize("turn", [0.0, np.pi / 64, 1.0])
def test_a_narrow_dip_below_zero_is_refused(turn):
    # p = (1 + a cos(x - turn))/2π is negative on an arc of 0.06 rad only
    a = 1.0005
    with pytest.raises(ValueError, match="^cosine, sine: .* got minimum -7.958e-05"):
        TrigPolynomial([a * np.cos(turn)], [a * np.sin(turn)])
    with pytest.raises(ValueError, match="^function: the density must be non-negative"):
        FromFunction(lambda x: (1 + a * np.cos(x - turn)) / TURN)
