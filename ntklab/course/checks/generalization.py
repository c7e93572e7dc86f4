"""Checks of the assignment: noise that comes through, the best moment, random labels."""

import numpy as np

from ntklab.course.checks.answers import CheckFailed, ask, generator, hint_for, mistake, passed
from ntklab.densities import PiecewiseConstant
from ntklab.gram import solve
from ntklab.kernels import TwoLayerNTK

KERNEL = TwoLayerNTK()
P = PiecewiseConstant.equal_pieces([1, 3])


def noise_passed(student):
    """The values at t = 0 and t → ∞, then those of labels of pure noise, by the kernel matrix."""
    rng = generator()
    for n in (int(rng.integers(6, 9)), int(rng.integers(11, 15))):
        x, sigma = P.grid(n), float(rng.uniform(0.6, 0.8))
        lam = solve(KERNEL, x, n).eigenvalues
        start = ask(student, lam, 0.0, sigma)
        if not abs(start) < 1e-12:
            hint = "before training the output is 0 whatever the labels: what is *learned* counts."
            raise CheckFailed(student, f"at t = 0 it must be 0, yours is {start:.4g}", hint)
        late = ask(student, lam, 1e9, sigma)
        if not np.isclose(late, sigma**2):
            hints = {
                1 / sigma: "a variance is a square: σ_ε², not σ_ε.",
                n: "a mean over n points: each coefficient of the noise has variance σ_ε²/n.",
                1 / n: "divided by n once too often.",
                1 / sigma**2: "where is the noise?",
            }
            hint = hint_for(late / sigma**2, hints) or "in the end all noise has been learned."
            what = f"as t → ∞ yours goes to {late / sigma**2:.4g} times what it must be"
            raise CheckFailed(student, what, hint)
        values, vectors = np.linalg.eigh(KERNEL.at_angles(x) / n)
        for t in np.array([0.5, 20.0, 300.0]) * rng.uniform(0.8, 1.25, 3):
            # the i-th label's noise alone, by its effect on all outputs
            smoother = vectors * (1 - np.exp(-values * t)) @ vectors.T
            right = sigma**2 * np.sum(smoother**2) / n
            got = ask(student, lam, float(t), sigma)
            if not np.isclose(got, right, rtol=1e-5):
                hint = "each coefficient's share (1 - e^(-λt)), squared, in the sum."
                if np.isclose(got, sigma**2 / n * np.trace(smoother), rtol=1e-5):
                    hint = "the output is 1 - e^(-λt) times the noise; its variance has the square."
                elif np.isclose(got, sigma**2 / n * np.sum(1 - np.exp(-2 * values * t))):
                    hint = "(1 - e^(-λt))² is not 1 - e^(-2λt): expand the square."
                what = f"n = {n}, t = {t:.3g}: yours is {got / right:.5g} times what it must be"
                raise CheckFailed(student, what, hint)
    passed(student, "right from the first moment to the last.")


def best_time(student):
    """The error at the student's time beside the least error, for samples, waves and noises."""
    rng = generator()
    for n, kappa, sigma in ((30, 1, 0.5), (60, 3, 0.3), (60, 2, 1.0), (120, 5, 0.2)):
        n, sigma = n + int(rng.integers(0, 8)), float(sigma * rng.uniform(0.8, 1.25))
        spectrum = solve(KERNEL, P.sample(n, rng), n)
        lam, g = spectrum.eigenvalues, spectrum.project(lambda x, k=kappa: np.cos(k * x))
        t = ask(student, lam, g, sigma)
        if not 0 < t:
            raise CheckFailed(student, f"a time must be > 0, got {t:.4g}", "is it log t?")
        times = np.geomspace(1e-2 / lam[0], 40 / lam[-1], 6000)
        left = np.exp(-np.multiply.outer(np.append(times, t), lam))
        # the mean square by hand: what is left of g, what has come of the noise
        bias, variance = left**2 @ g**2, sigma**2 * np.mean((1 - left) ** 2, axis=1)
        error = bias + variance
        if error[-1] <= error[:-1].min() * (1 + 1e-4):
            continue
        best = times[error[:-1].argmin()]
        mistakes = {
            "the bias is the square of what is left: e^(-2λt) ĝ².": left @ g**2 + variance,
            "the variance of a label is σ_ε², not σ_ε.": bias + variance / sigma,
            "each coefficient of the noise has variance σ_ε²/n, not σ_ε².": bias + n * variance,
            "the noise of the modes is squared, too: (1 - e^(-λt))².": bias
            + sigma**2 * np.mean(1 - left, axis=1),
            "squares of the coefficients, not the coefficients.": left**2 @ np.abs(g) + variance,
        }
        near = (h for h, e in mistakes.items() if abs(t / times[e[:-1].argmin()] - 1) < 0.02)
        hint = next(near, "too early: the target is not learned yet." if t < best else
                    "too late: noise is being learned. Does your error contain it?")  # fmt: skip
        case = f"n = {n}, κ = {kappa}, σ_ε = {sigma:.3g}"
        what = f"{case}: yours is {t / best:.4g} times the best time"
        raise CheckFailed(student, what, hint)
    passed(student, "right for four samples.")


RANDOM_HINTS = {
    0.5: "the square of what is left decays twice as fast: e^(-2pt/πκ²).",
    0.25: "the waves end at κ = πnp: two points a wave, not one.",
    4.0: "the waves end at κ = πnp: two points a wave.",
    np.pi: "lost a π: a = pt/(π (πnp)²).",
    1 / np.pi: "a π too many: a = pt/(π (πnp)²).",
}


def random_left(student):
    """By the integral over frequencies; then whether one number decides."""
    n, p = 300, 0.2
    rng = generator()
    scale = np.pi**3 * n**2 * p
    t = scale * np.geomspace(1e-3, 0.5, 12) * rng.uniform(0.8, 1.2, 12)
    right, got = _left(t / scale), ask(student, t, n, p, shape=t.shape)
    if np.allclose(got, right**2, rtol=2e-3):
        raise CheckFailed(student, "this is the mean square", "the root is asked for.")
    if not np.allclose(got, right, rtol=2e-3):
        a = t / scale
        mistakes = [(_left(c * a), hint) for c, hint in RANDOM_HINTS.items()]
        one_wave = "not one wave at κ = πnp, but all below it, each with its own speed."
        hint = mistake(got, [*mistakes, (np.exp(-a), one_wave)], rtol=2e-3)
        what = f"at a = {a[4]:.3g} yours is {got[4] / right[4]:.4g} times what it must be"
        hint = hint or "the mean of e^(-2pt/πκ²) over 0 < κ < πnp, then the root."
        raise CheckFailed(student, what, hint)
    for m, q in ((300, rng.uniform(0.04, 0.06)), (int(rng.integers(800, 1000)), 0.2)):
        got = ask(student, t, m, q, shape=t.shape)
        if not np.allclose(got, _left(t / (np.pi**3 * m**2 * q)), rtol=2e-3, atol=1e-4):
            if np.allclose(got, right, rtol=2e-3):
                hint = "this does not change with n and p at all."
            elif np.allclose(got, _left(t * q / (np.pi**3 * m**2 * p**2)), rtol=2e-3):
                hint = "denser places learn a *given* wave faster, but their waves are higher."
            else:
                hint = "only a = t/(π³n²p) may count: how does κ = πnp enter?"
            what = f"right at p = {p}, n = {n}, wrong at p = {q:.3g}, n = {m}"
            raise CheckFailed(student, what, hint)
    passed(student, "right, and later where data are dense.")


def _left(a):
    """√∫_0^1 e^(-2a/s²) ds by the midpoint rule."""
    s = (np.arange(20_000) + 0.5) / 20_000
    return np.sqrt(np.mean(np.exp(-2 * np.multiply.outer(a, s**-2.0)), axis=1))
