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


# %% nbgrader={"grade": false, "grade_id": "arc-weights", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
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
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-arc-weights", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
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
# ## Exercise 2 · One wave first
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 5 marks
#
# Under the loss $\frac12 r^\top M r$ the error moves by $dr/dt = -HMr$, with $H$ the kernel's matrix. Design a loss:
# one wave $v$, given by its values at unevenly spread points, shall decay with speed 1 and keep its shape,
# $HMv = v$, and everything else with speed $1/10$: all other eigenvalues of $HM$ are $1/10$.
#
# **Before you code:** $HM = \frac1{10} I + \frac9{10}\, vv^\top/v^\top v$ has these speeds. Why is there no loss that
# does it in this way? Prove that for symmetric $M$ the eigenvectors of $HM$ are orthogonal, not in the
# usual sense but in $\langle a, b\rangle = a^\top H^{-1} b$, and that there is one such $M$ only.
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
# **See it.** What is left of three waves after the time 2, as a share of each, under the ordinary loss (scaled so that its largest
# speed is 1) and under yours with $\kappa = 4$ chosen. Why do the other two stand at $e^{-0.2} = 0.819$, though
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
