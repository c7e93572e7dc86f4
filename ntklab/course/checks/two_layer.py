"""Checks of the assignment: the two-layer kernel, its biases and its blind spot."""

import numpy as np

from ntklab.activations import ReLU, half_angle, with_bias
from ntklab.course.checks.answers import (
    CheckFailed,
    ask,
    constant_factor,
    generator,
    hint_for,
    passed,
)
from ntklab.kernels import TwoLayerNTK

CIRCLE_HINTS = {
    2.0: "twice too large: 1/2π in place of the 1/4π of (11).",
    0.5: "half of it is missing: 1/8π in place of the 1/4π of (11).",
}


def circle_kernel(student):
    """Values at near angles, symmetry, then angles on both sides of ±π and whole turns."""
    rng = generator()
    z = rng.uniform(-1.5, 0, 40)
    x = z + rng.uniform(0, 1.5, 40)
    near = ask(student, x, z, shape=x.shape)
    _check_near(student, near, x, z)
    if not np.allclose(ask(student, z, x, shape=x.shape), near):
        what = "k(x, z) and k(z, x) must be the same"
        raise CheckFailed(student, what, "an angle between two points has no sign.")
    x, z = rng.uniform(-np.pi, np.pi, (2, 200))
    right, answer = TwoLayerNTK().at_angles(x, z).diagonal(), ask(student, x, z, shape=x.shape)
    if not np.allclose(answer, right):
        worst = np.argmax(np.abs(answer - right))
        what = f"k({x[worst]:.3f}, {z[worst]:.3f}) = {answer[worst]:.4g} is not right"
        hint = "-3.1 and 3.1 are neighbours on the circle. How far apart are they, at most π?"
        if np.allclose(ask(student, np.array([np.pi]), np.zeros(1), shape=(1,)), 0.5):
            hint = "this takes opposite points for the same one. A whole turn is 2π."
        raise CheckFailed(student, what, hint)
    turns = 2 * np.pi * rng.integers(-100, 100, 200)
    if not np.allclose(ask(student, x + turns, z, shape=x.shape), right):
        what = "whole turns of x must change nothing"
        raise CheckFailed(student, what, "right within one turn. What brings back any number?")
    passed(student, "symmetric, periodic, and right on both sides of the cut.")


def _check_near(student, answer, x, z):
    right = TwoLayerNTK().at_angles(x, z).diagonal()
    if np.allclose(answer, right):
        return
    hint = hint_for(constant_factor(answer, right), CIRCLE_HINTS)
    if np.allclose(answer, TwoLayerNTK(bias=False).at_angles(x, z).diagonal()):
        hint = "the network of (11) has a bias: 1 + cos, not cos alone."
    times = answer[0] / right[0]
    what = f"k({x[0]:.3f}, {z[0]:.3f}) is not right: yours is {times:.4g} times what it must be"
    raise CheckFailed(student, what, hint or "compare with (11), factor by factor.")


START_HINTS = {
    0.5: "half of what it must be: 1/4π is what (7) prints. At θ = 0, half of all neurons are "
    "active: let that fix the constant.",
    2.0: "twice too large. A neuron that is active at both points is active at one: no more than "
    "half of them are.",
}


def spread_kernel(student):
    """The kernel by angle and spread, against the package's layer with biases."""
    rng = generator()
    theta = np.append(0, np.sort(rng.uniform(0, 3.1, 11)))
    low, high, most = rng.uniform([0.4, 1.7, 15.0], [0.7, 2.5, 25.0])
    spreads = (0.0, 1.0, float(low), float(high), float(most))
    answers = {s: ask(student, theta, s, shape=theta.shape) for s in spreads}
    _check_start(student, theta, answers)
    if np.allclose(answers[spreads[3]], answers[0.0]):
        hint = "right for s = 0. But a bias that is not 0 helps to decide which neurons are on."
        raise CheckFailed(student, "gives the same for every spread", hint)
    for spread, answer in answers.items():
        _check_spread(student, theta, spread, answer)
    passed(student, "right for biases that start at 0 and for four spreads.")


def _check_start(student, theta, answers):
    right = TwoLayerNTK(normalization="network").profile(theta)
    if _three_digits(answers[0.0], right):
        return
    near = theta < 1.5  # elsewhere the kernel is small
    factor = constant_factor(answers[0.0][near], right[near], tolerance=1e-2)
    hint = hint_for(factor, START_HINTS, tolerance=1e-2)
    if _three_digits(answers[0.0], TwoLayerNTK(False, "network").profile(theta)):
        hint = "this leaves out the gradient by the biases, which are trained too."
        if _three_digits(answers[1.0], _spread(theta, 1.0)):
            hint = "right only for s = 1. The gradient by b_r is the same whatever b_r is."
    elif _three_digits(answers[0.0] + right, 1 + np.cos(theta)):
        hint = "this counts a neuron that is active at one of the points. Both are needed."
    times = answers[0.0][0] / right[0]
    what = f"for s = 0 and θ = 0 yours is {times:.4g} times what the kernel must be"
    if np.isclose(times, 1, rtol=1e-3):
        what = "for s = 0 it must be the kernel that the gradients of (6) give"
    hint = hint or _noise(answers[0.0], right)
    raise CheckFailed(student, what, hint or "put s = 0 and do (7) again, with a bias.")


def _noise(answer, right):
    """A hint on averages over too few random draws, if the answer is nearly right; else None."""
    off = answer - right
    if np.abs(off).max() > 0.03 * right.max():
        return None
    share = np.abs(off).max() / right.max()
    return (f"right to {share:.1%} of k(x, x). If that is an average over random draws, draw more: "
            "a hundred times as many for one more digit. A closed form has no noise at all.")


def _check_spread(student, theta, spread, answer):
    if _three_digits(answer, _spread(theta, spread)):
        return
    hint = "are you sure of the angle between (x, s) and (x', s)? Try s very large and very small."
    if _three_digits(answer, _spread(theta, np.sqrt(spread))):
        hint = "s is a standard deviation: which power of it is the variance of a bias?"
    elif _three_digits(answer, _spread(theta, spread**2)):
        hint = "s is squared once too often."
    elif spread and _three_digits(answer, _spread(theta, 1 / spread)):
        hint = "s is upside down: small biases must come close to biases of 0."
    else:
        hint = _noise(answer, _spread(theta, spread)) or hint
    raise CheckFailed(student, f"right for s = 0, but not for s = {spread:.3g}", hint)


def _spread(theta, spread):
    """The kernel of biases at 0, corrected by the share of active neurons of a layer with biases.

    A layer of `ntklab.activations` takes biases for one coordinate more, in half angles.
    """
    s, c = half_angle(theta)
    *more, _ = with_bias(1.0, 1.0, s, c, np.cos(theta), spread**2)
    correction = ReLU().pair(*more)[-1] / ReLU().pair(1.0, 1.0, s, c)[-1]
    return TwoLayerNTK(normalization="network").profile(theta) * correction


def _three_digits(answer, right):
    return np.allclose(answer, right, rtol=0, atol=2.5e-3)


def never_learned(student):
    """The part never learned of waves, then of random targets: that in the matrix's null space."""
    rng = generator()
    n = int(2 * rng.integers(10, 16))
    x = 2 * np.pi * np.arange(n) / n
    H = TwoLayerNTK(False, "network").at_angles(x)
    waves = {f"{f.__name__} {q}x": f(q * x) for q in (1, 2, 3, 4, 5) for f in (np.cos, np.sin)}
    waves = {"the constant 1": np.ones(n)} | waves
    right = {name: float(np.allclose(H @ wave, 0, atol=1e-9)) for name, wave in waves.items()}
    left = {name: ask(student, wave, shape=(n,)) for name, wave in waves.items()}
    kept = {name: left[name] @ wave / (wave @ wave) for name, wave in waves.items()}
    _check_waves(student, waves, left, kept, right)
    sizes = (8, int(4 * rng.integers(3, 7) + 2), int(4 * rng.integers(4, 8)))
    for n in sizes:
        H = TwoLayerNTK(False, "network").at_angles(2 * np.pi * np.arange(n) / n)
        y = rng.normal(size=n)
        values, vectors = np.linalg.eigh(H)
        blind = vectors[:, np.abs(values) < 1e-9]
        if not np.allclose(ask(student, y, shape=(n,)), blind @ (blind.T @ y), atol=1e-6):
            what = f"right for single waves, but not for random targets at n = {n} points"
            raise CheckFailed(student, what, "every part of y goes its own way: add them up.")
    where = "at {}, {} and {} points".format(*sizes)
    passed(student, f"right for single waves and for any targets, {where}.")


def _check_waves(student, waves, left, kept, right):
    wrong = [
        name
        for name, wave in waves.items()
        if not np.allclose(left[name], right[name] * wave, atol=1e-6)
    ]
    if not wrong:
        return
    first = wrong[0]
    what = f"of {first} you leave the part {kept[first]:.3g}; that is not what is never learned"
    if np.isclose(kept[first], right[first], atol=1e-6):
        what = f"of {first} nothing but a multiple of itself can be left"
    raise CheckFailed(student, what, _hint_for_waves(wrong, kept, right))


def _hint_for_waves(wrong, kept, right):
    def all_kept(expected):
        return np.allclose([kept[name] for name in right], expected, atol=1e-6)

    if all_kept([1 - right[name] for name in right]):
        return "this is what is learned. What is left of y?"
    if all_kept([-right[name] for name in right]):
        return "the sign: y - u is asked for, not u - y."
    if all_kept(0):
        return "that everything is learned is true only of a network with bias."
    if np.isclose(kept["cos 2x"], 1) and np.isclose(kept["cos 3x"], 0):
        return "even and odd frequencies have changed places. What does half a turn do to cos 2x?"
    if wrong == ["sin 1x"]:
        return "a frequency has a sine and a cosine, and they share their eigenvalue."
    if set(wrong) == {"cos 1x", "sin 1x"}:
        if np.isclose(kept["cos 1x"], 1):
            return "cos x is of odd frequency too, and yet its eigenvalue is not 0."
        return "part of cos x is left. What is the sum of cos² x over the n points?"
    if np.isclose(kept["cos 3x"], 0) and np.isclose(kept["sin 2x"], 1):
        return "an odd frequency is not an odd function: what do x + π and -x do to cos 3x?"
    return "look up the eigenvalue of this wave without bias."
