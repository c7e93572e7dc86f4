# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Assignment: Does it generalise?
#
# Three exercises, 50 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint.

# %%
from functools import partial

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import erfc

from ntklab import generalization, gram
from ntklab.course.checks import generalization as checks
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import TwoLayerNTK

# %% [markdown] exercise={"difficulty": 1, "importance": 4, "minutes": 10}
# ## Exercise 1 · How much noise has come through?
#
# > difficulty ●○○○○ · importance ●●●●○ · 10 minutes · 3 marks
#
# Gradient flow learns $n$ labels, each with noise of standard deviation $\sigma_\varepsilon$. Given all $n$ eigenvalues
# $\lambda_i$ of $\frac1n(k(x_i, x_j))$, find the **variance of the output at time $t$**, averaged over the $n$ training
# points.
#
# **Before you code:** what must it be at $t = 0$, and what as $t \to \infty$?
#
# <details><summary>Hint</summary>
#
# The $v_i$ have $\frac1n\sum_j v_i(x_j)^2 = 1$. What does that make of the lecture's sum?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "noise-passed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def noise_passed(eigenvalues: np.ndarray, t: float, noise: float) -> float:
    """The mean over training points of the output's variance at time t.

    Parameters
    ----------
    eigenvalues : ndarray, shape (n,)
        Of the sample, all of them.
    t : float
        Time of gradient flow, >= 0.
    noise : float
        σ_ε, the standard deviation of each label.

    Returns
    -------
    float
    """
    ### BEGIN SOLUTION
    learned = 1 - np.exp(-eigenvalues * t)
    return noise**2 * np.sum(learned**2) / len(eigenvalues)
    ### END SOLUTION



# %% nbgrader={"grade": true, "grade_id": "check-noise-passed", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.noise_passed(noise_passed)

# %% [markdown]
# **See it.** The share of the noise that has come through, for three numbers of points. Does each
# column grow like $\sqrt t$, as the low-pass filter says? Until when?

# %%
sizes = {n: gram.solve(TwoLayerNTK(), PiecewiseConstant.equal_pieces([1, 8]).grid(n), n) for n in (50, 100, 200)}
pd.DataFrame(
    {f"n = {n}": [noise_passed(s.eigenvalues, t, 1.0) for t in (1e1, 1e2, 1e3, 1e4, 1e6)]
     for n, s in sizes.items()},
    index=["10", "100", "1000", "10⁴", "10⁶"],
).rename_axis("t").round(4)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 2 · Stop in time
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 3 marks
#
# Now the target counts, too. Its coefficients are $\hat g_i$, and the mean square error of the output against $g$
# at the $n$ training points, in the mean over the noise, is a bias plus the variance of exercise 1.
# **At which time is it least?**
#
# **Before you code:** what happens to the best time if $\sigma_\varepsilon$ is doubled? And if $n$ is?
#
# <details><summary>Hint</summary>
#
# Write the error down as a function of $\log t$, look at it on many times, and polish the best one with
# `scipy.optimize.minimize_scalar(..., bounds=...)`. It may have more than one minimum.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "best-time", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_time(eigenvalues: np.ndarray, coefficients: np.ndarray, noise: float) -> float:
    """The time of gradient flow at which the mean square error is least.

    Parameters
    ----------
    eigenvalues : ndarray, shape (n,)
        λ_i > 0, descending.
    coefficients : ndarray, shape (n,)
        ĝ_i, of the target without noise.
    noise : float
        σ_ε > 0.

    Returns
    -------
    float
        A finite time > 0, good to a percent.
    """
    ### BEGIN SOLUTION
    def error(log_t):
        left = np.exp(-eigenvalues * np.exp(log_t))
        bias = np.sum(left**2 * coefficients**2)
        return bias + noise**2 * np.sum((1 - left) ** 2) / len(eigenvalues)

    grid = np.log(np.geomspace(1e-3 / eigenvalues[0], 40 / eigenvalues[-1], 400))
    best = int(np.clip(np.argmin([error(s) for s in grid]), 1, 398))
    return float(np.exp(minimize_scalar(error, bounds=grid[[best - 1, best + 1]], method="bounded").x))
    ### END SOLUTION



# %% nbgrader={"grade": true, "grade_id": "check-best-time", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.best_time(best_time)

# %% [markdown]
# **See it.** The best time on 100 points for waves of several frequencies, by your function, and the best time on *new* points. Who would
# have stopped too early?

# %%
x = PiecewiseConstant.equal_pieces([1, 8]).sample(100, np.random.default_rng(0))
spectrum = gram.solve(TwoLayerNTK(), x, 100)
rows = {}
for kappa in (1, 2, 4, 8):
    wave = partial(lambda kappa, x: np.cos(kappa * x), kappa)
    found = generalization.learner(TwoLayerNTK(), x, wave, 0.5)
    stop = found.best_stop(PiecewiseConstant.equal_pieces([1, 8]))
    rows[kappa] = [best_time(spectrum.eigenvalues, spectrum.project(wave), 0.5), stop.time]
pd.DataFrame(rows, index=["training points", "new points"]).T.rename_axis("κ").round(0)

# %% [markdown] exercise={"difficulty": 4, "importance": 4, "minutes": 20}
# ## Exercise 3 · Prove it: random labels come later where data are dense
#
# > difficulty ●●●●○ · importance ●●●●○ · 20 minutes · 4 marks
#
# Labels ±1 at random on $n$ points. Take the lecture's two facts for granted: where the density is $p$, frequency $\kappa$ decays
# like $e^{-pt/\pi\kappa^2}$, and the energy of the labels is spread evenly over $0 < \kappa < \pi np$. **Prove** that the root mean
# square of what is left depends on $t$, $n$ and $p$ only through the number
#
# $$a = \frac{t}{\pi^3 n^2 p},$$
#
# so that twice the density takes twice the time; and **find it in closed form**. Write the proof as a comment in
# your function, three lines, and let it end in the formula that the function returns.
#
# **Before you code:** what is left at $a = 0$? Is the answer at small $a$ like $1 - \text{const}\cdot a$, or is it steeper?
#
# <details><summary>Hint</summary>
#
# Substitute $\kappa = \pi n p\,s$. Then $\int_0^1 e^{-2a/s^2}\,ds$: put $s = 1/r$ and integrate by parts; what remains is a
# Gaussian integral, whose name is `scipy.special.erfc`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "random-left", "locked": false, "schema_version": 3, "solution": true, "task": false}
def random_left(t: np.ndarray, n: int, p: float) -> np.ndarray:
    """The root mean square of what is left of random ±1 labels where the density is p.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Times of gradient flow, > 0.
    n : int
        Points on the whole circle.
    p : float
        Density at the place, in 1/radian.

    Returns
    -------
    ndarray, shape (T,)
    """
    ### BEGIN SOLUTION
    # The square is the mean of e^(-2pt/πκ²) over 0 < κ < πnp. With κ = πnp·s that is
    # ∫_0^1 e^(-2a/s²) ds, a = pt/(π (πnp)²) = t/(π³n²p). With s = 1/r it is ∫_1^∞ e^(-2ar²)/r² dr,
    # by parts e^(-2a) - 4a ∫_1^∞ e^(-2ar²) dr = e^(-2a) - √(2πa) erfc(√(2a)).
    a = t / (np.pi**3 * n**2 * p)
    square = np.exp(-2 * a) - np.sqrt(2 * np.pi * a) * erfc(np.sqrt(2 * a))
    return np.sqrt(np.maximum(square, 0))
    ### END SOLUTION



# %% nbgrader={"grade": true, "grade_id": "check-random-left", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
checks.random_left(random_left)

# %% [markdown]
# **See it.** Your formula beside the exact mean over all random labels on 400 points, in both halves of
# 1 : 8. Where do they part, and why? (Points at a distance $1/np$ see no difference between the waves $\kappa$ and $2\pi np - \kappa$.)

# %%
p = PiecewiseConstant.equal_pieces([1, 8])
spectrum = gram.solve(TwoLayerNTK(), p.grid(400), 400)
t = np.array([1e2, 1e3, 1e4, 1e5])
table = {}
for name, region, density in zip(("sparse", "dense"), p.regions, p.values, strict=True):
    table[name, "formula"] = random_left(t, 400, density)
    table[name, "exact"] = generalization.random_label_error(spectrum, t, region)
pd.DataFrame(table, index=["100", "1000", "10⁴", "10⁵"]).rename_axis("t").round(3)
