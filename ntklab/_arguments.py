"""Argument checks: every refusal names the argument, what came and what is accepted."""

import numbers

import numpy as np


def finite_array(name, value, *, ndim=None):
    """`value` as a float64 array without NaN or infinity, of `ndim` dimensions where given."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"dtype {array.dtype}")
        with np.errstate(over="ignore"):  # a long double beyond float64 is refused as inf below
            array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(f"{name}: must be real numbers, got {_short(value)} ({error})") from None
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name}: must have {ndim} dimension(s), got shape {array.shape}")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name}: must be finite, got {array[where]} at index {where}")
    return array


def finite_number(name, value, *, above=None, at_least=None, below=None, at_most=None):
    """`value` as a finite float inside the stated open or closed bounds."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
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


def whole_number(name, value, *, at_least=None, at_most=None):
    """`value` as an int inside the stated closed bounds."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name}: must be a whole number, got {_short(value)}")
    number = int(value)
    if at_least is not None and number < at_least:
        raise ValueError(f"{name}: must be >= {at_least}, got {_short(number)}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{name}: must be <= {at_most}, got {_short(number)}")
    return number


def one_of(name, value, choices):
    """`value` if it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: must be one of {', '.join(map(repr, choices))}, got {value!r}")
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
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{type(value).__name__} {text}"
