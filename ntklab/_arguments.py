"""Argument checks: every refusal names the argument, what came and what is accepted."""

import numbers
from collections.abc import Sequence

import numpy as np

MOST = 10**8  # numbers in one array: 0.8 GB
LARGEST = 1e75  # products of four such numbers stay within float64


def real_array(name, value):
    """`value` as an array of real numbers, itself where it is one; none of them masked."""
    try:
        if _masked(value):
            raise TypeError("it has masked values: hand in the valid ones, as x.compressed() does")
        array = np.asarray(value)
        if array.dtype.kind == "O" and all(isinstance(i, numbers.Real) for i in array.flat):
            array = array.astype(np.float64)  # columns of tables often come as objects
        if array.dtype.kind not in "biuf":
            raise TypeError(f"dtype {array.dtype}")
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(f"{name}: must be real numbers, got {_short(value)} ({error})") from None
    return array


def _masked(value):
    if isinstance(value, list | tuple):
        return any(
            _masked(item) for item in value if isinstance(item, list | tuple | np.ma.MaskedArray)
        )
    return np.ma.is_masked(value)


def finite_array(name, value, *, ndim=None, within=None):
    """`value` as a new float64 array without NaN or infinity.

    Of `ndim` dimensions and of sizes up to `within`, where given.
    """
    with np.errstate(over="ignore"):  # a long double beyond float64 is refused as inf below
        array = real_array(name, value).astype(np.float64)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name}: must have {ndim} dimension(s), got shape {array.shape}")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name}: must be finite, got {array[where]} at index {where}")
    if within is not None and np.abs(array).max(initial=0) > within:
        raise ValueError(f"{name}: must be <= {within:g} in size, got {np.abs(array).max():g}")
    return array


def look_like_radians(name, angles):
    """Refuses a sample (n,) of angles that are degrees by all appearances.

    Radians may exceed a turn, and degrees may be few or small: refused are angles that reach
    beyond two turns, 4π, when none is beyond 360.
    """
    reach = np.abs(angles).max(initial=0)
    if 4 * np.pi < reach <= 360:
        raise ValueError(
            f"{name}: must be in radians, got angles up to {reach:.6g}, which look like degrees; "
            "np.radians converts these, and np.remainder(x, 2 * np.pi) takes turns off radians"
        )


def sample_of_angles(name, value):
    """`value` as a float64 array (n,) of angles in radians, not in degrees."""
    angles = finite_array(name, value, ndim=1)
    look_like_radians(name, angles)
    return angles


def finite_number(name, value, *, above=None, at_least=None, below=None, at_most=None):
    """`value` as a finite float inside the stated open or closed bounds."""
    if isinstance(value, np.ndarray) and value.ndim == 0 and not _masked(value):
        value = value.item()
    # NumPy counts its spans of time among the integers
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: must be a real number, got {_short(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name}: must fit a 64-bit float, got an integer beyond it") from None
    bounds = [
        ("finite", np.isfinite(number)),
        (f"> {above}", above is None or number > above),
        (f">= {at_least}", at_least is None or number >= at_least),
        (f"< {below}", below is None or number < below),
        (f"<= {at_most}", at_most is None or number <= at_most),
    ]
    for accepted, holds in bounds:
        if not holds:
            raise ValueError(f"{name}: must be {accepted}, got {number!r}")
    return number


def positive(name, value, *, infinite=False):
    """`value` as a float > 0 whose powers are numbers, or infinity where that is allowed."""
    if infinite and isinstance(value, float | np.floating) and value == np.inf:
        return np.inf
    number = finite_number(name, value, above=0)
    return finite_number(name, number, at_least=1 / LARGEST, at_most=LARGEST)


def whole_number(name, value, *, at_least=None, at_most=None):
    """`value` as an int inside the stated closed bounds."""
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name}: must be a whole number, got {_short(value)}")
    number = int(value)
    if at_least is not None and number < at_least:
        raise ValueError(f"{name}: must be >= {at_least}, got {_short(number)}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{name}: must be <= {at_most}, got {_short(number)}")
    return number


def size(name, value, *, at_least=1, at_most=MOST):
    """`value` as the length of an array that fits in memory."""
    return whole_number(name, value, at_least=at_least, at_most=at_most)


def whole_numbers(name, values, *, at_least=0):
    """`values` as a float64 array of whole numbers."""
    numbers = finite_array(name, values)
    if (numbers < at_least).any() or (numbers != np.round(numbers)).any():
        raise ValueError(f"{name}: must be whole and >= {at_least}, got {numbers.tolist()}")
    return numbers


def boolean(name, value):
    """`value` as a bool: nothing else is true or false here."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: must be True or False, got {_short(value)}")
    return bool(value)


def sequence(name, values, check, **bounds):
    """[check(name, value, **bounds) for each value] of a sequence that is not empty."""
    if isinstance(values, np.ndarray) and values.ndim == 1:
        values = list(values)
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise TypeError(f"{name}: must be a sequence, got {_short(values)}")
    if not values:
        raise ValueError(f"{name}: must hold one at least, got none")
    return [check(name, value, **bounds) for value in values]


def values_of(name, function, x):
    """The values of a function at an array `x`, one real number a place."""
    if not callable(function):
        raise TypeError(f"{name}: must be callable, got {_short(function)}")
    values = finite_array(name, function(x))
    if values.shape != x.shape:
        raise ValueError(f"{name}: must give one value per place, {x.shape}, got {values.shape}")
    return values


def values_at(name, values, points):
    """The values, given or of a function, at `points` (n,) or (n, d): shape (n,)."""
    values = finite_array(name, values(points) if callable(values) else values)
    if values.shape != (len(points),):
        wanted = f"must have one value per point, shape ({len(points)},)"
        raise ValueError(f"{name}: {wanted}, got {values.shape}")
    return values


def broadcast(**arrays):
    """Refuses arrays whose shapes do not go together."""
    shapes = [array.shape for array in arrays.values()]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        got = " and ".join(map(str, shapes))
        raise ValueError(f"{', '.join(arrays)}: must broadcast, got shapes {got}") from None


def one_of(name, value, choices):
    """`value` if it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        accepted = ", ".join(map(repr, choices))
        given = repr(value) if isinstance(value, str) else _short(value)
        raise ValueError(f"{name}: must be one of {accepted}, got {given}")
    return value


def instance_of(name, value, kind):
    """`value` if it is a `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: must be a {kind.__name__}, got {_short(value)}")
    return value


def generator(name, value):
    """`value` if it is a numpy.random.Generator: randomness is never global here."""
    return instance_of(name, value, np.random.Generator)


def _short(value):
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        text = "too long to print"
    text = " ".join(text.split())
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{type(value).__name__} {text}"
