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
# # Assignment: The tangent kernel
#
# Three exercises, 55 minutes, 10 marks. Write your answers where it says
# `YOUR CODE HERE`, then run the cell that starts with `checks.`: it answers at once, as often as
# you like. A wrong answer gets a hint. The equations (1)–(22) are those of the lecture.

# %%
import numpy as np
import pandas as pd

from ntklab.course.checks import tangent_kernel as checks
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK

# %% [markdown] exercise={"difficulty": 1, "importance": 5, "minutes": 10}
# ## Exercise 1 · A million steps at once
#
# > difficulty ●○○○○ · importance ●●●●● · 10 minutes · 2 marks
#
# When the tangent kernel stays where it is, (22) gives the outputs $u^{(t)}$ of the network at the
# $n$ data, for any number of steps $t$ of gradient descent:
#
# $$u^{(t)} - y = (I - \eta H)^t\,(u^{(0)} - y).$$
#
# That is for the loss (5), a *sum* over the data. The experiments of this course minimise the
# *mean*, $\frac{1}{2n}\sum_i (u_i - y_i)^2$, and so does this exercise.
#
# **Before you code:** what changes in the formula for the mean? What becomes of the part of
# $u^{(0)}$ that lies along an eigenvector of $H$ with eigenvalue 0?
#
# Then write the function. `steps` may be $10^9$, so a loop over the steps is hopeless.
#
# <details><summary>Hint 1</summary>
#
# Work out the gradient of the mean loss by one parameter, then the change of $u$ that a step of
# size $\eta$ along it makes.
#
# </details>
# <details><summary>Hint 2</summary>
#
# $H$ is symmetric: `np.linalg.eigh` gives $H = V \Lambda V^\top$. What do $t$ steps do to the part
# of the error that lies along the eigenvector $v_i$?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "output-after", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_after(
    H: np.ndarray, u0: np.ndarray, y: np.ndarray, learning_rate: float, steps: int
) -> np.ndarray:
    """Outputs u at the data after so many steps of gradient descent on the mean squared loss.

    Parameters
    ----------
    H : ndarray, shape (n, n)
        Tangent kernel at the data, symmetric, eigenvalues >= 0.
    u0 : ndarray, shape (n,)
        Outputs before training.
    y : ndarray, shape (n,)
        Targets.
    learning_rate : float
        η.
    steps : int
        t >= 0.

    Returns
    -------
    ndarray, shape (n,)
    """
    ### BEGIN SOLUTION
    eigenvalues, V = np.linalg.eigh(H)
    left = (1 - learning_rate / len(y) * eigenvalues) ** steps
    return y + V @ (left * (V.T @ (u0 - y)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-output-after", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.output_after(output_after)

# %% [markdown]
# **See it.** A wide network is to learn $\cos x + \cos 4x + \cos 16x$ from 64 even points of the
# circle: the part of each of the three that is still missing after $t$ steps. By which factor do
# the times of $\cos 4x$ and $\cos 16x$ differ?

# %%
x = 2 * np.pi * np.arange(64) / 64
H = TwoLayerNTK().at_angles(x)
waves = np.cos(np.outer([1, 4, 16], x))
y = waves.sum(axis=0)
times = [0, 10, 100, 1000, 10_000, 100_000]
missing = [waves @ (y - output_after(H, 0 * y, y, 2.0, t)) * 2 / 64 for t in times]
columns = ["cos x", "cos 4x", "cos 16x"]
pd.DataFrame(missing, index=pd.Index(times, name="steps"), columns=columns).round(3)

# %% [markdown] exercise={"difficulty": 2, "importance": 5, "minutes": 15}
# ## Exercise 2 · The tangent kernel of a network you can hold in your hand
#
# > difficulty ●●○○○ · importance ●●●●● · 15 minutes · 3 marks
#
# Take the two-layer network (6) as it stands, three arrays of numbers, at one moment of its life:
#
# $$f(x) = \frac{1}{\sqrt m}\sum_{r=1}^m a_r\,\sigma(w_r\cdot x + b_r), \qquad
# \sigma(z) = \max(z, 0).$$
#
# The $w_r$ and $b_r$ are trained; the $a_r$ are fixed, and need not be $\pm 1$ here. By (2),
# without the expectation, the tangent kernel at points $x_1, \dots, x_n$ is
# $H_{ij} = \langle \partial f(x_i)/\partial w, \partial f(x_j)/\partial w\rangle$, $w$ standing for
# everything that is trained.
#
# **Before you code:** how many numbers are in one gradient? Which of them are zero? What do two
# points share if no neuron is active at both?
#
# Work out the gradient on paper, then write $H$ with nothing but NumPy.
#
# <details><summary>Hint 1</summary>
#
# $\sigma'$ is a switch: 1 where the neuron is active, 0 where it is not. Write
# $\partial f/\partial w_r$ and $\partial f/\partial b_r$ with it.
#
# </details>
# <details><summary>Hint 2</summary>
#
# In $\langle \partial f(x_i)/\partial w_r, \partial f(x_j)/\partial w_r\rangle$ one factor has no
# $r$ in it. Take it out of the sum over $r$; what stays inside is a product of two matrices.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "tangent-kernel", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tangent_kernel(W: np.ndarray, b: np.ndarray, a: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Tangent kernel of the network (6) with the parameters W and b trained, a fixed.

    Parameters
    ----------
    W : ndarray, shape (m, d)
        One row per neuron.
    b : ndarray, shape (m,)
    a : ndarray, shape (m,)
    X : ndarray, shape (n, d)
        One row per point.

    Returns
    -------
    ndarray, shape (n, n)
    """
    ### BEGIN SOLUTION
    signal = (X @ W.T + b > 0) * a
    shared = signal @ signal.T / len(a)
    return shared * (X @ X.T + 1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-tangent-kernel", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.tangent_kernel(tangent_kernel)

# %% [markdown]
# **See it.** Twenty networks of each width, drawn as in the lecture ($b_r = 0$, $a_r = \pm 1$): the
# rms distance of their kernels from the kernel of infinite width. Which power of $m$ do you read
# off? How wide must a network be for this distance to be 1 % of $k(x, x) = 1$?

# %%
rng = np.random.default_rng(0)
X = to_circle(np.linspace(-3, 2.5, 8))
limit = TwoLayerNTK(normalization="network")(X)
rows = {}
for m in [10, 100, 1000, 10_000, 100_000]:
    drawn = [(rng.normal(size=(m, 2)), np.zeros(m), rng.choice([-1, 1], m)) for _ in range(20)]
    off = np.array([tangent_kernel(*network, X) - limit for network in drawn])
    rms = np.sqrt(np.mean(off**2))
    rows[m] = {"rms distance": rms, "times √m": rms * np.sqrt(m)}
pd.DataFrame(rows).T.rename_axis("m").round(4)

# %% [markdown] exercise={"difficulty": 4, "importance": 4, "minutes": 30}
# ## Exercise 3 · Any depth
#
# > difficulty ●●●●○ · importance ●●●●○ · 30 minutes · 5 marks
#
# The network (3) with $L$ hidden layers of infinite width, ReLU, no biases, all $L + 1$ layers
# trained. By the backup slides its tangent kernel, $k$ in the
# lecture, is
#
# $$\Theta = \sum_{h=1}^{L+1} \Sigma^{(h-1)} \prod_{h'=h}^{L} \dot\Sigma^{(h')}, \qquad
# \Sigma^{(h)} = c_\sigma\,\mathbb E[\sigma(u)\sigma(v)], \quad
# \dot\Sigma^{(h)} = c_\sigma\,\mathbb E[\dot\sigma(u)\dot\sigma(v)],$$
#
# where $(u, v)$ are the Gaussian pre-activations of layer $h$ at the two points. Both have variance
# 1; let $\cos\varphi$ be their correlation. The first expectation is
# $\mathbb E[\sigma(u)\sigma(v)] = (\sin\varphi + (\pi - \varphi)\cos\varphi)/2\pi$. For the second
# you find two formulas in print:
#
# $$\mathbb E[\dot\sigma(u)\dot\sigma(v)] = \frac{\pi - \varphi}{2\pi}
# \qquad\text{or}\qquad \frac{(\pi - \varphi)\cos\varphi}{2\pi}.$$
#
# **Before you code:** decide which is right. Which value of $c_\sigma$ belongs to ReLU, by (3)? And
# what is $\Theta$ at $\theta = 0$, for any $L$?
#
# Then write $\Theta$ as a function of the angle $\theta$ between two unit vectors.
#
# <details><summary>Hint 1</summary>
#
# $\dot\sigma(u)\dot\sigma(v)$ is 1 where $u$ and $v$ are both positive and 0 elsewhere. How likely
# is that when they are independent, $\varphi = \pi/2$?
#
# </details>
# <details><summary>Hint 2</summary>
#
# $\Sigma^{(h-1)}$ is the covariance of $u$ and $v$ in layer $h$. So $\varphi$ is another angle in
# every layer. Rounding may put a cosine a little beyond 1: `np.clip`.
#
# </details>
# <details><summary>Hint 3</summary>
#
# One loop is enough. If $\Theta$ is right for $h$ layers, what does one more layer do to each of
# its terms, and which term is new?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "deep-kernel", "locked": false, "schema_version": 3, "solution": true, "task": false}
def deep_kernel(theta: np.ndarray, hidden_layers: int) -> np.ndarray:
    """Θ of the infinitely wide ReLU network (3), all layers trained.

    Parameters
    ----------
    theta : ndarray, shape (k,)
        Angles between two unit vectors, in [0, π].
    hidden_layers : int
        L, at least 1.

    Returns
    -------
    ndarray, shape (k,)
    """
    ### BEGIN SOLUTION
    c_sigma = 2
    phi = theta
    covariance = np.cos(theta)
    total = covariance
    for _ in range(hidden_layers):
        slope = c_sigma * (np.pi - phi) / (2 * np.pi)
        covariance = c_sigma * (np.sin(phi) + (np.pi - phi) * np.cos(phi)) / (2 * np.pi)
        total = total * slope + covariance
        phi = np.arccos(np.clip(covariance, -1, 1))
    return total
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-deep-kernel", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
checks.deep_kernel(deep_kernel)

# %% [markdown]
# **See it.** How much of a kernel is $\cos\kappa x$: its eigenvalues under the uniform density, against
# the first. Which frequencies can one hidden layer without bias never learn? What does the
# second layer change, and what do fifty?

# %%
theta = np.pi * (np.arange(4096) + 0.5) / 4096
kappa = np.arange(9)
table = {L: np.cos(np.outer(kappa, theta)) @ deep_kernel(theta, L) for L in (1, 2, 3, 10, 50)}
shares = pd.DataFrame(table, index=pd.Index(kappa, name="κ")).rename_axis("L", axis=1)
(shares / shares.loc[0]).round(5) + 0.0

# %% [markdown]
# ## What to take away
#
# - With a frozen kernel training is linear: every eigenvector goes at its own pace, and those of
#   eigenvalue 0 do not move.
# - Two points share a gradient through the neurons that are active at both; the average over ever
#   more neurons is the infinite-width kernel, with an error of the order $m^{-1/2}$.
# - Depth is a map on one angle, applied again and again.
