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
# # Assignment: How long does it take?
#
# Four exercises, 55 minutes, 12 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint. The equations are those of the lecture.

# %%
import numpy as np
import pandas as pd

from ntklab import bounds, dynamics, fredholm
from ntklab.course.checks import convergence as checks
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import TwoLayerNTK

# %% [markdown] exercise={"difficulty": 1, "importance": 5, "minutes": 10}
# ## Exercise 1 · On the back of an envelope
#
# > difficulty ●○○○○ · importance ●●●●● · 10 minutes · 2 marks
#
# Suppose that inside a region of density $p$ the wave $\cos\kappa x$ decays as if all of the circle had
# this density: an eigenfunction of eigenvalue $p\,k_\kappa$, with $k_\kappa = 1/(\pi\kappa^2)$ for the kernel (11) at
# odd $\kappa \ge 3$. After how much time has the root mean square of the error over the region come down
# to $\delta$?
#
# **Before you code:** a network needs 1000 iterations for $\kappa = 5$. How many for $\kappa = 10$? How many
# for a quarter of the data?
#
# Steps are small: take $(1 - \eta p k_\kappa)^t = e^{-\eta p k_\kappa t}$.
#
# <details><summary>Hint 1</summary>
#
# What is the root mean square of a cosine, before anything is learned?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "finishing-time", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def finishing_time(
    frequency: int, p: np.ndarray, learning_rate: float, threshold: float
) -> np.ndarray:
    """Iterations until each region has learned cos κx to rms δ, by the local law.

    Parameters
    ----------
    frequency : int
        κ, odd, at least 3.
    p : ndarray, shape (l,)
        Densities of the regions in 1/radian.
    learning_rate : float
        η of the mean loss.
    threshold : float
        δ, below 1/√2.

    Returns
    -------
    ndarray, shape (l,)
        Not rounded to whole iterations.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-finishing-time", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.finishing_time(finishing_time)

# %% [markdown]
# **See it.** The law beside exact times, three regions of 1 : 2 : 4. In which region is it worst, and on
# which side? What does that region wait for?

# %%
density, kernel = PiecewiseConstant.equal_pieces([1, 2, 4]), TwoLayerNTK()
rows = {}
for kappa in (3, 9, 19):
    wave = lambda x, kappa=kappa: np.cos(kappa * x)  # noqa: E731
    flow = dynamics.gradient_flow(fredholm.resolve(kernel, density, wave, 0.005), wave)
    exact = [flow.time_to_reach(0.05, region).time for region in density.regions]
    for j, law in enumerate(finishing_time(kappa, density.values, 1.0, 0.05)):
        rows[kappa, f"p = {density.values[j]:.3f}"] = [law, exact[j]]
pd.DataFrame(rows, index=["local law", "exact"]).T.round(0)

# %% [markdown] exercise={"difficulty": 2, "importance": 3, "minutes": 10}
# ## Exercise 2 · Every $q$ twice
#
# > difficulty ●●○○○ · importance ●●●○○ · 10 minutes · 2 marks
#
# The proof of the lemma needs $\sum_{i>n} 1/q_i^2$ with $q_i = \lfloor i/2 \rfloor$, and prints that it is below $1/q_n$.
# Compute the sum: to six digits, for any $n \ge 1$ up to $10^6$.
#
# **Before you code:** which $i$ have $q_i = 7$?
#
# <details><summary>Hint 1</summary>
#
# You cannot add up infinitely many terms, but Euler could: $\sum_{q\ge1} 1/q^2 = \pi^2/6$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# If $n$ is odd all terms with $q > \lfloor n/2\rfloor$ are left, each twice. And if $n$ is even?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "reciprocal-tail", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def reciprocal_tail(n: int) -> float:
    """Σ_{i>n} 1/q_i² with q_i = ⌊i/2⌋, for n >= 1."""
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-reciprocal-tail", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.reciprocal_tail(reciprocal_tail)

# %% [markdown]
# **See it.** The sum beside the printed bound and the right one. Show on paper that
# $1/s^2 < \int_{s-1/2}^{s+1/2} dx/x^2$, and that the right bound follows.

# %%
n = np.array([2, 3, 10, 11, 100, 101])
pd.DataFrame(
    {
        "sum": [reciprocal_tail(int(k)) for k in n],
        "printed": bounds.reciprocal_tail_printed(n),
        "right": bounds.reciprocal_tail(n),
    },
    index=pd.Index(n, name="n"),
).round(4)

# %% [markdown] exercise={"difficulty": 3, "importance": 5, "minutes": 15}
# ## Exercise 3 · The source
#
# > difficulty ●●●○○ · importance ●●●●● · 15 minutes · 4 marks
#
# The sharper proof rests on $g = Th$ with $h = g/(k_\kappa p)$, $g(x) = \cos\kappa x$ and
# $k_\kappa = \int_{-\pi}^{\pi} K(|\theta|)\cos\kappa\theta\,d\theta$. Everything then depends on one number,
# $S = \|h\|$ in $L^2(p)$. Write it, for any kernel profile $K$ and any density.
#
# **Before you code:** what is $S$ for the uniform density, where $g$ is an eigenfunction? How does $S$ grow
# when one region loses its data?
#
# Three digits are enough: an even grid over the circle, with some thousand points, will do.
#
# <details><summary>Hint 1</summary>
#
# $\|h\|^2 = \int h^2\,p\,dx$. How many powers of $p$ are left?
#
# </details>
# <details><summary>Hint 2</summary>
#
# On the grid $x_i = -\pi + 2\pi(i + \tfrac12)/n$ an integral over the circle is $2\pi$ times a mean.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "source-norm", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def source_norm(profile, pdf, frequency: int) -> float:
    """S = ‖cos κx/(k_κ p)‖ in L²(p).

    Parameters
    ----------
    profile : callable
        K(θ) for an array of angles θ in [0, π].
    pdf : callable
        p(x) in 1/radian, positive, for an array of angles in [-π, π).
    frequency : int
        κ >= 1.
    """
    n = 6000
    x = -np.pi + 2 * np.pi * (np.arange(n) + 0.5) / n
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-source-norm", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.source_norm(source_norm)

# %% [markdown]
# **See it.** $S/(e\eta\delta\sqrt P)$ for the sparsest region, times $p^*/\kappa^2$, as its data are taken away. To what does it
# tend? So what does the theorem say with its constant?

# %%
rows = {}
for weight in (1.0, 0.3, 0.1, 0.03, 0.01):
    thin = PiecewiseConstant.equal_pieces([weight, 1, 1])
    share = thin.minimum * 2 * np.pi / 3
    S = source_norm(kernel.profile, thin.pdf, 5)
    rows[thin.minimum] = S / (np.e * 0.05 * np.sqrt(share)) * thin.minimum / 25
pd.Series(rows, name="t η p*/κ²").rename_axis("p*").round(2)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 4 · The exact iteration, without iterating
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 4 marks
#
# A bound is a bound. Equation (8) gives the error itself, $\sqrt{\sum_i (1-\eta\lambda_i)^{2t} g_i^2}$. Find the first whole $t$
# at which it is at most $\delta$. That may be $10^9$, so stepping is out of the question; and some targets are never
# learned.
#
# **Before you code:** does the error fall with every step? What is left of it as $t \to \infty$?
#
# You may assume $\eta\lambda_1 < 1$.
#
# <details><summary>Hint 1</summary>
#
# Double $t$ until the error is small enough, then halve the interval.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `(1 - x) ** t` loses digits when $x$ is tiny. `np.exp(t * np.log1p(-x))` does not.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "iterations-needed", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def iterations_needed(
    eigenvalues: np.ndarray, g: np.ndarray, learning_rate: float, threshold: float
) -> int:
    """The first t with √Σ (1-ηλ_i)^{2t} g_i² <= δ; -1 if there is none.

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        λ_i >= 0, with ηλ_i < 1.
    g : ndarray, shape (k,)
        Coefficients of the target.
    learning_rate : float
        η.
    threshold : float
        δ > 0.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-iterations-needed", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.iterations_needed(iterations_needed)

# %% [markdown]
# **See it.** Exact iterations over the circle for 1 : 2 : 4, the bound of exercise 3, and their ratio. Then make
# $\delta$ ten times smaller. Which of the two grows faster, and what would $\log 1/\delta$ do?

# %%
rows = {}
for delta in (0.1, 0.03, 0.01):
    wave = lambda x: np.cos(5 * x)  # noqa: E731
    spectrum = fredholm.resolve(kernel, density, wave, 0.1 * delta)
    exact = iterations_needed(spectrum.eigenvalues, spectrum.project(wave), 1.0, delta)
    rows[delta] = [exact, source_norm(kernel.profile, density.pdf, 5) / (np.e * delta)]
pd.DataFrame(rows, index=["exact", "bound"]).T.rename_axis("δ").round(0)

# %% [markdown]
# ## What to take away
#
# - $\kappa^2/p$, region by region, is one line of algebra; the constant comes with it.
# - A printed constant is worth a check by computer, before and after the check on paper.
# - That the target lies in the range of the operator says more than any bound on single coefficients.
# - When the exact curve is a sum of a few hundred terms, compute it; keep bounds for understanding.
