"""Argument checks: right values come through as they are, wrong ones are refused by name."""

import fractions

import numpy as np
import pandas as pd
import pytest

from ntklab import _arguments as arguments

HUGE = 10**6000  # more digits than Python prints


class NeedsDetaching:
    """Refuses to become an array, as a torch tensor that requires a gradient does."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def test_a_finite_array_is_a_float64_copy_of_what_came():
    given = np.arange(6, dtype=np.int32).reshape(2, 3)[:, ::2]
    given.flags.writeable = False
    array = arguments.finite_array("a", given)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, given)
    array[0, 0] = 7
    assert given[0, 0] == 0


@pytest.mark.parametrize(
    "value",
    [
        [1, 2], (1.0,), 3, True, np.float32(2), [], np.array([1, 2.5], dtype=object), [2**70],
        np.float16([1, 2]), pd.Series([1, 2]), pd.Series([1, 2], dtype="Int64"),
        [fractions.Fraction(1, 3)], np.ma.array([1.0, 2.0]),
    ],
)  # fmt: skip
def test_numbers_of_any_kind_make_a_finite_array(value):
    assert arguments.finite_array("a", value).shape == np.shape(value)


@pytest.mark.parametrize(
    "value",
    [
        "1",
        ["a", "b"],
        None,
        [None],
        1j,
        [1, 2j],
        {1: 2},
        np.array([1, None], dtype=object),
        np.ma.array([1.0, 2.0], mask=[0, 1]),
        [1.0, np.ma.masked],
        [np.ma.array([1.0, 2.0], mask=[0, 1])] * 2,
        [[1], [1, 2]],
        pytest.param([HUGE], id="huge"),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        NeedsDetaching(),
    ],
)
def test_what_is_no_real_number_is_refused_by_name(value):
    with pytest.raises(TypeError, match="^angles: must be real numbers, got "):
        arguments.finite_array("angles", value)


@pytest.mark.parametrize(
    "value", [np.nan, [0, np.inf], [[-np.inf]], np.array([np.longdouble("1e400")])]
)
def test_nan_and_infinity_are_refused_by_name(value):
    with pytest.raises(ValueError, match="^angles: must be finite, got .*(nan|inf) at index"):
        arguments.finite_array("angles", value)


def test_a_wrong_number_of_dimensions_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^points: must have 2 dimension\(s\), got shape \(3,\)"):
        arguments.finite_array("points", [1, 2, 3], ndim=2)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2), fractions.Fraction(2)])
def test_a_finite_number_is_a_float(value):
    number = arguments.finite_number("a", value, above=1, below=3, at_least=2, at_most=2)
    assert type(number) is float and number == 2


@pytest.mark.parametrize(
    "value", ["2", None, 2j, [2], True, np.bool_(True), np.array([2.0]), np.ma.masked]
)
def test_a_finite_number_of_another_type_is_refused(value):
    with pytest.raises(TypeError, match="^start: must be a real number, got "):
        arguments.finite_number("start", value)


@pytest.mark.parametrize(
    ("value", "bounds", "accepted"),
    [
        (np.nan, {}, "finite"),
        (np.inf, {}, "finite"),
        pytest.param(HUGE, {}, "fit a 64-bit float", id="huge"),
        (1, {"above": 1}, "> 1"),
        (0.5, {"at_least": 1}, ">= 1"),
        (1, {"below": 1}, "< 1"),
        (2, {"at_most": 1}, "<= 1"),
    ],
)
def test_a_number_out_of_bounds_is_refused_with_the_bound(value, bounds, accepted):
    with pytest.raises(ValueError, match=f"^start: must (be )?{accepted}, got "):
        arguments.finite_number("start", value, **bounds)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_is_an_int(value):
    number = arguments.whole_number("count", value, at_least=3, at_most=3)
    assert type(number) is int and number == 3


@pytest.mark.parametrize("value", [3.0, "3", None, True, 3j, [3]])
def test_a_whole_number_of_another_type_is_refused(value):
    with pytest.raises(TypeError, match="^count: must be a whole number, got "):
        arguments.whole_number("count", value)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (0, ">= 1"),
        (10, "<= 9"),
        pytest.param(HUGE, "<= 9", id="huge"),
        pytest.param(-HUGE, ">= 1", id="-huge"),
    ],
)
def test_a_whole_number_out_of_bounds_is_refused_with_the_bound(value, accepted):
    with pytest.raises(ValueError, match=f"^count: must be {accepted}, got "):
        arguments.whole_number("count", value, at_least=1, at_most=9)


@pytest.mark.parametrize("value", ["c", None, 1, ["a"]])
def test_one_of_lists_the_choices(value):
    assert arguments.one_of("kind", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match="^kind: must be one of 'a', 'b', got "):
        arguments.one_of("kind", value, ("a", "b"))


def test_global_randomness_is_refused():
    rng = np.random.default_rng(0)
    assert arguments.generator("rng", rng) is rng
    for value in (None, 0, np.random, np.random.RandomState(0)):
        with pytest.raises(TypeError, match="^rng: must be a Generator, got "):
            arguments.generator("rng", value)


def test_long_values_are_shortened_in_messages():
    with pytest.raises(TypeError) as refusal:
        arguments.whole_number("count", list(range(1000)))
    assert len(str(refusal.value)) < 120


def test_numbers_beyond_the_size_accepted_are_refused():
    np.testing.assert_array_equal(arguments.finite_array("a", [-2, 2], within=2), [-2, 2])
    with pytest.raises(ValueError, match="^a: must be <= 2 in size, got 3"):
        arguments.finite_array("a", [0, -3], within=2)


def test_a_positive_number_has_powers():
    assert arguments.positive("a", 2) == 2
    assert arguments.positive("a", np.inf, infinite=True) == np.inf
    for value in (np.inf, np.nan, 0, -1, 5e-324, 1e308, HUGE):
        with pytest.raises(ValueError, match="^a: must "):
            arguments.positive("a", value)


def test_a_size_fits_in_memory():
    assert arguments.size("count", np.int8(3)) == 3
    with pytest.raises(ValueError, match="^count: must be <= 100000000, got int 10000000000"):
        arguments.size("count", 10**10)


@pytest.mark.parametrize("value", [0, 1, "yes", None, np.array([True, False]), np.array(True)])
def test_nothing_but_true_and_false_is_boolean(value):
    assert arguments.boolean("bias", np.bool_(True)) is True
    with pytest.raises(TypeError, match="^bias: must be True or False, got "):
        arguments.boolean("bias", value)


def test_a_sequence_is_checked_one_by_one():
    for values in ([1, 2], (1, 2), range(1, 3), np.array([1, 2])):
        assert arguments.sequence("q", values, arguments.whole_number, at_least=1) == [1, 2]
    for wrong in ("12", b"12", 1, None, {1, 2}, {1: 2}, iter([1]), np.ones((1, 1)), [0], [1.0], ()):
        with pytest.raises((TypeError, ValueError), match="^q: must "):
            arguments.sequence("q", wrong, arguments.whole_number, at_least=1)


def test_shapes_that_do_not_go_together_are_named():
    arguments.broadcast(x=np.ones((2, 1)), z=np.ones(3))
    with pytest.raises(ValueError, match=r"^x, z: must broadcast, got shapes \(2,\) and \(3,\)"):
        arguments.broadcast(x=np.ones(2), z=np.ones(3))


def test_spans_of_time_are_no_numbers():
    span = np.timedelta64(3, "s")
    for check in (arguments.finite_number, arguments.whole_number):
        with pytest.raises(TypeError, match="^t: must be a "):
            check("t", span)
