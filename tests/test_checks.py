"""Instant checks: solutions pass, stubs fail, and every named wrong answer gets its own hint."""

import bisect
import functools
import importlib
import subprocess
import sys
import warnings
from pathlib import Path

import jupytext
import numpy as np
import pytest
from scipy.optimize import brentq
from test_checks_generalization import MISTAKES as GENERALIZATION

from ntklab.course import exercises
from ntklab.course.checks import answers
from ntklab.course.checks.answers import CheckFailed, ask
from ntklab.kernels import DeepNTK

COURSE = Path(__file__).parents[1]

LATTICE = """\
    height = 1 - (2 * np.arange(n) + 1) / n
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(n)
    v = np.stack([np.cos(turn), np.sin(turn), np.ones(n)], axis=1)
    v *= np.stack([np.sqrt(1 - height**2)] * 2 + [height], axis=1)
"""

# The usual mistakes: what the solution holds, what a student writes instead, and the hint then.
MISTAKES = {
    "output-after": {
        "n forgotten": (
            "learning_rate / len(y) * eig",
            "learning_rate * eig",
            "here it is the mean",
        ),
        "n twice": ("/ len(y) * eig", "/ len(y) ** 2 * eig", "divides by n once"),
        "exp for the power": (
            "(1 - learning_rate / len(y) * eigenvalues) ** steps",
            "np.exp(-learning_rate / len(y) * eigenvalues * steps)",
            "exp belongs to gradient flow",
        ),
        "start forgotten": ("(u0 - y)", "-y", "where does u0 enter"),
        "the error itself": ("y + V", "V", "The outputs are asked for"),
        "sign of the error": ("(u0 - y)", "(y - u0)", "u - y or y - u"),
        "uphill": ("(1 - learning", "(1 + learning", "run away from y"),
        "2t of (1)": ("** steps", "** (2 * steps)", "is under a square root"),
        "½ forgotten": ("learning_rate / len(y) * eig", "2 * learning_rate / len(y) * eig",
                        "the loss has a ½"),
        "a loop": ("    left = (1 - learning_rate / len(y) * eigenvalues) ** steps\n",
                   "    left = 1.0\n    for _ in range(steps):\n"
                   "        left = left * (1 - learning_rate / len(y) * eigenvalues)\n",
                   "a loop over the steps is hopeless"),
        "cut off": ("** steps", "** min(steps, 10**5)", "are not all steps made"),
        "t times for the power": (
            "(1 - learning_rate / len(y) * eigenvalues) ** steps",
            "1 - learning_rate / len(y) * eigenvalues * steps",
            "Every step multiplies",
        ),
        "power of the entries": (
            "V @ (left * (V.T @ (u0 - y)))",
            "(np.eye(len(y)) - learning_rate / len(y) * H) ** steps @ (u0 - y)",
            "powers of the entries",
        ),
        "rows for columns": ("V @ (left * (V.T @", "V.T @ (left * (V @", "`eigh` are the columns"),
        "targets forgotten": (
            "y + V @ (left * (V.T @ (u0 - y)))",
            "V @ (left * (V.T @ u0))",
            "to 0",
        ),
    },
    "tangent-kernel": {
        "1/m forgotten": (" / len(a)", "", "m times too large: which factor"),
        "1/√m for 1/m": ("/ len(a)", "/ np.sqrt(len(a))", "√m too large"),
        "1/m²": ("/ len(a)", "/ len(a) ** 2", "1/√m twice is 1/m"),
        "switch forgotten": (
            "(X @ W.T + b > 0) * a",
            "np.ones((len(X), 1)) * a",
            "takes every neuron",
        ),
        "σ for its derivative": (
            "(X @ W.T + b > 0)",
            "np.maximum(X @ W.T + b, 0)",
            "in place of its",
        ),
        "bias not trained": ("X @ X.T + 1", "X @ X.T", "what is ∂f/∂b_r"),
        "bias out of the switch": ("W.T + b > 0", "W.T > 0", "has a say in it"),
        "a forgotten": (" * a", " * 1.0", "fixed does not mean absent"),
        "a once": ("signal @ signal.T", "signal @ (X @ W.T + b > 0).T", "its square counts"),
        "a trained": (
            "shared * (X @ X.T + 1)",
            "shared * (X @ X.T + 1) + np.maximum(X @ W.T + b, 0) @ "
            "np.maximum(X @ W.T + b, 0).T / len(a)",
            "the a_r are fixed, and",
        ),
        "not symmetric": (
            "signal.T / len(a)",
            "np.ones(signal.T.shape) / len(a)",
            "which rows meet",
        ),
    },
    "deep-kernel": {
        "the factor ρ": (
            "(np.pi - phi) / (2 * np.pi)",
            "(np.pi - phi) * np.cos(phi) / (2 * np.pi)",
            "at φ = π/2",
        ),
        "c_σ forgotten": ("c_sigma = 2", "c_sigma = 1", "half of the Gaussians"),
        "c_σ not in the slope": ("c_sigma * (np.pi", "(np.pi", "belongs to the product of slopes"),
        "c_σ not in Σ": ("c_sigma * (np.sin", "(np.sin", "belongs to Σ as well"),
        "Σ̇ for Σ": (
            "np.sin(phi) + (np.pi - phi) * np.cos(phi)",
            "np.pi - phi",
            "Σ̇ is used in place of Σ",
        ),
        "Σ for Σ̇": ("total * slope", "total * covariance", "Σ is used in place of Σ̇"),
        "angle of the first layer": (
            "np.arccos(np.clip(covariance, -1, 1))",
            "theta",
            "at another angle",
        ),
        "last layer forgotten": (
            "return total",
            "return total - covariance",
            "the output layer is",
        ),
        "first layer forgotten": ("total = covariance", "total = 0", "term of the first layer"),
        "Σ̇ at the new angle": (
            "slope = c_sigma * (np.pi - phi)",
            "new = (np.sin(phi) + (np.pi - phi) * np.cos(phi)) / np.pi\n"
            "        slope = c_sigma * (np.pi - np.arccos(np.clip(new, -1, 1)))",
            "not at the next",
        ),
        "one layer too few": (
            "range(hidden_layers)",
            "range(hidden_layers - 1)",
            "one layer too few",
        ),
        "one layer too many": (
            "range(hidden_layers)",
            "range(hidden_layers + 1)",
            "one layer too many",
        ),
        "no slopes": ("total * slope", "total", "passes through Σ̇ of layer h too"),
        "scaled": ("return total", "return total / (hidden_layers + 1)", "scaled to 1"),
    },
    "circle-kernel": {
        "missing wrap": (
            "np.abs(x - z) % turn\n    theta = np.minimum(gap, turn - gap)",
            "np.abs(x - z)\n    theta = gap",
            "are neighbours on the circle",
        ),
        "wrapped once": (" % turn", "", "What brings back any number"),
        "signed": ("np.minimum(gap, turn - gap)", "(x - z + np.pi) % turn - np.pi", "has no sign"),
        "half a turn": ("turn = 2 * np.pi", "turn = np.pi", "takes opposite points for the same"),
        "1/2π for 1/4π": ("(4 * np.pi)", "(2 * np.pi)", "1/2π in place of the 1/4π"),
        "1/8π for 1/4π": ("(4 * np.pi)", "(8 * np.pi)", "1/8π in place of the 1/4π"),
        "no bias": ("(np.cos(theta) + 1)", "np.cos(theta)", "(11) has a bias"),
    },
    "spread-kernel": {
        "1/4π for 1/2π": ("(2 * np.pi)", "(4 * np.pi)", "1/4π is what (7) prints"),
        "1/π for 1/2π": ("(2 * np.pi)", "np.pi", "no more than half"),
        "no gradient by the bias": ("(np.cos(theta) + 1)", "np.cos(theta)", "this leaves out"),
        "s² for the bias": ("theta) + 1)", "theta) + spread**2)", "the same whatever b_r"),
        "spread forgotten": (
            "np.sin(theta / 2) / length",
            "np.sin(theta / 2)",
            "which neurons are on",
        ),
        "active at either": ("np.pi - phi", "np.pi + phi", "Both are needed"),
        "s for its square": ("spread**2", "spread", "which power of it"),
        "s⁴ for s²": ("spread**2", "spread**4", "squared once too often"),
        "precision for spread": (
            "1 + spread**2",
            "1 + spread ** -2.0 if spread else 1",
            "upside down",
        ),
        "root forgotten": ("np.sqrt(1 + spread**2)", "1 + spread**2", "sure of the angle"),
        "few draws": (
            "    return (np.cos(theta) + 1) * both_active",
            "    w = np.random.default_rng(1).normal(size=(20_000, 3)) * [1, 1, spread]\n"
            "    x = np.stack([np.cos(theta), np.sin(theta), 1 + 0 * theta])\n"
            "    on = w @ x > 0\n"
            "    both_active = np.mean(on[:, :1] & on, axis=0)\n"
            "    return (np.cos(theta) + 1) * both_active",
            "draw more",
        ),
    },
    "never-learned": {
        "even for odd": ("y - np.roll", "y + np.roll", "have changed places"),
        "first harmonic forgotten": (
            " - 2 / n * (wave @ odd) @ wave",
            "",
            "its eigenvalue is not 0",
        ),
        "no sine": ("[np.cos(x), np.sin(x)]", "[np.cos(x)]", "they share their eigenvalue"),
        "1/n for 2/n": ("2 / n *", "1 / n *", "sum of cos² x"),
        "odd function": ("np.roll(y, n // 2)", "y[-np.arange(n)]", "is not an odd function"),
        "what is learned": ("return odd -", "return y - odd +", "this is what is learned"),
        "sign of the error": ("return odd - 2 / n", "return -odd + 2 / n", "not u - y"),
        "with bias": ("(y - np.roll(y, n // 2)) / 2", "0 * y", "only of a network with bias"),
    },
    "local-frequencies": {
        "forgotten root": ("np.sqrt(p)", "p", "Did a square root get lost?"),
        "slow where dense": ("np.sqrt(p)", "1 / np.sqrt(p)", "slow where data are dense"),
        "x for Ψ": ("np.sqrt(p)", "np.ones(len(p))", "is Ψ(x), not x"),
        "not divided by Z": ("root / Z", "root", "Ψ alone does not fit"),
        "2π lost": (" / (2 * np.pi)", "", "2π is lost"),
        "arcs of equal weight": ("root @ lengths / (2 * np.pi)", "root.mean()", "equal length"),
        "q forgotten": ("q * root", "root", "which eigenfunction"),
    },
    "true-over-printed": {
        "half the circle": ("2 * p * half", "p * half", "half of it is missing"),
        "density forgotten": ("2 * p * half", "2 * half", "what is p here"),
        "both": ("2 * p * half", "half", "π too large: p(z) = 1/2π is missing, and so is one half"),
        "upside down": ("true / printed", "printed / np.where(true > 1e-12, true, 1)", "upside"),
        "norm of the cosine": ("2 * p * half", "4 * p * half", "no norm of cos"),
        "one kernel only": ("profile(theta)", "TwoLayerNTK().profile(theta)", "fixed numbers"),
        "hard-coded": ("true / printed", "np.where(q == 0, 2 * np.pi, np.pi)", "fixed numbers"),
        "coarse sum": (
            "weights = np.pi * (nodes + 1) / 2, np.pi * weights / 2",
            "weights = np.linspace(0, np.pi, 40), np.full(40, np.pi / 39) - "
            "np.pi / 78 * (np.abs(np.arange(40) - 19.5) == 19.5)",
            "too coarse",
        ),
    },
    "operator-matrix": {
        "missing wrap": ("np.minimum(gap, 2 * np.pi - gap)", "gap", "wrap the difference"),
        "1/2π for 1/4π": ("(4 * np.pi)", "(2 * np.pi)", "1/2π in place of the 1/4π"),
        "no bias": ("(1 + np.cos(theta))", "np.cos(theta)", "has a bias"),
        "no width of a cell": (" * 2 * np.pi / n", "", "width of a grid cell"),
        "1/n for the width": (" * 2 * np.pi / n", " / n", "add up to the length of the circle"),
        "density forgotten": ("pdf(x) * 2 * np.pi", "np.ones(n)", "Where does `pdf` enter"),
        "mean of both": (
            "return root[:, None] * kernel * root[None, :]",
            "return kernel * (root[:, None] ** 2 + root**2) / 2",
            "mean of a matrix and its transpose",
        ),
        "density on one side": ("root[:, None] * kernel", "root * kernel", "only on one side"),
        "p for √p": ("np.sqrt(pdf(x) * 2", "pdf(x) * np.sqrt(2", "p stands on both sides"),
        "half of the density": ("np.sqrt(pdf(x) * 2", "np.sqrt(np.sqrt(pdf(x)) * 2", "half its"),
    },
    "worst-share": {
        "where it ends": ("2 * np.e * threshold", "2 * threshold", "at this share the time is 0"),
        "mean square of 1": ("2 * np.e", "np.e", "at the start the mean square"),
        "four": ("2 * np.e", "4 * np.e", "a 2 counted twice"),
        "e twice": ("2 * np.e", "2 * np.e**2", "e once too often"),
        "δ for δ²": ("threshold**2", "threshold", "how does δ enter it"),
        "density": ("np.array([share,", "np.array([share / length,", "this is a density, P/ℓ"),
        "no data": ("np.array([share,", "np.array([0.0,", "first P, then ηt"),
        "all data": ("np.array([share,", "np.array([length / (2 * np.pi),",
                     "But where does it end"),
        "rate of the root": ("1 / (2 * rate)", "1 / rate", "twice as fast as its root."),
        "rate of a fourth power": ("1 / (2 * rate)", "1 / (4 * rate)", "not four times"),
        "length lost": ("share / length", "share", "where is ℓ in your time"),
        "length on top": ("share / length", "share * length", "longer regions are thinner"),
        "κ for κ²": ("frequency**2", "frequency", "not like 1/κ."),
        "π lost": ("(np.pi * frequency**2)", "frequency**2", "a π is lost"),
        "π too many": ("(np.pi * frequency**2)", "(np.pi**2 * frequency**2)", "a π too many"),
        "π upside down": ("(np.pi * frequency**2)", "(frequency**2 / np.pi)", "on top of a time"),
        "rate for time": ("1 / (2 * rate)", "2 * rate", "is this a rate"),
    },
    "reciprocal-tail": {
        "every q once": ("2 * beyond + left_over", "beyond", "every q counts twice"),
        "the printed bound": (
            "2 * beyond + left_over", "1 / max(n // 2, 1)", "no sum at all"
        ),
        "even n": ("if n % 2 == 0 else 0.0", "if n % 2 == 2 else 0.0", "for even n one of the two"),
        "one too many": ("n // 2 + 1)", "(n - 1) // 2 + 1)", "for even n one of the two"),
        "a cut series": (
            "np.pi**2 / 6", "np.sum(1 / np.arange(1.0, 1001) ** 2)", "longer than that"
        ),
    },
    "certainly-needed": {
        "mean without weights": ("@ (weight * g) / square", "@ (weight * g)",
                                 "a mean has weights"),
        "the square": ("np.sqrt(square) / threshold", "square / threshold",
                       "for the norm, not for its square"),
        "norm of 1": ("np.sqrt(square) / threshold", "1 / threshold", "the error is ‖g‖, not 1"),
        "norm without p": (
            "np.log(np.sqrt(square)", "np.log(np.sqrt(np.pi)", "the norm is that of L²(p)"),
        "2t": ("-np.log(1 - learning_rate * mean)", "(-2 * np.log(1 - learning_rate * mean))",
               "the exponent 2t"),
        "p once": ("(weight * g) @ profile", "(2 * np.pi / n * g) @ profile",
                   "this is k_κ: p stands in T"),
        "flow": ("-np.log(1 - learning_rate * mean)", "(learning_rate * mean)",
                 "is gradient flow"),
        "one eigenvalue for all": (
            "mean = (weight * g) @ profile(theta) @ (weight * g) / square",
            "mean = g @ profile(theta[0]) / n",
            "what are they under uniform data",
        ),
    },
    "iterations-needed": {
        "t for 2t": ("(np.exp(t * log) * g) ** 2", "np.exp(t * log) * g**2", "exponent 2t"),
        "no root": ("np.sqrt(np.sum((np.exp(t * log) * g) ** 2))",
                    "np.sum((np.exp(t * log) * g) ** 2)", "square of the error is δ"),
        "flow": ("np.log1p(-learning_rate * eigenvalues)", "-learning_rate * eigenvalues",
                 "is gradient flow"),
        "sum of sizes": ("np.sqrt(np.sum((np.exp(t * log) * g) ** 2))",
                         "np.sum(np.abs(np.exp(t * log) * g))", "by Pythagoras"),
        "slowest mode": ("    if error(0)", "    if eigenvalues.min() > 0:\n        return int("
                         "np.ceil(np.log(threshold) / log.max()))\n    if error(0)",
                         "slowest mode alone"),
        "coefficients forgotten": ("(np.exp(t * log) * g)", "np.exp(t * log)",
                                   "do the coefficients enter"),
        "one too early": ("return high", "return low", "one too early"),
        "one too late": ("return high", "return high + 1", "one too late"),
        "not whole": ("return high", "return high - 0.5", "are whole numbers"),
        "never forgotten": ("        return -1", "        return 10**9", "left of the error as t"),
        "start forgotten": ("        return 0\n", "        return 1\n", "is t = 0 among those"),
        "any 0 is never": ("np.linalg.norm(g[eigenvalues == 0]) > threshold",
                           "(eigenvalues == 0).any()", "with δ, not with 0"),
    },
    "kink": {
        "sign": ("layer = -(", "layer = (", "rise or fall from there"),
        "every layer the same": ("hidden_layers * (hidden_layers + 1) / 2", "hidden_layers",
                                 "not add the same each"),
        "L² for the sum": ("hidden_layers * (hidden_layers + 1) / 2", "hidden_layers**2",
                           "not all of its terms"),
        "one layer": ("* hidden_layers * (hidden_layers + 1) / 2", "", "depth does not enter"),
        "first layer lost": ("(hidden_layers + 1) / 2", "(hidden_layers - 1) / 2",
                             "first layer is lost"),
        "output layer too": ("hidden_layers * (hidden_layers + 1) / 2",
                             "(hidden_layers + 1) * (hidden_layers + 2) / 2",
                             "one layer too many"),
        "2 of the sum": ("+ 1) / 2", "+ 1)", "twice too large"),
        "c_σ forgotten, half": ("/ (above**2 + below**2) / np.pi", "/ 2 / np.pi", "half of it"),
        "π forgotten": (" / np.pi\n", "\n", "probability φ/π, not φ"),
        "ReLU only": ("((above - below) ** 2) / (above**2 + below**2)", "1.0",
                      "slope on the left does not enter"),
        "sum of slopes": ("(above - below)", "(above + below)", "*difference* of slopes"),
        "different signs once": ("((above - below) ** 2)",
                                 "(above**2 + below**2 - above * below)", "come in two ways"),
        "c_σ of ReLU": ("/ (above**2 + below**2)", "", "undoes whatever factor σ has"),
        "square above": ("((above - below) ** 2)", "abs(above - below)", "square is lost above"),
        "square below": ("(above**2 + below**2)", "(abs(above) + abs(below))",
                         "square is lost below"),
        "squares for slopes": ("((above - below) ** 2)", "(above**2 - below**2)",
                               "Which square is whose"),
        "root of the share": ("((above - below) ** 2) / (above**2 + below**2)",
                              "abs(above - below) / np.sqrt(above**2 + below**2)",
                              "once for each of the two inputs"),
        "a power for each layer": (
            "hidden_layers * (hidden_layers + 1) / 2", "hidden_layers * (hidden_layers + 1) / 2 * ("
            "(above - below) ** 2 / (above**2 + below**2)) ** (hidden_layers - 1)",
            "has this factor in its own slope once"),
    },
    "dense-first": {
        "√p": ("contrast * high", "np.sqrt(contrast) * high", "A rate has p itself"),
        "p²": ("contrast * high", "contrast**2 * high", "density enters each rate once"),
        "waves exchanged": ("[slow, fast]", "[fast, slow]", "which wave is where"),
        "layers of weights": ("return L", "return L + 1", "one layer too many"),
        "the last that won't": ("return L", "return L - 1", "one layer too few"),
        "in doubling steps": ("L += 1", "L *= 2", "try every depth"),
        "ρ for Θ": ("DeepNTK(L)", "checks.NNGP(L)", "of a network whose last layer"),
    },
    "count-layers": {
        "uniform Z": ("np.mean(np.sqrt(pdf(x)))", "np.sqrt(1 / (2 * np.pi))",
                      "where does the density enter"),
        "Z without 1/2π": ("np.mean(np.sqrt(pdf(x)))", "2 * np.pi * np.mean(np.sqrt(pdf(x)))",
                           "is its 1/2π there"),
        "Z for Z²": ("Z**2", "Z", "Z is squared"),
        "Z forgotten": ("(2 * Z**2)", "2", "where is Z in your answer"),
        "mean of p": ("np.mean(np.sqrt(pdf(x)))", "np.sqrt(np.mean(pdf(x)))",
                      "where does the density enter"),
        "number for q": ("(np.arange(len(eigenvalues)) + 1) // 2", "np.arange(len(eigenvalues))",
                         "number i belongs to half"),
        "first eigenvalues": ("[-20:]", "[1:3]", "do not obey the law yet"),
        "2 forgotten": ("(2 * Z**2)", "Z**2", "where is the 2 of the law"),
        "2 too many": ("(2 * Z**2)", "(4 * Z**2)", "one 2 too many"),
        "π of the kink": ("2 * np.pi * slope", "2 * slope", "It has a π of its own"),
        "layers of weights": ("- 0.5)", "+ 0.5)", "layers of weights are one more"),
        "cut": ("round(np.sqrt(2 * np.pi * slope + 0.25) - 0.5)",
                "int(np.sqrt(2 * np.pi * slope * 0.97 + 0.25) - 0.5)", "cut instead of rounded"),
        "not whole": ("round(", "float(", "near a whole number"),
    },
    "even-points": {
        "polar angle": (
            "    v = rng.standard_normal((n, 3))\n",
            "    a, b = rng.uniform(0, np.pi, n), rng.uniform(-np.pi, np.pi, n)\n"
            "    v = [np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)]\n"
            "    v = np.stack(v, axis=1)\n",
            "poles are crowded",
        ),
        "cube": ("rng.standard_normal((n, 3))", "rng.uniform(-1, 1, (n, 3))",
                 "corners are crowded"),
        "one half": ("rng.standard_normal((n, 3))", "np.abs(rng.standard_normal((n, 3)))",
                     "half of the sphere is missing"),
        "not scaled": ("v / np.linalg.norm(v, axis=1, keepdims=True)", "v", "to length 1"),
        "own generator": ("rng.standard_normal((n, 3))",
                          "np.random.default_rng().standard_normal((n, 3))", "the same seed"),
        "lattice": ("    v = rng.standard_normal((n, 3))\n", LATTICE, "but it is no draw"),
        "a lattice turned": (
            "    v = rng.standard_normal((n, 3))\n",
            LATTICE + "    v = v @ np.linalg.qr(rng.standard_normal((3, 3)))[0]\n",
            "no point may know",
        ),
    },
    "sphere-eigenvalue": {
        "no sine": (" * np.sin(theta)", "", "how far from the axis"),
        "no sine, a mean": ("0.5 * np.sum(weights * profile(theta) * wave * np.sin(theta))",
                            "np.sum(weights * profile(theta) * wave) / np.pi",
                            "how far from the axis"),
        "no p": ("0.5 * np.sum", "4 * np.pi * 0.5 * np.sum", "4π too large"),
        "half": ("0.5 * np.sum", "0.25 * np.sum", "half of it is missing"),
        "other pole": ("degree, np.cos(theta)", "degree, -np.cos(theta)", "which pole is"),
        "area for p": ("0.5 * np.sum", "2 * np.pi * np.sum", "4π too large"),
        "a factor 2": ("0.5 * np.sum", "np.sum", "twice too large"),
        "circle": ("0.5 * np.sum(weights * profile(theta) * wave * np.sin(theta))",
                   "np.sum(weights * profile(theta) * np.cos(degree * theta)) / np.pi",
                   "eigenvalues of the circle"),
    },
    "density-ratio": {
        "the last": ("return limit", "return quotients[-1]", "the last quotient is one"),
        "the median": ("return limit", "return np.median(quotients[1:7])", "what the paper did"),
        "the median of all": ("return limit", "return np.median(quotients)", "a median of"),
        "the mean": ("return limit", "return quotients.mean()", "a mean of quotients"),
        "the mean of late ones": ("return limit", "return quotients[-10:].mean()",
                                  "their mean still lags"),
        "1/κ²": ("1 / kappa[late]", "1 / kappa[late] ** 2", "more slowly than 1/κ²"),
        "all degrees": ("(kappa >= 10) & (kappa % 2 == 0)", "kappa > 0", "pull the line"),
        "a line in κ": ("1 / kappa[late]", "kappa[late]", "a line in κ has no limit"),
        "slope": ("return limit", "return slope", "the slope of the line"),
    },
    "arc-weights": {
        "sorted only": ("weights[order] = (gaps + np.roll(gaps, 1)) / 2",
                        "weights = (gaps + np.roll(gaps, 1)) / 2", "right for sorted points"),
        "one side": ("(gaps + np.roll(gaps, 1)) / 2", "gaps", "the whole gap to one side"),
        "equal weights": ("(gaps + np.roll(gaps, 1)) / 2", "2 * np.pi / len(angles)", "all alike"),
        "no halves": ("(gaps + np.roll(gaps, 1)) / 2", "gaps + np.roll(gaps, 1)",
                      "in full at both of its ends"),
        "shares": ("(gaps + np.roll(gaps, 1)) / 2", "(gaps + np.roll(gaps, 1)) / (4 * np.pi)",
                   "these are shares"),
        "missing wrap": ("angles[order[0]] + 2 * np.pi", "angles[order[-1]]", "is nobody's"),
    },
    "one-first": {
        "not symmetric": (
            "0.9 * np.outer(dual, dual) / (wave @ dual)",
            "0.9 * np.outer(dual, wave) / (wave @ wave)", "no loss has them"),
        "made symmetric": (
            "return 0.1 * inverse + 0.9 * np.outer(dual, dual) / (wave @ dual)",
            "M = 0.1 * inverse + 0.9 * np.outer(dual, wave) / (wave @ wave)\n"
            "    return (M + M.T) / 2", "made symmetric afterwards"),
        "speeds of M": (
            "0.1 * inverse + 0.9 * np.outer(dual, dual) / (wave @ dual)",
            "0.1 * np.eye(len(H)) + 0.9 * np.outer(wave, wave) / (wave @ wave)",
            "the kernel multiplies them again"),
        "H for its inverse": ("np.linalg.inv(H)", "H", "H where its inverse belongs"),
        "one and a tenth": ("0.9 *", "1.0 *", "how much more"),
        "ten": ("return 0.1 * inverse + 0.9 *", "return inverse + 9 *", "ten times too fast"),
        "wave forgotten": ("0.9 *", "0.0 *", "What makes it faster"),
        "another length": ("(wave @ dual)", "(wave @ wave)", "how long is the wave"),
        "the others stand still": ("0.1 * inverse + 0.9 *", "1.0 *", "the others stand still"),
        "all at once": ("0.1 * inverse + 0.9 *", "inverse + 0.0 *", "nothing is first"),
    },
} | GENERALIZATION


@functools.cache
def read(path):
    return tuple(exercises.read(path))


def setup(path):
    """Names that the cells before the first exercise give, in a dictionary of the caller's own."""
    return dict(before_exercises(path))


@functools.cache
def before_exercises(path):
    names = {}
    for cell in jupytext.read(path, fmt="py:percent").cells:
        if "exercise" in cell.metadata:
            return names
        if cell.cell_type == "code":
            exec(cell.source, names)


def failure(exercise, names, right="", wrong=""):
    """What the check says of the answer with `right` replaced by `wrong`; None if it passes."""
    assert right == wrong or exercise.answer.count(right) == 1, f"{right!r} is not in the answer"
    names = dict(names)
    exec(exercise.answer.replace(right, wrong), names)
    try:
        exec(exercise.check, names)
    except CheckFailed as error:
        return str(error)
    return None


MASTERS = sorted((COURSE / "solutions").glob("*.py"))
EXERCISES = [
    pytest.param(master, number, id=f"{master.stem[:2]}-{exercise.name}")
    for master in MASTERS
    for number, exercise in enumerate(read(master))
]


@pytest.mark.parametrize("seed", [0, 20_261])  # what a student gets, and a run of marking
@pytest.mark.parametrize(("master", "number"), EXERCISES)
def test_solution_passes(master, number, seed, capsys):
    exercise = read(master)[number]
    with answers.drawn_from(seed):
        assert failure(exercise, setup(master)) is None
    assert capsys.readouterr().out.startswith(f"✓ {exercise.name.replace('-', '_')}: ")


DRAWN = ("04", "06", "07", "09")  # whose checks draw all of their cases


@pytest.mark.parametrize(("master", "number"), [p for p in EXERCISES if p.id[:2] in DRAWN])
def test_answers_learned_by_heart_earn_nothing(master, number):
    """What was right once, played back in the same order, is wrong under other questions."""
    exercise, names, heard = read(master)[number], setup(master), []
    names["np"] = np
    exec(exercise.answer, names)
    name = exercise.name.replace("-", "_")
    right = names[name]

    def listening(*arguments):
        heard.append(right(*arguments))
        return heard[-1]

    exec(exercise.check, names | {name: listening})
    played = iter(heard)
    with answers.drawn_from(7), pytest.raises(CheckFailed):
        exec(exercise.check, names | {name: lambda *_: next(played)})


@pytest.mark.parametrize("seed", [0, 20_261])
@pytest.mark.parametrize(("master", "number"), EXERCISES)
def test_stub_fails(master, number, seed):
    edition = COURSE / "exercises" / master.name
    exercise = read(edition)[number]
    with answers.drawn_from(seed):
        assert "not written yet" in failure(exercise, setup(edition))


# a dozen spectra of deep kernels, of the sphere
DEAR = ("06-dense-first", "06-count-layers", "07-density-ratio")


@pytest.mark.parametrize(
    ("master", "number"),
    [pytest.param(*p.values, id=p.id, marks=pytest.mark.nightly if p.id in DEAR else ())
     for p in EXERCISES],
)
def test_every_named_mistake_gets_its_own_hint(master, number):
    exercise = read(master)[number]
    names, mistakes = setup(master), MISTAKES[exercise.name]
    assert len(mistakes) >= 2
    for mistake, (right, wrong, fragment) in mistakes.items():
        said = failure(exercise, names, right, wrong)
        assert said is not None, f"{mistake} passes"
        hint = said.partition("\n  Hint: ")[2]
        assert fragment in hint, f"{mistake}: {said}"
        others = {m: f for m, (_, _, f) in mistakes.items() if f in hint and f != fragment}
        assert not others, f"the hint of {mistake} is also that of {others}"


def test_mistakes_belong_to_exercises():
    known = {exercise.name for master in MASTERS for exercise in read(master)}
    assert set(MISTAKES) == known


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(np.pi - theta)", "(np.pi - theta) ** 2 / np.pi"),  # trace, symmetry, rotation all right
        ("pdf(x) * 2", "pdf(-x) * 2"),
        ("theta = np.minimum", "theta = 2 * np.minimum"),
    ],
)
def test_a_wrong_matrix_without_a_name_fails_too(right, wrong):
    master = COURSE / "solutions" / "03_eigenfunctions.py"
    exercise = read(master)[2]
    assert failure(exercise, setup(master), right, wrong)


def test_looser_methods_pass():
    """A plain trapezoidal rule is enough for three digits: no particular method is asked for."""
    master = COURSE / "solutions" / "03_eigenfunctions.py"
    names = setup(master)

    def true_over_printed(profile, q):
        theta = np.linspace(0, np.pi, 4001)
        true = np.trapezoid(np.cos(np.outer(q, theta)) * profile(theta), theta) / np.pi
        return true / names["eigenvalue_printed"](q, names["uniform"]().Z)

    names["checks"].true_over_printed(true_over_printed)


# Answers that are wrong in a way nobody foresaw: no hint of their own, but no mark either.
UNFORESEEN = {
    "output-after": [
        ("** steps", "** min(steps, 7)"),
        ("(1 - learning_rate / len(y) * eig", "abs(1 - learning_rate / len(y) * eig"),
        ("y + V", "y + 1e-3 + V"),
    ],
    "tangent-kernel": [("b > 0", "b < 0"), ("* (X @ X.T + 1)", "* 1"), ("len(a)", "40")],
    "deep-kernel": [
        ("* np.cos(phi)", "* np.cos(theta)"),
        ("range(hidden_layers)", "range(min(hidden_layers, 3))"),
        ("return total", "return total + 1e-4 * theta"),
    ],
    "circle-kernel": [
        ("(np.pi - theta)", "(np.pi - theta) ** 2 / np.pi"),
        (" % turn", " % (20 * turn)"),
    ],
    "spread-kernel": [
        ("1 + spread**2", "1 + 2 * spread**2"),
        ("(np.pi - phi)", "(np.pi - phi) ** 2 / np.pi"),
        ("2 * np.arcsin", "2 * np.arctan"),
    ],
    "kink": [
        ("* hidden_layers * (", "* hidden_layers**1.01 * ("),
        ("(above - below) ** 2", "np.abs(above - below) ** 2.2 * (above**2 + below**2) ** -0.1"),
    ],
    "dense-first": [
        ("contrast * high", "1.05 * contrast * high"),
        ("return L", "return L + (L > 15)"),
        ("return L", "return 13"),
        ("return L", "return L + 0.5"),
        ("return L", "return -L"),
    ],
    "count-layers": [
        ("2 * np.pi * slope", "1.3 * 2 * np.pi * slope"),
        ("+ 0.25) - 0.5)", ") + 0.49)"),
        ("(2 * Z**2)", "(2 * Z**3 * np.sqrt(2 * np.pi) * 0.98)"),
    ],
    "never-learned": [
        ("n // 2", "12"),
        ("[np.cos(x), np.sin(x)]", "[np.cos(x), np.sin(x), np.cos(7 * x)]"),
        ("@ wave\n", "@ np.abs(wave)\n"),
    ],
}


@pytest.mark.parametrize(
    ("master", "number"), [p for p in EXERCISES if p.id.partition("-")[2] in UNFORESEEN]
)
def test_an_unforeseen_wrong_answer_fails_too(master, number):
    exercise = read(master)[number]
    names = setup(master)
    for right, wrong in UNFORESEEN[exercise.name]:
        assert failure(exercise, names, right, wrong), f"{wrong} passes"


def step_by_step(H, u0, y, learning_rate, steps):
    M = np.eye(len(y)) - learning_rate / len(y) * H
    return y + np.linalg.matrix_power(M, steps) @ (u0 - y)


def gradient_by_gradient(W, b, a, X):
    """One long vector for each point, neuron by neuron."""
    rows = [
        np.concatenate([a[r] * (W[r] @ x + b[r] >= 0) * np.append(x, 1) for r in range(len(a))])
        for x in X
    ]
    return np.array(rows) @ np.array(rows).T / len(a)


def sum_of_products(theta, hidden_layers):
    """Θ as the backup slides print it, with the expectations from angles by arctan2."""
    sigmas, slopes, phi = [np.cos(theta)], [], theta
    for _ in range(hidden_layers):
        slopes.append(1 - phi / np.pi)
        sigmas.append((np.sin(phi) + (np.pi - phi) * np.cos(phi)) / np.pi)
        phi = np.arctan2(np.sqrt(np.maximum(0, 1 - sigmas[-1] ** 2)), sigmas[-1])
    return sum(s * np.prod(slopes[h:], axis=0) for h, s in enumerate(sigmas))


def by_arccos(x, z):
    theta = np.arccos(np.cos(x - z))
    return (1 + np.cos(theta)) * (np.pi - theta) / 4 / np.pi


def by_arcs(theta, spread):
    """(w, b/s) evenly on the sphere: at height h two arcs of the angle of w, and their overlap."""
    h, weights = np.polynomial.legendre.leggauss(1000)
    half = np.arccos(np.clip(-spread * h / np.sqrt(1 - h**2), -1, 1))
    gap = theta[:, None]
    both = np.maximum(0, 2 * half - gap) + np.maximum(0, 2 * half + gap - 2 * np.pi)
    return (1 + np.cos(theta)) * (both @ weights) / (4 * np.pi)


def by_one_corner(below, above, hidden_layers):
    """A straight line through 0 and a ReLU: E[σ'σ'] from the chance that both are on."""
    jump = above - below
    c = 1 / (below**2 + below * jump + jump**2 / 2)
    return -c * jump**2 / (2 * np.pi) * sum(range(1, hidden_layers + 1))


def by_bisection(slow, fast, contrast):
    def leads(L):
        k = DeepNTK(L).profile(np.linspace(0, np.pi, 20_001))
        waves = np.cos(np.outer([slow, fast], np.linspace(0, np.pi, 20_001)))
        low, high = np.trapezoid(k * waves, dx=np.pi / 20_000)
        return contrast * high > low

    return bisect.bisect_left(range(1, 61), True, key=leads) + 1


def by_difference(below, above, hidden_layers, h=1e-4):
    """The kernel at a small angle, minus that at 0: a quotient of differences."""
    square = above**2 + below**2
    rho, total = np.cos(h), np.cos(h)
    for _ in range(hidden_layers):
        phi = np.arccos(rho)
        # E[uv; same sign] and E[uv; different signs]
        same = (np.sin(phi) + (np.pi - phi) * np.cos(phi)) / np.pi
        rho = (square * same + 2 * above * below * (rho - same)) / square
        total = rho + total * (square * (np.pi - phi) + 2 * above * below * phi) / square / np.pi
    return (total - hidden_layers - 1) / h


def by_trace(eigenvalues, pdf):
    """Σλ_i = k(0) = L + 1, whatever the density; 121 of them hold nearly all."""
    return round(eigenvalues.sum() - 1)


def by_heights(n, rng):
    """Archimedes: an even height and an even longitude."""
    z, turn = rng.uniform(-1, 1, n), rng.uniform(0, 2 * np.pi, n)
    r = np.sqrt(1 - z**2)
    return np.stack([r * np.cos(turn), r * np.sin(turn), z], axis=1)


def by_two_points(quotients):
    """Twice as fast a wave, half the gap."""
    k = len(quotients) // 4 * 4
    return 2 * quotients[k - 1] - quotients[k // 2 - 1]


def by_fourier_series(profile, pdf, frequency, learning_rate, threshold):
    """⟨g, Tg⟩ by a circulant matrix."""
    n = 4096
    x = 2 * np.pi * np.arange(n) / n - np.pi
    g, w = np.cos(frequency * x), pdf(x) * 2 * np.pi / n
    theta = np.minimum(x + np.pi, np.pi - x)
    Tg = np.fft.ifft(np.fft.fft(profile(theta)) * np.fft.fft(w * g)).real
    mean = (w * g) @ Tg / (w @ g**2)
    return np.log(threshold / np.sqrt(w @ g**2)) / np.log(1 - learning_rate * mean)


def by_brentq(eigenvalues, g, learning_rate, threshold):
    def over(t):
        left = np.exp(t * np.log1p(-learning_rate * eigenvalues)) * g
        return np.linalg.norm(left) - threshold

    if over(0) <= 0:
        return 0
    if over(1e14) > 0:
        return -1
    return np.ceil(brentq(over, 0, 1e14, xtol=1e-3, rtol=1e-12, maxiter=500))


def by_root(H, wave):
    """Through the symmetric matrix with these speeds."""
    values, V = np.linalg.eigh(H)
    root = V / np.sqrt(values) @ V.T
    v = root @ wave
    return root @ (0.1 * np.eye(len(H)) + 0.9 * np.outer(v, v) / (v @ v)) @ root


def by_fourier(y):
    c, q = np.fft.rfft(y), np.arange(len(y) // 2 + 1)
    return np.fft.irfft(np.where((q % 2 == 1) & (q > 1), c, 0), len(y))


@pytest.mark.parametrize(
    ("lecture", "check", "answer"),
    [
        ("tangent_kernel", "output_after", step_by_step),
        ("tangent_kernel", "tangent_kernel", gradient_by_gradient),
        ("tangent_kernel", "deep_kernel", sum_of_products),
        ("two_layer", "circle_kernel", by_arccos),
        ("two_layer", "spread_kernel", by_arcs),
        ("two_layer", "never_learned", by_fourier),
        ("depth", "kink", by_one_corner),
        ("depth", "dense_first", by_bisection),
        ("depth", "kink", by_difference),
        ("depth", "count_layers", by_trace),
        ("sphere", "even_points", by_heights),
        ("sphere", "density_ratio", by_two_points),
        ("convergence", "certainly_needed", by_fourier_series),
        ("convergence", "iterations_needed", by_brentq),
        ("beyond", "one_first", by_root),
    ],
)
def test_other_ways_to_the_same_pass(lecture, check, answer, capsys):
    checks = importlib.import_module(f"ntklab.course.checks.{lecture}")
    getattr(checks, check)(answer)
    assert capsys.readouterr().out.startswith("✓ ")


# -- what all checks share ---------------------------------------------------------------------


def said(student, *arguments, shape=(2,)):
    with pytest.raises(CheckFailed) as caught:
        ask(student, *arguments, shape=shape)
    return str(caught.value)


def test_a_good_answer_comes_back_as_float64():
    for answer in ([1, 2], (1.0, 2.0), np.array([1, 2], dtype=np.float32), np.array([1, 2])):
        array = ask(lambda answer=answer: answer, shape=(2,))
        assert array.dtype == np.float64 and array.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned nothing"),
        ("12", "must return real numbers, got str '12'"),
        ([1j, 2j], "complex"),
        ([1.0, float("nan")], "returned nan at index 1"),
        ([1.0, float("inf")], "returned inf at index 1"),
        ([[1.0], [2.0]], "must return an array of shape (2,) here, got shape (2, 1)"),
        (3.0, "got shape ()"),
        ([[1.0], [2.0, 3.0]], "must return real numbers, got list"),
        ([None, 1.0], "must return real numbers"),
        (print, "must return real numbers"),
    ],
)
def test_a_malformed_answer_is_named(answer, words):
    assert words in said(lambda: answer)


@pytest.mark.parametrize("thing", [3.0, None, np.ones(2), "f"])
def test_something_that_is_no_function(thing):
    assert "your answer: this must be a function" in said(thing)


def test_an_error_shows_the_students_own_line():
    def student(x):
        return np.linalg.inv(x)  # fails inside NumPy

    text = said(student, np.zeros((2, 2)))
    assert "stopped with LinAlgError: Singular matrix" in text
    assert text.endswith("return np.linalg.inv(x)  # fails inside NumPy")
    assert "wrong number" not in text
    assert "stopped with TypeError" in said(student)


def test_an_error_has_no_chain_behind_it():
    with pytest.raises(CheckFailed) as caught:
        ask(lambda: 1 / 0, shape=())
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_arguments_cannot_be_changed():
    x = np.ones(2)

    def student(x):
        x *= 5
        return x

    assert ask(student, x, shape=(2,)).tolist() == [5, 5]
    assert x.tolist() == [1, 1]


def test_warnings_and_stderr_do_not_fail_the_test_cell(capsys):
    def student():
        print("busy", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return np.log(np.array([0.0])) * 0 + 1

    assert "returned nan" in said(student, shape=(1,))
    captured = capsys.readouterr()
    assert captured.err == "" and captured.out == "busy\n"


def test_a_notebook_shows_the_hint_and_no_traceback():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell()
    try:
        shell.user_ns["ask"] = ask
        with capture_output() as captured:
            shell.run_cell("def f():\n    raise NotImplementedError\n\nask(f, shape=())")
    finally:
        shell.history_manager.end_session()
    lines = captured.stdout.splitlines()
    assert lines[0] == "✗ f: not written yet."
    assert lines[1].startswith("  Hint: ") and len(lines) == 2


def test_power_law_and_constant_factor():
    x = np.array([0.5, 1.0, 3.0])
    assert answers.power_law(x, 7 * x**1.5) == pytest.approx(1.5)
    assert answers.power_law(x, 1 + x) is None
    assert answers.constant_factor(3 * x, x) == pytest.approx(3)
    assert answers.constant_factor(x**2, x) is None
    assert answers.hint_for(2.0001, {2.0: "two", 1.0: "one"}) == "two"
    assert answers.hint_for(1.5, {2.0: "two", 1.0: "one"}) is None
    assert answers.hint_for(None, {2.0: "two"}) is None


def test_checks_need_no_nbgrader_and_stay_light():
    code = """if True:
        import importlib, pkgutil, sys
        from ntklab.course import checks
        names = [module.name for module in pkgutil.iter_modules(checks.__path__)]
        assert {"tangent_kernel", "two_layer", "eigenfunctions", "convergence"} <= set(names)
        for name in names:
            importlib.import_module(f"ntklab.course.checks.{name}")
        heavy = {"nbgrader", "torch", "matplotlib", "ipywidgets", "jupytext"} & set(sys.modules)
        assert not heavy, heavy"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=COURSE)
