"""Checks of the assignment: weights that forget a density, and losses that choose a frequency."""

import numpy as np

from ntklab.course.checks.answers import CheckFailed, ask, constant_factor, hint_for, passed
from ntklab.kernels import DeepNTK, TwoLayerNTK


def arc_weights(student):
    """Length of the circle, order of the points, then the nearest points of a fine grid."""
    rng = np.random.default_rng(7)
    for n in (3, 40, 200):
        x = np.sort(np.pi * rng.uniform(-1, 1, n) ** 3)  # crowded around 0
        weights = ask(student, x, shape=(n,))
        _check_length(student, x, weights)
        _check_arcs(student, x, weights)
        shuffled = rng.permutation(n)
        if not np.allclose(ask(student, x[shuffled], shape=(n,)), weights[shuffled]):
            hint = "right for sorted points. Give the weights back in the order of the points."
            raise CheckFailed(student, "the order of the points must not matter", hint)
    passed(student, "every point has its arc, in any order.")


def _check_length(student, x, weights):
    total = weights.sum() / (2 * np.pi)
    if np.isclose(total, 1):
        return
    hints = {
        1 / (2 * np.pi): "these are shares. The weights are lengths, 2π in all.",
        2.0: "each gap went in full to both of its ends.",
        (x[-1] - x[0]) / (2 * np.pi): "the gap across ±π is nobody's.",
    }
    hint = hint_for(total, hints) or "which part of the circle is nobody's, or two points'?"
    raise CheckFailed(student, f"the arcs add up to {total:.4g} of the circle", hint)


def _check_arcs(student, x, weights):
    grid = -np.pi + 2 * np.pi * (np.arange(100_000) + 0.5) / 100_000
    gap = np.abs(grid[:, None] - np.concatenate([x[-1:] - 2 * np.pi, x, x[:1] + 2 * np.pi]))
    nearest = (np.argmin(gap, axis=1) - 1) % len(x)
    right = np.bincount(nearest, minlength=len(x)) * 2 * np.pi / 100_000
    if np.allclose(weights, right, atol=2e-4):
        return
    worst = int(np.argmax(np.abs(weights - right)))
    hint = "half of the way to the left neighbour, and half of that to the right one."
    gaps = np.diff(np.append(x, x[0] + 2 * np.pi))
    if np.allclose(weights, weights[0]):
        hint = "all alike: that is the plain mean. A lonely point stands for a long arc."
    elif np.allclose(weights, gaps) or np.allclose(weights, np.roll(gaps, 1)):
        hint = "the whole gap to one side: the other neighbour counts as much."
    what = f"point {worst} is nearest on {right[worst]:.4f} rad, its weight is {weights[worst]:.4f}"
    raise CheckFailed(student, what, hint)


CHOSEN_HINTS = {
    10.0: "ten times too fast: 1 and 1/10, not 10 and 1.",
    0.1: "ten times too slow: the chosen one has speed 1.",
}


def one_first(student):
    """Speeds that the weights give, for three kernels and a list with zeros."""
    spectra = [
        np.maximum(kernel.harmonic_eigenvalues(np.arange(11)), 1e-17)  # rounding, for 0
        for kernel in (TwoLayerNTK(), DeepNTK(4), TwoLayerNTK(bias=False))
    ]
    for eigenvalues, chosen in zip(spectra, (5, 2, 4), strict=True):
        weights = ask(student, eigenvalues.copy(), chosen, shape=eigenvalues.shape)
        _check_speeds(student, eigenvalues, chosen, weights)
    passed(student, "speed 1 and 1/10 for three networks; nothing wasted on what is never learned.")


def _check_speeds(student, eigenvalues, chosen, weights):
    alive = eigenvalues > 1e-12 * eigenvalues.max()
    if (weights < 0).any():
        raise CheckFailed(student, f"c must be >= 0, got {weights.min():.3g}")
    if (weights[~alive] != 0).any():
        hint = "what is never learned gets no weight: λ is not exactly 0 in floating point."
        raise CheckFailed(student, f"weight where λ is 0: {weights[~alive].max():.3g}", hint)
    others = alive & (np.arange(len(alive)) != chosen)
    speed = weights * eigenvalues
    if np.isclose(speed[chosen], 1) and np.allclose(speed[others], 0.1):
        return
    what = (
        f"κ = {chosen} has speed {speed[chosen]:.4g}, others {speed[others].min():.4g} to "
        f"{speed[others].max():.4g}"
    )
    wanted = np.where(np.arange(len(alive)) == chosen, 1.0, 0.1)
    hint = hint_for(constant_factor(speed[alive], wanted[alive]), CHOSEN_HINTS)
    if np.allclose(weights[alive], wanted[alive]):
        hint = "these are the speeds that you want, not the weights that give them."
    elif np.allclose(weights[alive], (wanted * eigenvalues)[alive]):
        hint = "multiplied where it must be divided: slow frequencies need large weights."
    elif np.allclose(speed[alive], np.sqrt(wanted * eigenvalues)[alive] * np.sqrt(wanted[alive])):
        hint = "no root is needed: the loss has |r|², but the speed is c λ itself."
    elif np.allclose(speed[others], 0.1):
        hint = "all the others are right, the chosen one is not."
    raise CheckFailed(student, what, hint or "speed = c λ for each frequency by itself.")
