"""The assignment on generalisation: named mistakes (for `test_checks`), other ways, disguises."""

import numpy as np
import pytest
from scipy.integrate import quad

from ntklab.course.checks import generalization as checks
from ntklab.course.checks.answers import CheckFailed

# What the solution holds, what a student writes instead, and the hint then.
MISTAKES = {
    "noise-passed": {
        "what is left": ("1 - np.exp(-eigen", "np.exp(-eigen", "before training the output is 0"),
        "σ for σ²": ("noise**2", "noise", "a variance is a square"),
        "n forgotten": (" / len(eigenvalues)", "", "a mean over n points"),
        "n twice": ("/ len(eigenvalues)", "/ len(eigenvalues) ** 2", "once too often"),
        "noise forgotten": ("noise**2 * ", "", "where is the noise"),
        "not squared": ("learned**2", "learned", "its variance has the square"),
        "square of the parts": (
            "1 - np.exp(-eigenvalues * t)",
            "np.sqrt(1 - np.exp(-2 * eigenvalues * t))",
            "expand the square",
        ),
    },
    "best-time": {
        "bias not squared": ("left**2 * c", "left * c", "the square of what is left"),
        "σ for σ²": ("noise**2", "noise", "σ_ε², not σ_ε"),
        "n forgotten": (" / len(eigenvalues)", "", "has variance σ_ε²/n"),
        "variance not squared": ("(1 - left) ** 2", "(1 - left)", "the noise of the modes"),
        "coefficients not squared": (
            "coefficients**2",
            "np.abs(coefficients)",
            "squares of the coefficients",
        ),
        "bias alone": ("return bias +", "return bias + 0 *", "too late"),
        "variance alone": ("return bias +", "return 0 * bias +", "too early"),
        "a maximum": ("return float(np.exp(", "return -float(np.exp(", "is it log t"),
    },
    "random-left": {
        "decay not squared": ("n**2 * p)", "n**2 * p) / 2", "decays twice as fast"),
        "one point a wave": ("(np.pi**3 * n", "(4 * np.pi**3 * n", "two points a wave, not one"),
        "waves too few": ("(np.pi**3 * n", "(np.pi**3 / 4 * n", "at κ = πnp: two points a wave."),
        "a π lost": ("np.pi**3 * n", "np.pi**2 * n", "lost a π"),
        "a π too many": ("np.pi**3 * n", "np.pi**4 * n", "a π too many"),
        "the square": ("np.sqrt(np.maximum(square, 0))", "square", "the root is asked for"),
        "one wave": (
            "np.sqrt(np.maximum(square, 0))", "np.exp(-a)", "not one wave at κ = πnp"
        ),
        "denser is faster": ("n**2 * p)", "n**2 * 0.04 / p)", "but their waves are higher"),
        "n without a square": ("n**2 * p", "300 * n * p", "only a = t/(π³n²p) may count"),
        "constants": ("n**2 * p)", "300**2 * 0.2)", "does not change with n and p"),
    },
}  # fmt: skip


def by_quadrature(t, n, p):
    top = np.pi * n * p
    square = [
        quad(lambda k, s=s: np.exp(-2 * p * s / (np.pi * k**2)) if k else 0.0, 0, top)[0] / top
        for s in t
    ]
    return np.sqrt(square)


def by_slope(eigenvalues, coefficients, noise):
    """Where the error's derivative first turns positive after its best time on a fine grid."""
    t = np.geomspace(1e-3 / eigenvalues[0], 60 / eigenvalues[-1], 20_000)
    left = np.exp(-np.multiply.outer(t, eigenvalues))
    error = left**2 @ coefficients**2 + noise**2 * np.mean((1 - left) ** 2, axis=1)
    return t[error.argmin()]


@pytest.mark.parametrize(("check", "answer"), [("random_left", by_quadrature),
                                               ("best_time", by_slope)])  # fmt: skip
def test_other_ways_pass(check, answer, capsys):
    getattr(checks, check)(answer)
    assert capsys.readouterr().out.startswith("✓ ")


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        ("noise_passed", lambda lam, t, s: s**2 * (t > 0)),
        ("best_time", lambda lam, g, s: 1 / lam[0]),
        ("best_time", lambda lam, g, s: 3 / lam[3]),
        ("random_left", lambda t, n, p: 1 / np.sqrt(1 + t / (n**2 * p))),
    ],
)
def test_disguises_fail(check, answer):
    with pytest.raises(CheckFailed, match="Hint: "):
        getattr(checks, check)(answer)
