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
# # Assignment: What depth changes
#
# Three exercises, 55 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint. Networks have no bias here, and all layers are trained.

# %%
import numpy as np
import pandas as pd

from ntklab import fredholm
from ntklab.course.checks import depth as checks
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import ONE_TWO_FOUR, depth
from ntklab.kernels import DeepNTK

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 1 · The kink of another activation
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 3 marks
#
# The law $\lambda_\kappa \approx |k'(0)|/\pi\kappa^2$ comes from the kink of the kernel at angle 0, and that from
# the corner of ReLU. Take an activation with another corner:
#
# $$\sigma(u) = \begin{cases} b\,u & u > 0 \\ a\,u & u \le 0 \end{cases}
# \qquad\text{with } c_\sigma = \frac{1}{\mathbb E[\sigma(z)^2]} \text{ in place of 2 in equation (3).}$$
#
# $a = 0$ is ReLU, $a = 0.1,\ b = 1$ is called leaky ReLU, $-a = b$ is $|u|$, $a = b$ a linear network.
#
# **Before you code:** what is the kink of a linear network? What happens to the kernel when $\sigma$
# is doubled, and what when $a$ and $b$ are exchanged? Which activation has the strongest kink?
#
# Derive $k'(0)$ for $L$ hidden layers. The recursion is that of the lecture, with
# $\dot\Sigma^{(h)} = c_\sigma\,\mathbb E[\dot\sigma(u)\dot\sigma(v)]$ in place of $1 - \theta_{h-1}/\pi$.
#
# <details><summary>Hint 1</summary>
#
# $\dot\sigma$ takes only two values. With which probability do the pre-activations $u, v$ of two inputs at
# a small angle $\varphi$ have different signs? What is $\dot\sigma(u)\dot\sigma(v)$ then, and what otherwise?
#
# </details>
# <details><summary>Hint 2</summary>
#
# $c_\sigma$ is such that $\dot\Sigma^{(h)} = 1$ at angle 0. The correlations $\rho_h = \cos\theta_h$ are flat there.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "kink", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def kink(below: float, above: float, hidden_layers: int) -> float:
    """Slope k'(0) of the tangent kernel at angle 0.

    Parameters
    ----------
    below, above : float
        a and b, slopes of σ left and right of 0; not both 0.
    hidden_layers : int
        L, at least 1.

    Returns
    -------
    float
        Per radian.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-kink", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.kink(kink)

# %% [markdown]
# **See it.** One hidden layer at $\kappa = 100$, the eigenvalue by a Fourier transform of nothing but $\sigma$
# and $\dot\sigma$, beside the law with your kink (even frequencies count both ends, hence the 2). Which
# network learns fine detail fastest? Why can nobody learn it with the last one?

# %%
t = 2 * np.pi * (np.arange(2**15) + 0.5) / 2**15
rows = {}
for name, a, b in [("ReLU", 0, 1), ("leaky", 0.1, 1), ("|u|", -1, 1), ("linear", 1, 1)]:
    slope = np.where(np.cos(t) > 0, b, a)
    powers = [np.abs(np.fft.rfft(f)) ** 2 for f in (slope * np.cos(t), slope)]
    outer, inner = (np.fft.irfft(power) / len(t) for power in powers)  # means over directions
    profile = 2 / (a**2 + b**2) * (2 * outer + np.cos(t - t[0]) * inner)
    computed = np.fft.rfft(profile).real[100] / len(t)
    rows[name] = [kink(a, b, 1), computed, 2 * abs(kink(a, b, 1)) / (np.pi * 100**2)]
pd.DataFrame.from_dict(rows, "index", columns=["kink", "λ computed", "λ law"]).map("{:.4g}".format)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 15}
# ## Exercise 2 · Places before waves
#
# > difficulty ●●●○○ · importance ●●●●○ · 15 minutes · 3 marks
#
# A target holds two waves of the same size, $\cos\kappa_1 x + \cos\kappa_2 x$ with $\kappa_1 < \kappa_2$, both even. The data
# lie in two regions, and one is $c$ times as dense as the other. By the local law each wave is learned in
# each region at a rate of its own, $\eta\,p\,k_\kappa$, where $k_\kappa = 2\pi\lambda_\kappa$ and $\lambda_\kappa$ is the
# eigenvalue under uniform data.
#
# A shallow network learns waves in their order: first the slow one, even where data are sparse. A
# very deep one learns places in their order: first the dense one, fast wave and all. **From how many
# hidden layers on is the fast wave in the dense region learned before the slow wave in the sparse
# one?**
#
# **Before you code:** put $\lambda_\kappa \propto \kappa^{-2}$ in. For which contrasts $c$ does the dense region win
# then? What does depth do in this answer, and for which frequencies may you trust it?
#
# `DeepNTK(L).harmonic_eigenvalues([...])` gives $\lambda_\kappa$ of $L$ hidden layers. No answer asked for is
# beyond 30.
#
# <details><summary>Hint 1</summary>
#
# Compare the two rates. What do they share?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Your loop runs for ever? Then look at which eigenvalues it uses: the law of the kink does not know
# of waves longer than the peak of the kernel.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "dense-first", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def dense_first(slow: int, fast: int, contrast: float) -> int:
    """Least number of hidden layers with which the dense region's fast wave comes first.

    Parameters
    ----------
    slow, fast : int
        κ_1 < κ_2, both even.
    contrast : float
        c > 1, density of the dense region over that of the sparse one.

    Returns
    -------
    int
        L, at least 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-dense-first", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.dense_first(dense_first)

# %% [markdown]
# **See it.** No local law here but exact dynamics, under 1 : 2 : 4: the time until the fast wave is
# learned in the densest region, over that until the slow one is in the sparsest. Where it falls below
# 1 dense places come first. How far is that from your answer, and why not the same?

# %%
print("your answer:", dense_first(4, 12, 4.0))
rows = {}
for L in (2, 10, 40):
    times = depth.learning_times(ONE_TWO_FOUR, (4, 12), DeepNTK(L))
    times = times.pivot(index="frequency", columns="region", values="time")
    rows[L] = [times.loc[12, 2], times.loc[4, 0], times.loc[12, 2] / times.loc[4, 0]]
columns = ["κ = 12, dense", "κ = 4, sparse", "ratio"]
pd.DataFrame(rows, index=columns).T.rename_axis("hidden layers").round(2)

# %% [markdown] exercise={"difficulty": 3, "importance": 3, "minutes": 20}
# ## Exercise 3 · How many layers made this spectrum?
#
# > difficulty ●●●○○ · importance ●●●○○ · 20 minutes · 4 marks
#
# You are given the largest 121 eigenvalues of $(Tf)(x) = \int k(x, z)\,p(z)\,f(z)\,dz$, in descending
# order, and the density $p$. The kernel is that of a ReLU network with 2 to 12 hidden layers. How
# many?
#
# **Before you code:** one layer more under the same data makes the eigenvalues larger. What does
# another density do to them? Is there anything of $L$ in the spectrum that no density changes?
#
# <details><summary>Hint 1</summary>
#
# Eigenvalue 0 belongs to $q = 0$. To which $q$ do numbers 1 and 2 belong, to which 119 and 120?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The lecture's section on uneven data has one law with $k'(0)$, $Z$ and $q$ in it. Which end of the
# spectrum obeys it? (Or do without $p$: what is the sum of all eigenvalues?)
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "count-layers", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def count_layers(eigenvalues: np.ndarray, pdf) -> int:
    """Number of hidden layers of the ReLU network with these eigenvalues.

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        The largest eigenvalues of T, k odd, descending.
    pdf : callable
        p(x) in 1/radian for an array of angles x; ∫ p = 1.

    Returns
    -------
    int
        L.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-count-layers", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.count_layers(count_layers)

# %% [markdown]
# **See it.** Two depths within those that were asked for and two beyond, and also fewer eigenvalues. In which direction
# does the answer go wrong, from which depth on, and what would you have to know to do better?

# %%
densities = {"1:2:4": ONE_TWO_FOUR, "1:20:1": PiecewiseConstant.equal_pieces([1, 20, 1])}
table = {
    (name, f"{count} eigenvalues"): [
        count_layers(fredholm.solve(DeepNTK(L), p, count).eigenvalues, p.pdf)
        for L in (2, 10, 20, 40)
    ]
    for name, p in densities.items()
    for count in (41, 121)
}
pd.DataFrame(table, index=pd.Index((2, 10, 20, 40), name="hidden layers"))

# %% [markdown]
# ## What to take away
#
# - How well a network learns fine detail is decided by the corner of its activation. The corner
#   counts in every layer, and more in each than in the one before.
# - Below the number of layers there is little order among waves. There the density decides.
# - The high end of a spectrum reveals the depth to those who know the density. The sum of *all* eigenvalues, $\int k(x, x)\,p\,dx = L + 1$,
#   reveals it to anybody.
