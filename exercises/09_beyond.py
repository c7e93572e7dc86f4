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
from scipy.linalg import expm

from ntklab.course.checks import beyond as checks
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import TwoLayerNTK

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 1 · Forget where the data came from
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 5 marks
#
# Of a function on the circle you know the values at $n$ points, many here, few there. Of all continuous periodic
# functions with these values take the calmest one, with the least $\int_{-\pi}^{\pi} f'(x)^2\,dx$. Its integral over the
# circle is $\sum_i w_i f(x_i)$ with weights that depend on the points alone. Find them.
#
# **Before you code:** what does the calmest function do between two neighbours? Prove it: add to it any
# $h$ that vanishes at the points, and expand the square. Then: what do the weights add up to, and what is the plain
# mean $\frac1n\sum_i f(x_i)$ of points with density $p$ an estimate of?
#
# <details><summary>Hint 1</summary>
#
# $\int (f' + h')^2 = \int f'^2 + 2\int f'h' + \int h'^2$. For which $f'$ does the middle term vanish for every such $h$?
#
# </details>
# <details><summary>Hint 2</summary>
#
# On a gap the integral of that function depends only on the values at its two ends. The circle has as many gaps as points.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "arc-weights", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def arc_weights(angles: np.ndarray) -> np.ndarray:
    """The weights w for which Σ w_i f(x_i) is the integral of the calmest function through f(x_i).

    Parameters
    ----------
    angles : ndarray, shape (n,)
        In [-π, π), in any order, n >= 3.

    Returns
    -------
    ndarray, shape (n,)
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-arc-weights", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.arc_weights(arc_weights)

# %% [markdown]
# **See it.** The mean of $\sin 3x$ over a circle is 0. Here it is estimated from $n$ random points of a
# density of 10 : 1, by the plain mean and by your weights; shown is the rms of 40 draws. **Predict:** by which factor
# does each error fall, roughly, when $n$ is four times as large?
#
# <details><summary>Answer</summary>
#
# The plain mean tends to $\int p\sin 3x\,dx = -\frac{6}{11\pi} = -0.17$, however many points there are: 1. A straight line
# misses the integral over a gap of length $d$ by about $d^3|f''|/12$; $n$ gaps of order $1/n$ make $n^{-2}$ of it: 16 in
# the end. Before that the scatter of random gaps, $n^{-5/2}$, is the larger part: up to 32.
# </details>

# %%
density, rng = PiecewiseConstant.equal_pieces([10, 1]), np.random.default_rng(3)
rows = {}
for n in (50, 200, 800, 3200):
    draws = [density.sample(n, rng) for _ in range(40)]
    errors = [[np.sin(3 * x).mean(), arc_weights(x) @ np.sin(3 * x) / (2 * np.pi)] for x in draws]
    rows[n] = np.sqrt(np.mean(np.square(errors), axis=0))
pd.DataFrame(rows, index=["plain mean", "your weights"]).T.rename_axis("n").round(5)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 2 · One wave first
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 5 marks
#
# Under the loss $\frac12 r^\top M r$ the error moves by $dr/dt = -HMr$, with $H$ the kernel's matrix. Design a loss:
# one wave $v$, given by its values at unevenly spread points, is to decay with speed 1 and keep its shape,
# $HMv = v$, and everything else with speed $1/10$: all other eigenvalues of $HM$ are $1/10$.
#
# **Before you code:** $HM = \frac1{10} I + \frac9{10}\, vv^\top/v^\top v$ has these speeds. Why is there no loss that
# does it in this way? Prove that for symmetric $M$ the eigenvectors of $HM$ are orthogonal, not in the
# usual sense but in $\langle a, b\rangle = a^\top H^{-1} b$, and that there is only one such $M$.
#
# <details><summary>Hint 1</summary>
#
# $H^{1/2} M H^{1/2}$ is symmetric and has the eigenvalues of $HM$. Which vector is its eigenvector if $v$ is one of
# $HM$?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The projection onto $v$ that is symmetric in $\langle a, b\rangle$ maps $a$ to $v\,\langle v, a\rangle/\langle v, v\rangle$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "one-first", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def one_first(H: np.ndarray, wave: np.ndarray) -> np.ndarray:
    """The loss's matrix M under which `wave` has speed 1 and all else 1/10.

    Parameters
    ----------
    H : ndarray, shape (n, n)
        Of the kernel at the points, positive definite; not divided by n.
    wave : ndarray, shape (n,)
        v, not zero.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-one-first", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.one_first(one_first)

# %% [markdown]
# **See it.** What is left of three waves at time 2, as a share of each, under the ordinary loss (scaled so that its largest
# speed is 1) and under yours with $\kappa = 4$ chosen. Why are the other two at $e^{-0.2} = 0.819$, though
# these waves are not orthogonal on uneven points? (Whose norm is $a^\top H^{-1} a$?) And what would your loss do to noise?

# %%
x = PiecewiseConstant.equal_pieces([4, 1]).grid(40)
H = TwoLayerNTK(normalization="network").at_angles(x)
losses = {"ordinary": np.eye(40) / np.linalg.eigvalsh(H)[-1], "yours": one_first(H, np.cos(4 * x))}
rows = {
    name: [np.linalg.norm(expm(-2 * H @ M) @ np.cos(k * x)) / np.linalg.norm(np.cos(k * x))
           for k in (1, 4, 9)]
    for name, M in losses.items()
}
pd.DataFrame(rows, index=["κ = 1", "κ = 4", "κ = 9"]).T.round(3)
