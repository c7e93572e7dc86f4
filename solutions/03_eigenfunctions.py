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
# # Assignment: Eigenfunctions under non-uniform density
#
# Three exercises, 50 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint. The equations (9)–(17) are those of the lecture.

# %%
import numpy as np
import pandas as pd

from ntklab import fredholm
from ntklab.asymptotics import eigenvalue_printed
from ntklab.course.checks import eigenfunctions as checks
from ntklab.densities import PiecewiseConstant, TrigPolynomial, uniform
from ntklab.kernels import TwoLayerNTK

# %% [markdown] exercise={"difficulty": 1, "importance": 5, "minutes": 5}
# ## Exercise 1 · How fast, and where?
#
# > difficulty ●○○○○ · importance ●●●●● · 5 minutes · 2 marks
#
# The circle is cut into arcs of lengths $\ell_1, \ell_2, \dots$, and the density is a constant
# $p_j$ on each. By (12) both eigenfunctions of pair $q$ (numbers $2q - 1$ and $2q$) follow
# $\cos(q\,\Psi(x)/Z + b)$, with another $b$ for each. On every arc that is a plain sinusoid.
#
# **Before you code:** for three equal arcs with densities 1 : 2 : 4, write down how the three
# frequencies relate. How many periods does the eigenfunction make in one turn of the circle,
# whatever the density?
#
# Then write the function that predicts the frequency on every arc, for any arcs.
#
# <details><summary>Hint 1</summary>
#
# A frequency is the slope of the phase. What is the slope of $\Psi$ on an arc?
#
# </details>
# <details><summary>Hint 2</summary>
#
# $Z$ is the one number that makes $\Psi/Z$ fit the circle. Long arcs count for more in it.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "local-frequencies", "locked": false, "schema_version": 3, "solution": true, "task": false}
def local_frequencies(q: int, lengths: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Frequency of the eigenfunctions of pair q on every arc, by (12).

    Parameters
    ----------
    q : int
        Number of the pair, at least 1.
    lengths : ndarray, shape (l,)
        Lengths of the arcs in radians; they add up to 2π.
    p : ndarray, shape (l,)
        Density on every arc in 1/radian; ∫ p = 1.

    Returns
    -------
    ndarray, shape (l,)
        Radians of phase per radian of x: cos 4x has frequency 4.
    """
    ### BEGIN SOLUTION
    root = np.sqrt(p)
    Z = root @ lengths / (2 * np.pi)
    return q * root / Z
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-local-frequencies", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.local_frequencies(local_frequencies)

# %% [markdown]
# **See it.** The prediction beside the frequency measured, by FFT, in the computed eigenfunctions.
# From which $q$ on do you trust (12)?

# %%
density = PiecewiseConstant.equal_pieces([1, 2, 4])
spectrum = fredholm.solve(TwoLayerNTK(), density, 50)
lengths = np.array([region.length for region in density.regions])
measured = np.array([spectrum.local_frequency(region) for region in density.regions])
rows = {
    (q, arc): [local_frequencies(q, lengths, density.values)[arc], measured[arc, 2 * q]]
    for q in (3, 6, 12, 24)
    for arc in range(3)
}
pd.DataFrame(rows, index=["predicted", "measured"]).T.rename_axis(["q", "arc"]).round(2)

# %% [markdown] exercise={"difficulty": 2, "importance": 3, "minutes": 15}
# ## Exercise 2 · Is (17) right where everything can be computed?
#
# > difficulty ●●○○○ · importance ●●●○○ · 15 minutes · 3 marks
#
# Under the uniform density the eigenfunctions of (10) are exactly $\cos qx$ and $\sin qx$, so every
# eigenvalue can be computed to as many digits as you please, with no eigen-solver at all. Do it,
# and divide by what (17) prints.
#
# Your function takes the kernel as its `profile`, $K(\theta)$ for the angle
# $\theta \in [0, \pi]$, so that you can try kernels with other constants and without bias. The
# values that (17) prints are there already.
#
# <details><summary>Hint 1</summary>
#
# If $T\cos(q\,\cdot) = \lambda_q \cos(q\,\cdot)$, one well-chosen point $x$ is enough to read
# $\lambda_q$ off.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The integrand is smooth on $[0, \pi]$, but not across 0. Gauss–Legendre nodes
# (`np.polynomial.legendre.leggauss`), or `scipy.integrate.quad`, give many digits there.
#
# </details>
# <details><summary>Hint 3</summary>
#
# $T$ has three ingredients: the kernel, the density, and a circle with two halves.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "true-over-printed", "locked": false, "schema_version": 3, "solution": true, "task": false}
def true_over_printed(profile, q: np.ndarray) -> np.ndarray:
    """True eigenvalue λ_q over the one that (17) prints, under the uniform density.

    Parameters
    ----------
    profile : callable
        K(θ) of the kernel, for an array of angles θ in [0, π].
    q : ndarray of int, shape (k,)
        Frequencies, 0 or more, up to 8.

    Returns
    -------
    ndarray, shape (k,)
        To three digits at least.
    """
    printed = eigenvalue_printed(q, uniform().Z)
    ### BEGIN SOLUTION
    nodes, weights = np.polynomial.legendre.leggauss(64)
    theta, weights = np.pi * (nodes + 1) / 2, np.pi * weights / 2
    half = np.cos(np.outer(q, theta)) @ (weights * profile(theta))
    p = 1 / (2 * np.pi)
    true = 2 * p * half
    return true / printed
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-true-over-printed", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.true_over_printed(true_over_printed)

# %% [markdown]
# **See it.** The kernel (11), with the constant of (7) and with the one that the gradients of (6)
# give. Could another constant in front of the kernel save (17)? What does the kernel without bias
# do at odd $q$?

# %%
q = np.arange(9)
kernels = {
    "1/4π": TwoLayerNTK(),
    "1/2π": TwoLayerNTK(normalization="network"),
    "1/4π, no bias": TwoLayerNTK(bias=False),
}
table = {name: true_over_printed(kernel.profile, q) for name, kernel in kernels.items()}
pd.DataFrame(table, index=pd.Index(q, name="q")).round(4)

# %% [markdown] exercise={"difficulty": 4, "importance": 5, "minutes": 30}
# ## Exercise 3 · One operator, one matrix
#
# > difficulty ●●●●○ · importance ●●●●● · 30 minutes · 5 marks
#
# Density and kernel meet in $(Tf)(x) = \int k(x, z)\,p(z)\,f(z)\,dz$. Turn it into a matrix, from
# nothing but NumPy: no call to `ntklab`, and no random points. On the even grid
# $x_i = -\pi + 2\pi(i + \tfrac12)/n$ replace the integral by a sum (Nyström's method), such that
#
# - the eigenvalues of the matrix approximate those of $T$: the first six within 1 % at $n = 300$;
# - the matrix is **symmetric**, so that `np.linalg.eigvalsh` may be used;
# - row and column $i$ belong to the point $x_i$: entry $ij$ is $k(x_i, x_j)$ times something that
#   depends on the density;
# - the kernel is (11): $K(\theta) = (1 + \cos\theta)(\pi - \theta)/4\pi$ for the angle
#   $\theta \in [0, \pi]$ between the two points.
#
# **Before you code:** the trace of a matrix is the sum of its eigenvalues. What must it be here,
# and does it depend on the density?
#
# <details><summary>Hint 1</summary>
#
# How far apart are the first and the last point of the grid, on the circle?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The plain sum gives $A_{ij} = K_{ij}\,w_j$ with one weight $w_j$ per point, holding both the
# density and the width of a cell. With $D = \operatorname{diag}(w)$ that is $A = KD$. What can be
# moved from right to left without changing the eigenvalues, such that both sides look alike?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "operator-matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def operator_matrix(pdf, n: int) -> np.ndarray:
    """A symmetric matrix whose eigenvalues approximate those of T.

    Parameters
    ----------
    pdf : callable
        p(x) in 1/radian for an array of angles x; ∫ p = 1.
    n : int
        Number of grid points.

    Returns
    -------
    ndarray, shape (n, n)
    """
    x = -np.pi + 2 * np.pi * (np.arange(n) + 0.5) / n
    ### BEGIN SOLUTION
    gap = np.abs(x[:, None] - x[None, :])
    theta = np.minimum(gap, 2 * np.pi - gap)
    kernel = (1 + np.cos(theta)) * (np.pi - theta) / (4 * np.pi)
    root = np.sqrt(pdf(x) * 2 * np.pi / n)
    return root[:, None] * kernel * root[None, :]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-operator-matrix", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
checks.operator_matrix(operator_matrix)

# %% [markdown]
# **See it.** How far the first six eigenvalues are from `fredholm.solve`, which is right to
# rounding. What happens to the error when $n$ doubles? Random points would gain a factor
# $\sqrt 2$ only (C08): what would it take to get the accuracy of $n = 600$ from those?

# %%
densities = {"1:2:4": density, "smooth": TrigPolynomial([0, -2 / 3])}
right = {name: fredholm.solve(TwoLayerNTK(), p, 6).eigenvalues for name, p in densities.items()}
sizes = [75, 150, 300, 600]
table = {
    name: [
        np.abs(np.linalg.eigvalsh(operator_matrix(p.pdf, n))[:-7:-1] / right[name] - 1).max()
        for n in sizes
    ]
    for name, p in densities.items()
}
pd.DataFrame(table, index=pd.Index(sizes, name="n"))

# %% [markdown]
# ## What to take away
#
# - Where there are more data an eigenfunction oscillates faster, but not in proportion; round the
#   whole circle it makes whole turns, whatever the density.
# - One case that can be computed exactly is enough to test a printed formula.
# - Density and kernel meet in one symmetric matrix, and its spectrum needs no random points.
