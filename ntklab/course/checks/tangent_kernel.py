"""Checks of the assignment: the tangent kernel, of one network and of infinite width."""

import time

import numpy as np

from ntklab.course.checks.answers import (
    CheckFailed,
    ask,
    constant_factor,
    generator,
    hint_for,
    mistake,
    passed,
)
from ntklab.kernels import NNGP, DeepNTK

STEP_HINTS = {
    -1.0: "the outputs run away from y. Which way does gradient descent go?",
    1.0: "right only for very small η. exp belongs to gradient flow; gradient descent takes steps.",
}


def output_after(student):
    """Outputs after t steps: the start, one step, the composition of steps, and 10⁹ steps."""
    rng = generator()
    for n, missing in [(rng.integers(5, 8), 2), (rng.integers(8, 11), 0)]:
        H, (u0, y) = _matrix(rng, n, n - missing), rng.normal(size=(2, n))
        # so large a rate that the fastest part changes its sign at every step
        rate = rng.uniform(1.4, 1.6) * n / np.linalg.eigvalsh(H)[-1]

        def after(steps, start=u0, rate=rate, H=H, y=y):
            return ask(student, H, start, y, rate, steps, shape=y.shape)

        _check_start(student, after(0), u0, y)
        _check_step(student, after, H, u0, y, rate)
        _check_composition(student, after, *(int(t) for t in rng.integers(3, 6, 2)))
        _check_many(student, after, H, u0, y)
    passed(student, "starts at u0, makes the right step, and steps add up.")


def _check_start(student, answer, u0, y):
    if np.allclose(answer, u0, atol=1e-8):
        return
    hint = mistake(answer, [
        (u0 - y, "this is the error u - y. The outputs are asked for."),
        (0 * y, "a network need not start from 0: where does u0 enter?"),
        (2 * y - u0, "is the error u - y or y - u? Both occur; take one of them throughout."),
        (y + np.sum(u0 - y), "`M ** t` takes powers of the entries, not of the matrix."),
    ], atol=1e-8)
    raise CheckFailed(student, "after 0 steps the outputs must be u0", hint or "try t = 0 by hand.")


def _check_step(student, after, H, u0, y, rate):
    n = len(y)
    if np.allclose(after(1) - u0, -rate / n * H @ (u0 - y), atol=1e-8):
        return
    small = 1e-4 * rate
    change = after(1, rate=small) - u0
    hints = {
        n: "this step is n times too long. (22) is for a sum over the data; here it is the mean.",
        1 / n: "this step is n times too short: the mean divides by n once.",
    }
    factor = constant_factor(change, -small / n * H @ (u0 - y), tolerance=1e-2)
    hint = hint_for(factor, STEP_HINTS | hints, tolerance=1e-2)
    if hint_for(factor, {2.0: "twice"}, tolerance=1e-2):
        # a step twice as long and two steps differ where a step is not small
        hint = "the 2t of (1) is under a square root, so each factor itself has the exponent t."
        if np.allclose(after(1) - u0, -2 * rate / n * H @ (u0 - y), atol=1e-8):
            hint = "twice too long: the loss has a ½, which the 2 of its derivative takes away."
    if np.allclose(change, -small / n * H @ u0, rtol=1e-2):
        hint = "that is the way to 0. What is to be learned?"
    what = "the first step must be one of gradient descent on the mean squared loss"
    hint = hint or "compare with one step done by hand. The eigenvectors of `eigh` are the columns."
    raise CheckFailed(student, what, hint)


def _check_composition(student, after, first, then):
    if not np.allclose(after(first + then), after(then, start=after(first)), atol=1e-8):
        what = f"{first} steps and then {then} more must lead to the same as {first + then} steps"
        hint = "the first step is right. Every step multiplies the error that is left by then."
        raise CheckFailed(student, what, hint)


MANY = 10**9
LOOP = 300_000  # steps that take a loop a noticeable time


def _check_many(student, after, H, u0, y):
    """10⁹ steps, so small that the fastest part has not converged after them."""
    once = min(_seconds(after, 1) for _ in range(3))
    if min(_seconds(after, LOOP) for _ in range(2)) > 0.2 + 10 * once:
        hint = "a loop over the steps is hopeless: what do t factors that are all the same make?"
        raise CheckFailed(student, f"{LOOP} steps take long, and 10⁹ take thousands as long", hint)
    values, vectors = np.linalg.eigh(H)
    rate = len(y) / values[-1] / MANY
    right = y + vectors @ (np.exp(-values / values[-1]) * (vectors.T @ (u0 - y)))
    if not np.allclose(after(MANY, rate=rate), right, atol=1e-4):
        what = "right for few steps, but not for 10⁹ small ones"
        raise CheckFailed(student, what, "is anything rounded, or are not all steps made?")


def _seconds(after, steps):
    start = time.perf_counter()
    after(steps)
    return time.perf_counter() - start


def _matrix(rng, n, rank):
    """Symmetric, eigenvalues from 1 to 8 and n - rank times 0, eigenvectors at random."""
    vectors, _ = np.linalg.qr(rng.normal(size=(n, n)))
    values = np.append(np.geomspace(1, 8, rank) * rng.uniform(0.9, 1.1, rank), np.zeros(n - rank))
    return (vectors * values) @ vectors.T


def tangent_kernel(student):
    """Empirical kernels against difference quotients of the network's output."""
    rng = generator()
    for m, d, n, signs in [(rng.integers(30, 50), 2, 6, True), (rng.integers(6, 9), 3, 5, False)]:
        W, b, X = _network(rng, m, d, n)
        a = rng.choice([-1.0, 1.0], m) if signs else rng.normal(size=m)
        answer = ask(student, W, b, a, X, shape=(n, n))
        _check_kernel(student, answer, W, b, a, X)
    passed(student, "the kernel of two networks, as their difference quotients have it.")


def _network(rng, m, d, n):
    """Weights, biases and points; no neuron so near to its kink that a quotient steps over it."""
    nearest = 0.0
    while nearest < 1e-3:
        W, b, X = rng.normal(size=(m, d)), rng.normal(size=m), rng.normal(size=(n, d))
        nearest = np.abs(X @ W.T + b).min()
    return W, b, X


def _check_kernel(student, answer, W, b, a, X):
    right = _trained(W, b, a, X)
    if _near(answer, right):
        return
    if not _near(answer, answer.T):
        what = "H_ij and H_ji must be the same inner product"
        raise CheckFailed(student, what, "which rows meet which in your product?")
    m = len(a)
    hints = {
        m: "m times too large: which factor stands in front of the sum in (6), and how often?",
        np.sqrt(m): "√m too large: both gradients carry the factor 1/√m.",
        1 / m: "m times too small: 1/√m twice is 1/m.",
    }
    seen = np.abs(right) > 1e-6
    hint = hint_for(constant_factor(answer[seen], right[seen]), hints)
    by_W, by_b, by_a = (quotients @ quotients.T for quotients in _quotients(W, b, a, X))
    plain = _quotients(W, b, np.ones(m), X)[:2]
    once = (plain[0] * np.repeat(a, X.shape[1])) @ plain[0].T + (plain[1] * a) @ plain[1].T
    guesses = [
        (once, "a_r is in the gradient at both points: its square counts."),
        (by_W, "the biases are trained too: what is ∂f/∂b_r?"),
        (by_W + by_b + by_a, "the a_r are fixed, and what is fixed has no gradient."),
        (_trained(W, b + 100, a, X), "this takes every neuron as active at every point."),
        (_trained(W, 0 * b, a, X), "what switches a neuron on? Its bias has a say in it."),
        (by_a * (X @ X.T + 1), "σ itself is in place of its derivative, which is 0 or 1."),
        (_trained(W, b, np.ones(m), X), "right only for a_r = ±1: fixed does not mean absent."),
    ]
    hint = next((hint for guess, hint in guesses if _near(answer, guess)), hint)
    i, j = np.unravel_index(np.argmax(np.abs(answer - right)), right.shape)
    yours = f"{answer[i, j]:.4g}"
    what = f"moving every trained parameter a little gives another H[{i}, {j}] than your {yours}"
    raise CheckFailed(student, what, hint or "write down the gradient for a single neuron first.")


def _near(answer, guess):
    return np.allclose(answer, guess, atol=1e-6 * np.abs(guess).max())


def _trained(W, b, a, X):
    by_W, by_b, _ = _quotients(W, b, a, X)
    return by_W @ by_W.T + by_b @ by_b.T


def _quotients(W, b, a, X):
    """Central differences of the outputs (6) by every entry of W, b, a: exact up to rounding.

    The output is linear in one parameter as long as no neuron is switched.
    """

    ends, step = np.cumsum([W.size, b.size]), 2.0**-16

    def outputs(parameters):
        rows, b, a = np.split(parameters, ends)
        return np.maximum(X @ rows.reshape(W.shape).T + b, 0) @ a / np.sqrt(len(a))

    here = np.concatenate([W.ravel(), b, a])
    moves = step * np.eye(len(here))
    columns = [(outputs(here + move) - outputs(here - move)) / (2 * step) for move in moves]
    return np.split(np.transpose(columns), ends, axis=1)


def deep_kernel(student):
    """Kernels of several depths against the package's, which works on half angles."""
    rng = generator()
    theta = np.array([0.0, *np.sort(rng.uniform(0.2, 3.0, 5)), np.pi])
    depths = (1, 2, 3, int(rng.integers(7, 14)))
    answers = {layers: ask(student, theta, layers, shape=theta.shape) for layers in depths}
    if all(np.allclose(a, DeepNTK(k, normalized=True).profile(theta)) for k, a in answers.items()):
        what = "at θ = 0 your Θ is 1 for every L"
        raise CheckFailed(student, what, "the task does not ask for a kernel scaled to 1.")
    for layers, answer in answers.items():
        if np.allclose(answer, DeepNTK(layers).profile(theta), atol=1e-6):
            continue
        what = f"for L = {layers} your Θ is not right"
        if not np.isclose(answer[0], layers + 1):
            what += f": at θ = 0 it is {answer[0]:.4g}"
        hint = _hint_for_depth(answer, theta, layers)
        raise CheckFailed(student, what, hint or "write down the terms for this L, one by one.")
    passed(student, f"right for 1, 2, 3 and {depths[-1]} hidden layers.")


def _hint_for_depth(answer, theta, layers):
    every = list(range(1, layers + 2))
    through, out = DeepNTK(1, trained="first").profile(theta), NNGP(1).profile(theta)
    cosine = np.cos(theta)
    common = [
        (DeepNTK(layers, trained=every[1:]).profile(theta), "the term of the first layer, h = 1."),
        (DeepNTK(layers, trained=every[:-1]).profile(theta), "the output layer is trained too."),
        (DeepNTK(layers + 1).profile(theta), "one layer too many: L is the number of hidden ones."),
        (
            DeepNTK(layers - 1).profile(theta) if layers > 1 else cosine,
            "one layer too few: L is the number of hidden ones, and the loop runs once for each.",
        ),
    ]
    single = [
        (through * cosine + out, "at φ = π/2 this lets no neuron be active at both points."),
        ((through + out) / 2, "c_σ = 1/E[σ(z)²] is not 1: half of the Gaussians are cut off."),
        (through / 2 + out, "c_σ belongs to the product of slopes as well."),
        (through + out / 2, "c_σ belongs to Σ as well, so that Σ stays 1 at θ = 0."),
        (through * (1 + 1 / cosine), "Σ̇ is used in place of Σ: σ has to be averaged there."),
        (
            cosine + out,
            "the term of layer h passes through Σ̇ of layer h too, not only of the later ones.",
        ),
        (
            cosine * (1 - np.arccos(np.clip(out, -1, 1)) / np.pi) + out,
            "Σ̇ of a layer is taken at the angle that goes into the layer, like Σ, not at the next.",
        ),
        (out * (1 + cosine), "Σ is used in place of Σ̇: a step has to be averaged there."),
    ]
    guesses = common + (single if layers == 1 else [])
    hint = mistake(answer, guesses, atol=1e-6)
    if hint is None and layers > 1:
        hint = "right up to here. In the next layer the two points meet at another angle: which?"
    return hint
