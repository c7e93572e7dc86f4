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
# <details><summary>Hint</summary>
#
# There is a distribution of vectors in space that looks the same from all directions. Its name is on
# every banknote of the old German mark.
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

# %% [markdown] exercise={"difficulty": 3, "importance": 3, "minutes": 15}
# ## Exercise 3 · When is the law good enough?
#
# > difficulty ●●●○○ · importance ●●●○○ · 15 minutes · 4 marks
#
# The ratio of learning times in two halves tends to the ratio of their densities. For $\kappa = 1, 2, \dots$
# you are given the measured ratios of times. **From which $\kappa$ on** are they within a relative tolerance
# of the ratio of densities?
#
# **Before you code:** look at the table of lecture 7. Do the ratios rise steadily? What would a
# colleague object to who only looked for the first good value?
#
# <details><summary>Hint</summary>
#
# Look for the last one that is *not* good.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "good-from", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def good_from(quotients: np.ndarray, ratio: float, tolerance: float) -> int:
    """The κ from which on all quotients are within a relative tolerance of the ratio.

    Parameters
    ----------
    quotients : ndarray, shape (K,)
        Of κ = 1, 2, ..., K; the last one is within the tolerance.
    ratio : float
        Of the densities, > 0.
    tolerance : float
        Relative, > 0.

    Returns
    -------
    int
        κ, from 1 to K.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")



# %% nbgrader={"grade": true, "grade_id": "check-good-from", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.good_from(good_from)

# %% [markdown]
# **See it.** The answer for three densities and two tolerances, from the exact spectrum. What does half
# the tolerance cost? Is that what a gap $\sim 1/\kappa$ predicts?

# %%
rows = {}
for ratio in (2, 3, 4):
    halves = sphere.hemispheres(ratio)
    spectrum = sphere.solve(TwoLayerNTK(), halves, None, orders=(0,), degree=90)
    low, high = (region.contains(spectrum.points) for region in halves.regions)
    flows = [dynamics.gradient_flow(spectrum, sphere.harmonic(k)) for k in range(1, 41)]
    times = [[f.time_to_reach(0.05, half).time for half in (low, high)] for f in flows]
    quotients = np.divide(*np.transpose(times))
    rows[f"1 : {ratio}"] = [good_from(quotients, ratio, t) for t in (0.2, 0.1, 0.05)]
pd.DataFrame(rows, index=["20 %", "10 %", "5 %"]).rename_axis("within")
