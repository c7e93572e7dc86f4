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
# # Assignment: Losses of your own
#
# Two exercises, 40 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint.

# %%
import numpy as np
import pandas as pd

from ntklab.course.checks import beyond as checks
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import DeepNTK, TwoLayerNTK

# %% [markdown] exercise={"difficulty": 2, "importance": 4, "minutes": 20}
# ## Exercise 1 · Forget where the data came from
#
# > difficulty ●●○○○ · importance ●●●●○ · 20 minutes · 5 marks
#
# Points lie on the circle, many here, few there, in any order. Give each a weight such that sums become
# integrals, $\sum_i w_i f(x_i) \approx \int_{-\pi}^{\pi} f(x)\,dx$: every point stands for the part of the circle
# that is nearer to it than to any other point.
#
# **Before you code:** what do the weights add up to? Who is the left neighbour of the first point?
#
# <details><summary>Hint</summary>
#
# Sort, take the gaps, and let each gap go half to its left and half to its right end. Do not forget
# the gap across $\pm\pi$, and give the weights back in the order in which the points came.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "arc-weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
def arc_weights(angles: np.ndarray) -> np.ndarray:
    """The length of the arc that is nearest to each point.

    Parameters
    ----------
    angles : ndarray, shape (n,)
        In [-π, π), in any order, n >= 3.

    Returns
    -------
    ndarray, shape (n,)
    """
    ### BEGIN SOLUTION
    order = np.argsort(angles)
    around = np.append(angles[order], angles[order[0]] + 2 * np.pi)
    gaps = np.diff(around)
    weights = np.empty(len(angles))
    weights[order] = (gaps + np.roll(gaps, 1)) / 2
    return weights
    ### END SOLUTION



# %% nbgrader={"grade": true, "grade_id": "check-arc-weights", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
checks.arc_weights(arc_weights)

# %% [markdown]
# **See it.** The mean of $\cos 3x$ over a circle is 0. Here it is estimated from $n$ random points of a
# density of 1 : 10, by the plain mean and by your weights. How does each error depend on $n$?

# %%
density, rng = PiecewiseConstant.equal_pieces([10, 1]), np.random.default_rng(3)
rows = {}
for n in (50, 200, 800, 3200):
    x = density.sample(n, rng)
    wave = np.cos(3 * x)
    rows[n] = [wave.mean(), arc_weights(x) @ wave / (2 * np.pi)]
pd.DataFrame(rows, index=["plain mean", "arc weights"]).T.rename_axis("n").round(5)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 2 · One frequency first
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 5 marks
#
# A loss $\frac12 \sum_\kappa c_\kappa |\hat r_\kappa|^2$ gives frequency $\kappa$ the speed $c_\kappa \lambda_\kappa$. Choose the
# $c_\kappa \ge 0$ such that one chosen frequency has speed 1 and every other one speed $1/10$, so that the network
# learns the chosen one first and all others together. Where $\lambda_\kappa$ is zero nothing helps: let $c_\kappa = 0$
# there.
#
# **Before you code:** which weights does the ordinary loss have, and what are its speeds? For which
# frequencies must $c_\kappa$ be large?
#
# <details><summary>Hint</summary>
#
# Write down the speed that you want, then solve for $c_\kappa$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "one-first", "locked": false, "schema_version": 3, "solution": true, "task": false}
def one_first(eigenvalues: np.ndarray, chosen: int) -> np.ndarray:
    """Weights c_κ under which frequency `chosen` has speed 1 and all others 1/10.

    Parameters
    ----------
    eigenvalues : ndarray, shape (K+1,)
        λ_κ >= 0 of κ = 0, ..., K; those below 1e-12 of the largest count as zero.
    chosen : int
        A frequency whose eigenvalue is not zero.

    Returns
    -------
    ndarray, shape (K+1,)
    """
    ### BEGIN SOLUTION
    speed = np.full(len(eigenvalues), 0.1)
    speed[chosen] = 1.0
    seen = eigenvalues > 1e-12 * eigenvalues.max()
    weights = np.zeros(len(eigenvalues))
    weights[seen] = speed[seen] / eigenvalues[seen]
    return weights
    ### END SOLUTION



# %% nbgrader={"grade": true, "grade_id": "check-one-first", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
checks.one_first(one_first)

# %% [markdown]
# **See it.** What is learned of every frequency after the time 2 under your loss, $1 - e^{-2 c_\kappa\lambda_\kappa}$, for
# three networks with $\kappa = 4$ chosen. Which network cannot do what the others do, and where did you read
# about it?

# %%
kappa = np.arange(9)
networks = {"bias": TwoLayerNTK(), "no bias": TwoLayerNTK(bias=False), "10 layers": DeepNTK(10)}
rows = {}
for name, kernel in networks.items():
    eigenvalues = np.maximum(kernel.harmonic_eigenvalues(kappa), 0)
    rows[name] = 1 - np.exp(-2 * one_first(eigenvalues, 4) * eigenvalues)
pd.DataFrame(rows, index=kappa).T.round(3)
