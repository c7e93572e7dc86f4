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
# # Assignment: The sphere
#
# Three exercises, 40 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint.

# %%
import numpy as np
import pandas as pd
from scipy.special import eval_legendre

from ntklab import dynamics, sphere
from ntklab.course.checks import sphere as checks
from ntklab.kernels import DeepNTK, TwoLayerNTK

# %% [markdown] exercise={"difficulty": 1, "importance": 4, "minutes": 10}
# ## Exercise 1 · Points without a favourite place
#
# > difficulty ●○○○○ · importance ●●●●○ · 10 minutes · 3 marks
#
# Everything on the sphere begins with points that favour no direction. Draw $n$ of them.
#
# **Before you code:** if you draw the polar angle evenly from $[0, \pi]$, how many points fall into
# the cap of 10° around the pole, and how many into a band of 10° at the equator? Which of the two is
# larger in area?
#
# <details><summary>Hint 1</summary>
#
# Draw three independent coordinates. From which density must they come if the product of their three
# densities is to depend on $x^2 + y^2 + z^2$ alone?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Three independent normals, and only their direction.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "even-points", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def even_points(n: int, rng: np.random.Generator) -> np.ndarray:
    """n independent points, uniform on the unit sphere.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    ndarray, shape (n, 3)
        Unit vectors.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-even-points", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.even_points(even_points)

# %% [markdown]
# **See it.** The share of your points in ten slices of equal height. Archimedes knew that all slices
# of a sphere of the same height have the same area.

# %%
height = even_points(20_000, np.random.default_rng(1))[:, 2]
pd.Series(np.histogram(height, bins=10, range=(-1, 1))[0] / 20_000).round(3)

# %% [markdown] exercise={"difficulty": 2, "importance": 4, "minutes": 15}
# ## Exercise 2 · Eigenvalues on the sphere
#
# > difficulty ●●○○○ · importance ●●●●○ · 15 minutes · 3 marks
#
# Under the uniform density $p = 1/4\pi$ on the sphere in three dimensions the zonal harmonic $P_l$ is an
# eigenfunction of $(Tf)(x) = \int k(x, z)\,p\,f(z)\,dA$. Find its eigenvalue from the profile
# $k(\theta)$: put $x$ at the pole and integrate.
#
# **Before you code:** what is the area of the ring between the angles $\theta$ and $\theta + d\theta$? What
# must $\lambda_0$ be for the kernel that is 1 everywhere?
#
# <details><summary>Hint</summary>
#
# $P_l(1) = 1$. On the circle the integral had $\cos l\theta$ and no further factor. What takes their
# places here?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "sphere-eigenvalue", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def sphere_eigenvalue(profile, degree: int) -> float:
    """Eigenvalue of P_l under uniform data on the sphere in three dimensions.

    Parameters
    ----------
    profile : callable
        k(θ) for an array of angles θ in [0, π].
    degree : int
        l >= 0; `eval_legendre(l, t)` is P_l(t).

    Returns
    -------
    float
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-sphere-eigenvalue", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.sphere_eigenvalue(sphere_eigenvalue)

# %% [markdown]
# **See it.** Eigenvalues times $l^3$ for two depths. From which degree on is the product constant, and
# what do odd degrees do at depth 1 without bias?

# %%
degrees = [1, 2, 3, 4, 8, 15, 16, 30]
kernels = {"two-layer": TwoLayerNTK(), "no bias": TwoLayerNTK(bias=False), "10 layers": DeepNTK(10)}
table = {
    name: [sphere_eigenvalue(kernel.profile, n) * n**3 for n in degrees]
    for name, kernel in kernels.items()
}
pd.DataFrame(table, index=degrees).round(4)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 15}
# ## Exercise 3 · What were the densities?
#
# > difficulty ●●●○○ · importance ●●●●○ · 15 minutes · 4 marks
#
# A colleague has trained networks on two halves of a sphere, measured for zonal harmonics of degree
# $\kappa = 1, \dots, K$ how long each half takes, and lost the data. All that is left is a list of $K$ quotients, sparse over
# dense, with $K$ between 24 and 30. The densities, the threshold: nobody knows. **What was the ratio of the
# densities?** Within 1.5 %.
#
# This is an open measurement: nobody tells you the method, and several will do.
#
# **Before you code:** what does the last quotient miss, by the lecture's table: one per cent, five? Does it help to
# average? Plot one list, and write down your estimate before you write the function:
#
# ```python
# halves = sphere.hemispheres(3)  # then forget that it was 3
# spectrum = sphere.solve(TwoLayerNTK(), halves, None, orders=(0,), degree=90)
# low, high = (region.contains(spectrum.points) for region in halves.regions)
# flows = [dynamics.gradient_flow(spectrum, sphere.harmonic(k)) for k in range(1, 31)]
# times = [[flow.time_to_reach(0.2, half).time for half in (low, high)] for flow in flows]
# quotients = np.divide(*np.transpose(times))
# ```
#
# <details><summary>Hint 1</summary>
#
# The lecture measures how the gap closes. Against which variable are late quotients nearly a line?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Even and odd degrees lie on two curves, and the first degrees on neither.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "density-ratio", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def density_ratio(quotients: np.ndarray) -> float:
    """The ratio of densities to which measured quotients of learning times tend.

    Parameters
    ----------
    quotients : ndarray, shape (K,)
        Sparse over dense half, of degrees κ = 1, 2, ..., K; K >= 24.

    Returns
    -------
    float
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-density-ratio", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.density_ratio(density_ratio)

# %% [markdown]
# **See it.** Your estimate beside the last quotient, for three densities and two thresholds. How sure can you be of a
# ratio that you do not know: which change of your method would tell you?

# %%
rows = {}
for ratio in (2, 3, 4):
    halves = sphere.hemispheres(ratio)
    spectrum = sphere.solve(TwoLayerNTK(), halves, None, orders=(0,), degree=90)
    low, high = (region.contains(spectrum.points) for region in halves.regions)
    flows = [dynamics.gradient_flow(spectrum, sphere.harmonic(k)) for k in range(1, 31)]
    for threshold in (0.3, 0.1):
        times = [[f.time_to_reach(threshold, half).time for half in (low, high)] for f in flows]
        quotients = np.divide(*np.transpose(times))
        rows[ratio, threshold] = [quotients[-1], density_ratio(quotients)]
pd.DataFrame(rows, index=["last quotient", "your estimate"]).T.rename_axis(["ratio", "δ"]).round(3)
