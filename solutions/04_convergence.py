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

# %% [markdown] exercise={"difficulty": 2, "importance": 5, "minutes": 10}
# ## Exercise 1 · The worst amount of data
#
# > difficulty ●●○○○ · importance ●●●●● · 10 minutes · 2 marks
#
# The theorem says $\kappa^2/p^*$. So take the data of one region away, bit by bit: does the time grow
# without end? Let the region have the length $\ell$ and the share $P$ of all data. Everything outside it is
# learned long before, and inside it the local law holds: the root mean square of the error is
# $e^{-\eta p k t}/\sqrt2$, with $p = P/\ell$ and $k = 1/\pi\kappa^2$, the coefficient of the kernel (11) at odd
# $\kappa \ge 3$. The error over the whole circle, in $L^2(p)$, is to come down to $\delta$.
#
# **Before you code:** sketch $t$ against $P$, from much data to none. Below which $P$ need the region not be
# learned at all? So what must the curve do before?
#
# Then prove it: **at which share $P$ does it take longest, and how large is $\eta t$ there?** Does either
# depend on $\kappa$?
#
# <details><summary>Hint 1</summary>
#
# In $L^2(p)$ a region counts with its share: $P$ times its mean square is all that is left of
# $\|g - u\|^2$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Solve for $t$. At the longest time its derivative by $P$ is zero, and the logarithm becomes a number that
# you know.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "worst-share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def worst_share(frequency: int, length: float, threshold: float) -> np.ndarray:
    """The share of the data at which a region takes longest, and the longest time.

    Parameters
    ----------
    frequency : int
        κ, odd, at least 3.
    length : float
        ℓ in radians.
    threshold : float
        δ, of the error over the circle in L²(p); small.

    Returns
    -------
    ndarray, shape (2,)
        P and ηt.
    """
    ### BEGIN SOLUTION
    # t = log(P/2δ²)/(2 P k/ℓ), and dt/dP = 0 where the logarithm is 1
    share = 2 * np.e * threshold**2
    rate = share / length / (np.pi * frequency**2)
    return np.array([share, 1 / (2 * rate)])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-worst-share", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.worst_share(worst_share)

# %% [markdown]
# **See it.** Exact times over the circle while one region of three loses its data, $\delta = 0.1$. How far off is your
# prediction, and which of its two assumptions is to blame? So what does the theorem's $1/p^*$ say in this norm?

# %%
density, kernel = PiecewiseConstant.equal_pieces([1, 2, 4]), TwoLayerNTK()
exact = {}
for weight in (1, 0.4, 0.2, 0.12, 0.1, 0.08, 0.05, 0.03, 0.01):
    thin = PiecewiseConstant.equal_pieces([weight, 1, 1])
    wave = lambda x: np.cos(9 * x)  # noqa: E731
    flow = dynamics.gradient_flow(fredholm.resolve(kernel, thin, wave, 0.03), wave)
    exact[weight / (weight + 2)] = flow.time_to_reach(0.1).time
print("predicted: P = {:.3f}, ηt = {:.0f}".format(*worst_share(9, 2 * np.pi / 3, 0.1)))
pd.Series(exact, name="exact ηt").rename_axis("P").rename(lambda P: f"{P:.3f}").round(0)

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


# %% nbgrader={"grade": false, "grade_id": "reciprocal-tail", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reciprocal_tail(n: int) -> float:
    """Σ_{i>n} 1/q_i² with q_i = ⌊i/2⌋, for n >= 1."""
    ### BEGIN SOLUTION
    q = np.arange(1, n // 2 + 1)
    beyond = np.pi**2 / 6 - np.sum(1 / q**2)
    left_over = 1 / (n // 2) ** 2 if n % 2 == 0 else 0.0
    return 2 * beyond + left_over
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-reciprocal-tail", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
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

# %% [markdown] exercise={"difficulty": 3, "importance": 5, "minutes": 20}
# ## Exercise 3 · No fewer will do
#
# > difficulty ●●●○○ · importance ●●●●● · 20 minutes · 4 marks
#
# Our proof in three lines bounds the time from above, and needs no eigenfunction. Is there a bound from
# below that needs none either? Here is one, for training that starts at $u^{(0)} = 0$; prove it:
#
# $$\|g - u^{(t)}\| \;\ge\; \|g\|\,(1 - \eta\bar\lambda)^t , \qquad
# \bar\lambda = \frac{\sum_i \lambda_i g_i^2}{\sum_i g_i^2} \qquad (t \ge 1,\ \eta\lambda_1 \le 1).$$
#
# The bound is as useful as $\bar\lambda$ is easy to get. **Write $\bar\lambda$ without eigenvalues or eigenfunctions, and
# from it the number of iterations that $g = \cos\kappa x$ needs at least** until its error is $\delta$, for any
# kernel profile $K$ and any density.
#
# **Before you code:** what is $\bar\lambda$ under uniform data, and how good is the bound there? What does the
# mean of $f(\lambda)$ have to do with $f$ of the mean, for a convex $f$?
#
# An even grid over the circle will do; one per cent is enough.
#
# <details><summary>Hint 1</summary>
#
# $g_i^2/\|g\|^2$ are weights that add up to 1. Which function of $\lambda$ has $\|g - u^{(t)}\|^2/\|g\|^2$ for its mean? Is
# it convex? (Jensen.)
#
# </details>
# <details><summary>Hint 2</summary>
#
# $\sum_i \lambda_i g_i^2 = \langle g, Tg\rangle$ in $L^2(p)$. Write it as a double integral, and both integrals as sums over the grid. How
# often does $p$ appear in it?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "certainly-needed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def certainly_needed(
    profile, pdf, frequency: int, learning_rate: float, threshold: float
) -> float:
    """Iterations before which the error of cos κx in L²(p) cannot be δ.

    Parameters
    ----------
    profile : callable
        K(θ) for an array of angles θ in [0, π].
    pdf : callable
        p(x) in 1/radian for an array of angles in [-π, π).
    frequency : int
        κ, 1 to 8.
    learning_rate : float
        η of the mean loss, ηλ_1 < 1.
    threshold : float
        δ, below ‖cos κx‖.

    Returns
    -------
    float
        Not rounded to whole iterations.
    """
    n = 720
    x = -np.pi + 2 * np.pi * (np.arange(n) + 0.5) / n
    gap = np.abs(x[:, None] - x)
    theta = np.minimum(gap, 2 * np.pi - gap)
    ### BEGIN SOLUTION
    g, weight = np.cos(frequency * x), pdf(x) * 2 * np.pi / n
    square = weight @ g**2
    mean = (weight * g) @ profile(theta) @ (weight * g) / square
    return np.log(np.sqrt(square) / threshold) / -np.log(1 - learning_rate * mean)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-certainly-needed", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
checks.certainly_needed(certainly_needed)

# %% [markdown]
# **See it.** The truth between two bounds, neither of which knows an eigenfunction: yours, and
# $S/e\eta\delta$ from our three lines. Under which density is yours sharp, and why must it lose when some places learn faster than others?

# %%
rows = {}
for weights in ([1], [1, 2], [1, 2, 4], [1, 20]):
    p = PiecewiseConstant.equal_pieces(weights)
    wave = lambda x: np.cos(5 * x)  # noqa: E731
    flow = dynamics.gradient_descent(fredholm.resolve(kernel, p, wave, 0.01), wave, 1.0)
    source = bounds.source(kernel, p, 5)
    rows[" : ".join(map(str, weights))] = [
        certainly_needed(kernel.profile, p.pdf, 5, 1.0, 0.1),
        flow.time_to_reach(0.1).time,
        bounds.iterations(0.1, 1.0, source),
    ]
pd.DataFrame(rows, index=["at least", "exact", "S/eηδ"]).T.rename_axis("density").round(0)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 15}
# ## Exercise 4 · The exact iteration, without iterating
#
# > difficulty ●●●○○ · importance ●●●●○ · 15 minutes · 4 marks
#
# A bound is a bound. At infinite width and from $u^{(0)} = 0$ equation (8) gives the error itself, $\sqrt{\sum_i (1-\eta\lambda_i)^{2t} g_i^2}$. Find the first whole $t$
# at which it is at most $\delta$. That may be beyond $10^9$, so stepping is hopeless; and some targets are never
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


# %% nbgrader={"grade": false, "grade_id": "iterations-needed", "locked": false, "schema_version": 3, "solution": true, "task": false}
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
    ### BEGIN SOLUTION
    log = np.log1p(-learning_rate * eigenvalues)

    def error(t):
        return np.sqrt(np.sum((np.exp(t * log) * g) ** 2))

    if error(0) <= threshold:
        return 0
    if np.linalg.norm(g[eigenvalues == 0]) > threshold:
        return -1
    low, high = 0, 1
    while error(high) > threshold:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if error(middle) <= threshold:
            high = middle
        else:
            low = middle
    return high
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-iterations-needed", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
checks.iterations_needed(iterations_needed)

# %% [markdown]
# **See it.** Exact iterations over the circle for 1 : 2 : 4, and the bound $S/e\eta\delta$ of our three lines, for a
# $\delta$ that becomes ten times smaller. Which of the two grows faster, and what would $\log 1/\delta$ do?

# %%
rows, source = {}, bounds.source(kernel, density, 5)
for delta in (0.1, 0.03, 0.01):
    wave = lambda x: np.cos(5 * x)  # noqa: E731
    spectrum = fredholm.resolve(kernel, density, wave, 0.1 * delta)
    exact = iterations_needed(spectrum.eigenvalues, spectrum.project(wave), 1.0, delta)
    rows[delta] = [exact, bounds.iterations(delta, 1.0, source)]
pd.DataFrame(rows, index=["exact", "bound"]).T.rename_axis("δ").round(0)

# %% [markdown]
# ## What to take away
#
# - In $L^2(p)$ a sparse region counts little: the time has a maximum, at a share of a few $\delta^2$, and then falls.
# - A printed constant is worth a check by computer, before and after the check on paper.
# - One number between two inequalities: a mean eigenvalue below, a source above, and no eigenfunction in either.
# - When the exact curve is a sum of a few hundred terms, compute it; keep bounds for understanding.
