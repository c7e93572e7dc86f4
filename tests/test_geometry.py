"""Angles to rounding: against 40-digit arithmetic, and the axioms of a distance."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntklab import circle_gram, densities, estimation, generalization, gram
from ntklab._arguments import look_like_radians
from ntklab.geometry import (
    angle_between,
    circle_distance,
    to_circle,
    unit_vectors,
    wrap,
)
from ntklab.kernels import DeepNTK, TwoLayerNTK

angles = st.floats(-50, 50)
inside = st.floats(-np.pi, np.pi, exclude_max=True)
properties = settings(deadline=None, max_examples=100)


def exact_distance(x, z):
    """The distance of two angles on the circle to 40 digits."""
    with mpmath.workdps(40):
        gap = mpmath.fmod(abs(mpmath.mpf(x) - mpmath.mpf(z)), 2 * mpmath.pi)
        return float(min(gap, 2 * mpmath.pi - gap))


def exact_angle(x, y):
    """The angle between two nearly unit vectors to 40 digits, whatever their lengths."""
    with mpmath.workdps(60):
        x, y = mpmath.matrix(list(map(float, x))), mpmath.matrix(list(map(float, y)))
        x, y = x / mpmath.norm(x), y / mpmath.norm(y)
        return float(2 * mpmath.atan2(mpmath.norm(x - y), mpmath.norm(x + y)))


@properties
@given(inside)
def test_angles_inside_are_wrapped_to_themselves_bit_for_bit(theta):
    assert wrap(theta).tobytes() == np.float64(theta).tobytes()


@properties
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_angle_is_wrapped_into_the_half_open_circle(theta):
    assert -np.pi <= wrap(theta) < np.pi


@properties
@given(inside, st.integers(-100, 100))
def test_full_turns_are_taken_off(theta, turns):
    wrapped = wrap(theta + turns * 2 * np.pi)
    assert circle_distance(wrapped, theta) <= 1e-15 * (1 + 10 * abs(turns))


@pytest.mark.parametrize(
    ("theta", "wrapped"),
    [
        (np.pi, -np.pi),
        (-np.pi, -np.pi),
        (3 * np.pi, -np.pi),
        (np.nextafter(np.pi, 0), np.nextafter(np.pi, 0)),
        (np.nextafter(-np.pi, -4), np.nextafter(np.pi, 0)),
        (-0.0, 0.0),
    ],
)
def test_wrap_at_the_seam(theta, wrapped):
    assert circle_distance(wrap(theta), wrapped) <= 1e-15
    assert -np.pi <= wrap(theta) < np.pi


@properties
@given(angles, angles)
def test_circle_distance_is_the_exact_one(x, z):
    # 2π itself is known to half a unit in the last place, and is taken off up to 16 times
    assert abs(circle_distance(x, z) - exact_distance(x, z)) <= 2e-14


@properties
@given(inside, inside)
def test_circle_distance_inside_one_turn_has_every_digit(x, z):
    assert abs(circle_distance(x, z) - exact_distance(x, z)) <= 1e-15


@properties
@given(angles, angles, angles)
def test_circle_distance_is_a_distance(x, y, z):
    assert circle_distance(x, z) == circle_distance(z, x)
    assert circle_distance(x, x) == 0
    assert 0 <= circle_distance(x, z) <= np.pi
    assert circle_distance(x, z) <= circle_distance(x, y) + circle_distance(y, z) + 1e-13


def test_the_difference_must_be_wrapped():
    # equation (11) writes |x - z|, here 6.2; the points are 0.083 apart (claim C09)
    assert circle_distance(-3.1, 3.1) == pytest.approx(2 * np.pi - 6.2, abs=1e-15)


@pytest.mark.parametrize(("x", "z"), [(1.7e308, -1.7e308), (1e300, 0.0), (5e-324, -5e-324)])
def test_circle_distance_of_extreme_angles_stays_in_range(x, z):
    assert 0 <= circle_distance(x, z) <= np.pi


def test_circle_distance_broadcasts():
    assert circle_distance(np.zeros((3, 1)), np.ones(4)).shape == (3, 4)
    with pytest.raises(ValueError, match="broadcast"):
        circle_distance(np.zeros(2), np.zeros(3))


@properties
@given(st.lists(inside, min_size=1, max_size=5))
def test_angles_come_back_from_the_circle(theta):
    points = to_circle(theta)
    back = np.arctan2(points[:, 1], points[:, 0])
    np.testing.assert_array_less(circle_distance(back, theta), 1e-15)


@pytest.mark.parametrize("kind", [np.float32, np.longdouble])
def test_rows_that_are_unit_to_float32_are_rescaled(kind):
    points = np.random.default_rng(3).normal(size=(500, 3)).astype(kind)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    scaled = unit_vectors("X", points)
    assert np.abs(np.linalg.norm(scaled, axis=1) - 1).max() < 1e-14
    assert np.abs(scaled - points).max() < 1e-6
    exact = points.astype(float) / np.linalg.norm(points.astype(float), axis=1, keepdims=True)
    np.testing.assert_allclose(angle_between(points), angle_between(exact), atol=3e-8)


def test_degrees_are_noticed():
    for degrees in ([0, 90, 270], np.linspace(-180, 180, 9)):
        with pytest.raises(ValueError, match="^x: must be in radians, got angles up to .*degrees"):
            look_like_radians("x", np.array(degrees))
    for radians in ([0, 6.28], [-12.5], [1000.0], []):
        look_like_radians("x", np.array(radians))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: gram.solve(TwoLayerNTK(), x, 3),
        lambda x: circle_gram.CircleGram(x, TwoLayerNTK()),
        lambda x: circle_gram.ZonalGram(x, DeepNTK(3)),
        lambda x: estimation.estimate(x),
        lambda x: generalization.learner(TwoLayerNTK(), x, np.sin),
        densities.PiecewiseConstant.histogram,
        lambda x: densities.von_mises(x, np.ones(len(x))),
    ],
    ids="solve CircleGram ZonalGram estimate learner histogram von_mises".split(),
)
def test_no_door_takes_data_in_degrees(call):
    with pytest.raises(ValueError, match="must be in radians, got angles up to 330, which look"):
        call(np.arange(0, 360, 30.0))


@pytest.mark.parametrize("gap", [1e-15, 1e-12, 1e-8, 1e-4, 1e-1, 1.0])
@pytest.mark.parametrize("opposite", [False, True])
@pytest.mark.parametrize("dimension", [2, 3, 10])
def test_angles_between_nearly_equal_and_nearly_opposite_points(gap, opposite, dimension):
    rng = np.random.default_rng(dimension)
    x = rng.normal(size=dimension)
    x /= np.linalg.norm(x)
    turn = rng.normal(size=dimension)
    turn -= (turn @ x) * x
    y = np.cos(gap) * x + np.sin(gap) * turn / np.linalg.norm(turn)
    y = -y if opposite else y
    assert abs(angle_between([x], [y])[0, 0] - exact_angle(x, y)) <= 1e-15
    # rounding in storing the points moves them by 1e-16 or so, and no more
    assert angle_between([x], [y])[0, 0] == pytest.approx(
        np.pi - gap if opposite else gap, abs=1e-15
    )


@properties
@given(inside, inside)
def test_angle_between_points_is_the_distance_of_their_angles(x, z):
    angle = angle_between(to_circle([x]), to_circle([z]))[0, 0]
    assert abs(angle - circle_distance(x, z)) <= 1e-15


def test_angles_of_a_point_with_itself_and_its_opposite_are_exact():
    points = np.random.default_rng(1).normal(size=(20, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    np.testing.assert_array_equal(np.diag(angle_between(points)), 0)
    np.testing.assert_array_equal(np.diag(angle_between(points, -points)), np.pi)
    np.testing.assert_array_equal(angle_between(points), angle_between(points).T)


@pytest.mark.parametrize("dimension", [2, 5, 64])  # coordinate by coordinate, and by products
def test_angles_of_many_points_are_symmetric_to_the_last_bit(dimension):
    points = np.random.default_rng(1).normal(size=(700, dimension))
    angles = angle_between(points / np.linalg.norm(points, axis=1, keepdims=True))
    np.testing.assert_array_equal(angles, angles.T)


def test_points_are_neither_changed_nor_needed_contiguous():
    points = np.asfortranarray(to_circle(np.linspace(0, 3, 8)))[::2]
    points.flags.writeable = False
    np.testing.assert_array_equal(angle_between(points), angle_between(points.copy()))
    theta = np.array([4.0, 5.0])
    wrap(theta), circle_distance(theta, theta)
    np.testing.assert_array_equal(theta, [4.0, 5.0])


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[1.0, 0.1]], "rows must be unit vectors, got norm 1.00499 in row 0"),
        ([[1.0, 0.0], [0.0, 0.0]], "got norm 0 in row 1"),
        ([[1e200, 1e200]], "rows must be unit vectors, got norm inf in row 0"),
        ([[np.nan, 1.0]], r"must be finite, got nan at index \(0, 0\)"),
        ([1.0, 0.0], r"must have 2 dimension\(s\)"),
        (np.empty((0, 2)), "with n >= 1"),
        (np.ones((3, 1)), "with d >= 2"),
    ],
)
def test_points_off_the_sphere_are_refused(points, message):
    for refused in (angle_between, lambda X: unit_vectors("X", X)):
        with pytest.raises(ValueError, match=f"^X: .*{message}"):
            refused(points)


def test_other_wrong_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^Y: must have shape \(n, 3\)"):
        angle_between(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match=r"^points: must have shape \(n, 2\)"):
        unit_vectors("points", np.eye(3), dimension=2)
    with pytest.raises(ValueError, match="^theta: must be finite"):
        wrap([0.0, np.nan])
    with pytest.raises(ValueError, match="^z: must be finite"):
        circle_distance(0.0, np.inf)
    with pytest.raises(TypeError, match="^theta: must be real numbers"):
        to_circle(["a"])
