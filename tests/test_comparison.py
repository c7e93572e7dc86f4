"""Goldens tell rounding from change: one unit passes, two do not, and words are words."""

import pytest
from comparison import Printed, difference, malformed
from hypothesis import given
from hypothesis import strategies as st

SAME = [
    ("rms 0.125 at n = 1000", "rms 0.126 at n = 1000"),  # one unit
    ("rms 0.125", "rms 0.124"),
    ("100% learned, 0% missed", "100% learned, -0% missed"),  # a rounding zero
    ("[ 0.5 -0.  1. ]", "[0.5 0.  1. ]"),  # and the columns it sets
    ("zero: −0.00", "zero: 0.00"),
    ("1.25e-03", "1.26e-03"),
    ("9.99e-04", "1.00e-03"),  # one unit of the finer
    ("0.0999", "0.1"),
    ("[0.110053 0.22]", "[0.110053 0.220001]"),
    ("1,000,000 draws", "1,000,001 draws"),
    ("within 1.", "within 0.9"),
    ("nan, inf and -inf", "NaN, inf and -inf"),
    ("nan", "-nan"),
    ("1e+05", "100000"),  # exponents by value
    ("m^-0.50 ± 0.01", "m^-0.51 ± 0.02"),
    ("+0.0 and -0.0", "-0.0 and +0.0"),
    ("HOLDS", "HOLDS"),
    ("1/2π", "1/2π"),
]
OTHER = [
    ("rms 0.125", "rms 0.127"),  # two units
    ("rms 0.125", "rms 0.123"),
    ("n = 1000", "n = 1002"),
    ("1.25e-03", "1.27e-03"),
    ("1.25e-03", "1.25e-04"),
    ("slope -0.5", "slope 0.5"),  # a lost sign
    ("slope -0.01", "slope 0.01"),
    ("slope +0.5", "slope 0.5"),
    ("1e-05", "-1e-05"),
    ("-inf", "inf"),
    ("1.0", "nan"),
    ("inf", "1e999"),
    ("0.5", "0.58"),  # the finer digit counts
    ("C13 HOLDS", "C13 CORRECTED"),  # a changed word
    ("C13", "C14"),
    ("1/2π", "1/3π"),
    ("cos 16x", "cos 17x"),
    ("within 0.1 of it", "within 0.1 of that"),
    ("x-1", "x 1"),
    ("12", "1 2"),
    ("1 2 3", "1 2"),  # a missing number
    ("[1.0]", "[]"),
    ("agree: True", "agree: False"),
    ("99 %", "99"),
]


@pytest.mark.parametrize(("golden", "shown"), SAME)
def test_rounding_is_no_difference(golden, shown):
    assert difference(golden, shown) == ""
    assert Printed(golden) == shown and not Printed(golden) != shown


@pytest.mark.parametrize(("golden", "shown"), OTHER)
def test_all_else_is_one(golden, shown):
    assert difference(golden, shown)
    assert Printed(golden) != shown and Printed(shown) != golden


def test_the_difference_is_named():
    assert difference("a 1.5 b", "a 1.7 b") == "numbers: 1.7 is shown, the golden has 1.5"
    assert difference("a 1.5", "b 1.5") == "words: 'b' is shown, the golden has 'a'"
    assert difference("1 2", "1") == "1 numbers are shown, the golden has 2"


@pytest.mark.parametrize(
    "number", ["1.2.3", "1.5e", "1e-", "2.5e+", "--1", "+-0.5", "1e99999", "1..2"]
)
def test_a_malformed_number_is_found(number):
    assert malformed(f"rate {number} a year") == [number]


@pytest.mark.parametrize("text", ["1. 2.", "2π", "1e-10", "end 5.", "1,000", "0x1e", "a -- 1"])
def test_a_well_formed_one_is_not(text):
    assert malformed(text) == []


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 9))
def test_one_unit_passes_and_two_do_not_whatever_the_number(value, digits):
    printed = f"{value:.{digits}e}"
    mantissa, exponent = printed.split("e")
    last = 10**digits
    units = round(float(mantissa) * last)
    one, two = (f"{(units + off) / last:.{digits}f}e{exponent}" for off in (1, 2))
    assert difference(printed, one) == ""
    assert difference(printed, two)
