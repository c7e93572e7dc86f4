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
# # Assignment: The two-layer kernel
#
# Three exercises, 45 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint. The equations (6)–(11) are those of the lecture.

# %%
import numpy as np
import pandas as pd

from ntklab.course.checks import two_layer as checks
from ntklab.kernels import TwoLayerNTK

# %% [markdown] exercise={"difficulty": 1, "importance": 4, "minutes": 5}
# ## Exercise 1 · What (11) forgets to say
#
# > difficulty ●○○○○ · importance ●●●●○ · 5 minutes · 2 marks
#
# In angles, the kernel of the two-layer network with bias is printed as
#
# $$k(x, z) = \frac{1}{4\pi}\,(\cos(x - z) + 1)\,(\pi - |x - z|). \tag{11}$$
#
# **Before you code:** draw $x$ and $z$ from $[-\pi, \pi)$ at random. For what share of all pairs
# does (11), read as it stands, give a negative number? Where on the circle do such pairs lie, and
# can the gradients at two such points have a negative inner product?
#
# Write the kernel so that it is right for any two real numbers, even 100 turns apart.
#
# <details><summary>Hint</summary>
#
# (7) contains the angle between two vectors. Between which bounds does it lie?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "circle-kernel", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def circle_kernel(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """k(x, z) of equation (11), right for any angles.

    Parameters
    ----------
    x, z : ndarray, shape (k,)
        Angles in radians, any real numbers.

    Returns
    -------
    ndarray, shape (k,)
        One value per pair.
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-circle-kernel", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.circle_kernel(circle_kernel)

# %% [markdown]
# **See it.** The first eigenvalues at 300 even points of the circle, divided by 300, from (11) as
# printed and from yours. Under the uniform density the spectrum must be one eigenvalue for the
# constant function and then pairs, for $\cos\kappa x$ and $\sin\kappa x$. Which of the two has that form? The
# eigenvectors of the other one are $\cos\frac x2, \sin\frac x2, \cos\frac{3x}2, \dots$: what are
# these after a whole turn?

# %%
n = 300
x, z = np.meshgrid(*[2 * np.pi * np.arange(n) / n - np.pi] * 2)
kernels = {
    "(11) as printed": (np.cos(x - z) + 1) * (np.pi - np.abs(x - z)) / (4 * np.pi),
    "yours": circle_kernel(x.ravel(), z.ravel()).reshape(n, n),
}
first = {name: np.linalg.eigvalsh(matrix)[:-8:-1] / n for name, matrix in kernels.items()}
pd.DataFrame(first).T.round(5)

# %% [markdown] exercise={"difficulty": 3, "importance": 4, "minutes": 20}
# ## Exercise 2 · Where the biases start
#
# > difficulty ●●●○○ · importance ●●●●○ · 20 minutes · 4 marks
#
# Derive a kernel that no slide shows. The network is (6) with $a_r = \pm 1$ fixed, $w_r$ and $b_r$
# trained, $w_r \sim N(0, I)$. But the biases start from $b_r \sim N(0, s^2)$ instead of 0:
#
# $$f(x) = \frac{1}{\sqrt m}\sum_{r=1}^m a_r\,\sigma(w_r\cdot x + b_r).$$
#
# For $m \to \infty$ the kernel (2) of two unit vectors at the angle $\theta$ becomes a function of
# $\theta$ and $s$. At $s = 0$ it must be the kernel of (6), with the constant that the gradients of
# (6) really give.
#
# **Before you code:** how likely is it that a neuron is active at a given point, and does that
# depend on $s$? What is left of the kernel when $s$ is very large? Which functions does it learn?
#
# A closed form takes two or three lines. A numerical average good to three digits counts as well;
# with random draws that takes a few million.
#
# <details><summary>Hint 1</summary>
#
# Every neuron adds the product of its gradients by $w_r$ and by $b_r$ at the two points. All of
# them have the same factor in front of "active at both".
#
# </details>
# <details><summary>Hint 2</summary>
#
# $(w, b/s)$ is a Gaussian vector without preferred direction, and
# $w\cdot x + b = (w, b/s)\cdot(x, s)$.
#
# </details>
# <details><summary>Hint 3</summary>
#
# All directions that are on the positive side of two vectors make up a wedge. Its share of the
# whole follows from the angle between the two, in any dimension. How long are $(x, s)$ and
# $(x', s)$, and how far apart?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "spread-kernel", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def spread_kernel(theta: np.ndarray, spread: float) -> np.ndarray:
    """Kernel (2) of the network (6) of infinite width whose biases start from N(0, s²).

    Parameters
    ----------
    theta : ndarray, shape (k,)
        Angles between two unit vectors, in [0, π].
    spread : float
        s >= 0, the standard deviation of the biases at the start.

    Returns
    -------
    ndarray, shape (k,)
    """
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-spread-kernel", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.spread_kernel(spread_kernel)

# %% [markdown]
# **See it.** The eigenvalues under the uniform density, by $s$. The first column is twice the
# spectrum of (11): why? Does a spread of the biases help the high frequencies or hurt them?

# %%
theta = np.pi * (np.arange(4096) + 0.5) / 4096
kappa = np.arange(9)
basis = np.cos(np.outer(kappa, theta)) / 4096
table = {s: basis @ spread_kernel(theta, s) for s in (0.0, 0.3, 1.0, 3.0, 100.0)}
pd.DataFrame(table, index=pd.Index(kappa, name="κ")).rename_axis("s", axis=1).round(6)

# %% [markdown] exercise={"difficulty": 3, "importance": 5, "minutes": 20}
# ## Exercise 3 · What is never learned
#
# > difficulty ●●●○○ · importance ●●●●● · 20 minutes · 4 marks
#
# The network has **no bias**: its kernel is $\cos\theta\,(\pi - \theta)/2\pi$. The data are $n$
# even points of the circle, $x_i = 2\pi i/n$, $n$ even, with targets $y_i$. Gradient descent starts
# from $u = 0$ and goes on for ever.
#
# Write the function that gives what is left, $y - u^{(\infty)}$, for any targets and any even
# $n \geq 8$.
#
# **Before you code:** what is left of $\cos 2x$, of $\sin 3x$, of $\cos x + \cos 5x$? Of
# $y = 1$ on one half of the circle and $-1$ on the other?
#
# <details><summary>Hint 1</summary>
#
# Read the eigenvalues of the kernel without bias in the lecture. What does (22) do to a part of $y$
# whose eigenvalue is 0?
#
# </details>
# <details><summary>Hint 2</summary>
#
# You need no eigen-solver. What becomes of $\cos\kappa x$, and of $\sin\kappa x$, half a turn further? Half a
# turn is $n/2$ places: `np.roll`. A Fourier transform is another good way.
#
# </details>
# <details><summary>Hint 3</summary>
#
# One frequency is the exception to the rule. It has a cosine and a sine.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "never-learned", "locked": false, "schema_version": 3, "solution": true, "task": false} deletable=false
def never_learned(y: np.ndarray) -> np.ndarray:
    """What is left of the targets after endless training without bias.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Targets at the even points 2πi/n, n even, at least 8.

    Returns
    -------
    ndarray, shape (n,)
        y - u(∞) at the same points.
    """
    n = len(y)
    x = 2 * np.pi * np.arange(n) / n
    # YOUR CODE HERE
    raise NotImplementedError("write your answer in place of these two lines")


# %% nbgrader={"grade": true, "grade_id": "check-never-learned", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false} deletable=false editable=false
checks.never_learned(never_learned)

# %% [markdown]
# **See it.** The part of the energy $\sum_i y_i^2$ of five targets that a network without bias
# never learns. Which of them would you trust it with? And why is the answer the same after a rotation?

# %%
x = 2 * np.pi * np.arange(256) / 256
targets = {
    "cos 2x": np.cos(2 * x),
    "cos 3x": np.cos(3 * x),
    "one half +1, the other -1": np.repeat([1, -1], 128),
    "quarters +1, -1, +1, -1": np.repeat([1, -1, 1, -1], 64),
    "exp(cos x)": np.exp(np.cos(x)),
}
energy = {name: np.sum(never_learned(y) ** 2) / np.sum(y**2) for name, y in targets.items()}
pd.Series(energy, name="never learned").map("{:.2%}".format).to_frame()

# %% [markdown]
# **See it grow.** Gradient descent itself, by (22): rms of what is left of $\cos\kappa x$ after 300
# steps at $\eta = 1$ of the mean loss, without bias and with. Which numbers stay as they are if you
# go on to $10^6$ steps?

# %%
rows = {}
for bias in (False, True):
    rates = TwoLayerNTK(bias, normalization="network").harmonic_eigenvalues(np.arange(1, 9))
    rows["with bias" if bias else "no bias"] = np.sqrt(0.5) * (1 - rates) ** 300
pd.DataFrame(rows, index=pd.Index(np.arange(1, 9), name="κ")).round(4)

# %% [markdown]
# ## What to take away
#
# - The angle between two points lies in $[0, \pi]$; a formula that forgets to wrap gives a matrix
#   that no network has, with eigenvectors of half a frequency.
# - A kernel of this kind is an inner product times the share of neurons active at both points.
#   Where the biases start decides that share; that they are trained gives the inner product its 1.
# - Without bias, the odd frequencies from 3 on are never learned, however long one trains.
