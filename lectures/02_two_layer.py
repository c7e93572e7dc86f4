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
# # The kernel of a two-layer network
#
# **Needs:** lecture 1 (the tangent kernel), integrals, Fourier series.
# **Time:** about 45 minutes, plus 45 for the assignment.
#
# Lecture 1 defined the tangent kernel as an expectation over random weights. For two layers it can be
# computed by hand, and the result fits in one line. That line decides what this network can learn.
# **Which functions are learned fast, which slowly, and is there anything that it never learns, however
# wide it is and however long we train?**
#
# After this lecture you can
#
# - derive the two-layer kernel from one picture of two half-planes, with the right constant;
# - say where the lecture's 1/4π comes from, and why (11) needs wrapped angles;
# - compute all eigenvalues under uniform data by hand, on the circle;
# - explain why a network without bias never learns $\cos 3x$, in two independent ways.

# %% [markdown]
# ## The picture
#
# An infinitely wide network learns $\cos x + \cos 3x$ from evenly spread data. It has no bias. Left its
# kernel, in the middle the eigenvalue of every frequency, right what it has learned after 300
# iterations of gradient descent.

# %%
import numpy as np

from ntklab import claims, figures
from ntklab.experiments import trained, two_layer
from ntklab.explorers import two_layer as explorer
from ntklab.figures import two_layer as pictures
from ntklab.kernels import TwoLayerNTK

figures.show(explorer.draw(explorer.compute(bias=False, frequency=3, iteration=300)))

# %% [markdown]
# It has learned $\cos x$, and nothing of $\cos 3x$. Try more iterations. Try $\kappa = 4$, and then
# switch the bias on.

# %%
explorer.explorer()

# %% [markdown]
# ## The network and its gradient
#
# The lecture considers, in (5) and (6), the squared loss and a network with one hidden layer whose
# weights $w_r$ and biases $b_r$ are trained while the signs $a_r = \pm 1$ stay fixed:
#
# $$\Phi = \frac12 \sum_{i=1}^n \big(f(x_i) - y_i\big)^2, \qquad
# f(x) = \frac1{\sqrt m} \sum_{r=1}^m a_r\, \sigma(w_r \cdot x + b_r), \qquad \sigma(z) = \max(z, 0).$$
#
# The derivative of $\sigma$ is 1 where a neuron is active and 0 elsewhere. So
#
# $$\frac{\partial f}{\partial w_r} = \frac{a_r}{\sqrt m}\, \mathbb 1\{w_r\cdot x + b_r > 0\}\; x, \qquad
# \frac{\partial f}{\partial b_r} = \frac{a_r}{\sqrt m}\, \mathbb 1\{w_r\cdot x + b_r > 0\} .$$
#
# `experiments.two_layer.gradient_by_hand` writes these formulas down in NumPy; the verdict compares every
# entry with automatic differentiation.

# %% tags=["nbval-check-output"]
print(claims.judge("C06"))

# %% [markdown]
# ## Half-planes
#
# The tangent kernel is the inner product of two such gradients, for inputs $x$ and $x'$. As $a_r^2 = 1$,
#
# $$\Big\langle \frac{\partial f(x)}{\partial w}, \frac{\partial f(x')}{\partial w}\Big\rangle
# = x\cdot x'\; \frac1m \sum_{r=1}^m \mathbb 1\{w_r\cdot x > 0\}\, \mathbb 1\{w_r\cdot x' > 0\} .$$
#
# (At the start all biases are 0.) As $m$ grows the mean becomes a probability: *how often is a random
# neuron active on both inputs?* A weight $w$ is active on $x$ if it lies in the half-plane around $x$.
# Two half-planes whose axes differ by the angle $\theta$ overlap in a wedge of angle $\pi - \theta$, out of
# $2\pi$. Random directions are uniform, so the probability is $(\pi - \theta)/2\pi$, in any dimension: only
# the plane of $x$ and $x'$ matters.

# %%
angles = np.linspace(0.05, 3.1, 9)
shares = two_layer.active_together(angles, samples=20_000, rng=np.random.default_rng(2))
figures.show(pictures.active_neurons(1.0, shares))

# %% [markdown]
# Therefore, with $\theta$ the angle between $x$ and $x'$ and unit inputs,
#
# $$k_{\text{without bias}} = \frac{\cos\theta\,(\pi - \theta)}{2\pi}, \qquad
# k_{\text{with bias}} = \frac{(\cos\theta + 1)(\pi - \theta)}{2\pi} .$$
#
# The bias adds the 1: its gradient is the same indicator, without $x$.

# %% [markdown]
# ## Where 1/4π comes from
#
# Slide (7) prints $1/4\pi$ for the kernel without bias. No network of the form (6) has that. With bias
# there is a reading that saves the constant: treat the bias as one more weight and scale the longer input
# $(x, 1)$ to length one, $(x, 1)/\sqrt2$. Then all inner products shrink by a factor 2, and $1/2\pi$
# becomes $1/4\pi$. This is what (11) uses, and what this course calls `normalization="lecture"`; the
# gradients of (6) as they stand are `normalization="network"`. A factor of 2 in the kernel is a factor of
# 2 in every learning time.

# %% tags=["nbval-check-output"]
print(claims.judge("C07"))

# %% [markdown]
# ## In angles
#
# On the circle $x$ and $z$ are angles, and the lecture writes (11) as
#
# $$k(x, z) = \frac1{4\pi}\,(\cos(x - z) + 1)\,(\pi - |x - z|) .$$
#
# Take $x = 3.1$ and $z = -3.1$. They are neighbours on the circle, 0.08 apart; but $|x - z| = 6.2$. An angle
# between two vectors is never more than $\pi$: the difference has to be *wrapped*.

# %%
difference = np.linspace(-2 * np.pi, 2 * np.pi, 801)
printed = (np.cos(difference) + 1) * (np.pi - np.abs(difference)) / (4 * np.pi)
wrapped = TwoLayerNTK(bias=True).at_angles(difference, np.zeros(1))[:, 0]
figures.show(pictures.wrapped_and_not(difference, printed, wrapped))

# %% tags=["nbval-check-output"]
print(claims.judge("C09"))

# %% [markdown]
# A quarter of all entries are wrong without it, and worse than small: some are *negative*, as if two
# neighbours pulled each other's outputs apart. What kind of kernel is it? After a full turn it comes
# back with the opposite sign. So its eigenvectors are not waves of the circle but half waves,
# $\cos\frac x2$, $\sin\frac x2$, $\cos\frac{3x}2$, …; assignment 02 shows them.

# %% [markdown]
# ## The spectrum under uniform data
#
# On evenly spread data every kernel that depends on the angle alone is a *convolution*, and
# convolutions have waves for eigenfunctions: shifting $x$ shifts $\cos\kappa x$. The eigenvalue is the
# Fourier coefficient, for $c = 1/4\pi$
#
# $$\lambda_\kappa = \frac1{2\pi}\int_{-\pi}^{\pi} k(\theta)\cos\kappa\theta\,d\theta
# = \frac1{4\pi^2} \int_0^\pi (\pi - \theta)(1 + \cos\theta)\cos\kappa\theta\;d\theta .$$
#
# Two facts make it easy: $\int_0^\pi (\pi-\theta)\cos\kappa\theta\,d\theta$ is $2/\kappa^2$ for odd
# $\kappa$, zero for even $\kappa \ge 2$, and $\pi^2/2$ for $\kappa = 0$; and
#
# $$\cos\theta\cos\kappa\theta = \tfrac12\big(\cos(\kappa-1)\theta + \cos(\kappa+1)\theta\big).$$
#
# So the **1**, the bias, contributes to odd $\kappa$ (and 0) only. And the **$\cos\theta$**, the weights, shift
# $\kappa$ by one and contribute to even $\kappa$ (and 1) only!
#
# | $\kappa$ | from the weights | from the bias |
# |---|---|---|
# | 0 | $\frac{1}{2\pi^2}$ | $\frac18$ |
# | 1 | $\frac1{16}$ | $\frac1{2\pi^2}$ |
# | even, $\ge 2$ | $\frac{\kappa^2+1}{2\pi^2(\kappa^2-1)^2}$ | 0 |
# | odd, $\ge 3$ | **0** | $\frac{1}{2\pi^2\kappa^2}$ |

# %% tags=["nbval-check-output"]
theta = (np.arange(200_000) + 0.5) * np.pi / 200_000
print(" κ   with bias  by a sum     without bias  by a sum")
for kappa in range(6):
    row = []
    for kernel in (TwoLayerNTK(bias=True), TwoLayerNTK(bias=False)):
        by_sum = np.mean(kernel.profile(theta) * np.cos(kappa * theta))
        row += [kernel.harmonic_eigenvalues(kappa), round(by_sum, 9) + 0.0]
    print(f"{kappa:2d}   {row[0]:.6f}   {row[1]:.6f}     {row[2]:.6f}      {row[3]:.6f}")

# %% [markdown]
# Both halves of the table fall like $1/\kappa^2$. Fast learning of slow waves is nothing but this decay,
# and the decay comes from the kink of the kernel at $\theta = 0$ (lecture 3).

# %% [markdown]
# ## The sphere, too
#
# In three dimensions waves are replaced by spherical harmonics. The argument is the same: a kernel of
# the angle alone commutes with rotations. Crosses mark eigenvalues that are zero.

# %%
table = two_layer.uniform_spectra(highest=10)
figures.show(pictures.uniform_eigenvalues(table))

# %% [markdown]
# The verdict computes the eigenfunctions on the circle without being told that they are waves, applies
# the operator to zonal harmonics on the sphere, and looks at the odd frequencies without bias.

# %% tags=["nbval-check-output"]
print(claims.judge("C24"))

# %% [markdown]
# ## Never
#
# An eigenvalue of zero means *never*. Train two networks on $\cos 3x$, one with bias and one without; lines
# are $1 - (1 - \eta\lambda_3)^t$, markers are networks of width 2000.

# %%
parity = trained.two_layer.with_and_without_bias(frequency=3, rng=np.random.default_rng(0), progress=True)
figures.show(pictures.learned_or_not(parity))

# %% tags=["nbval-check-output"]
for name, found, line in zip(("with", "without"), parity.fractions, parity.predicted, strict=True):
    off = np.abs(found - line).max()
    print(f"{name:7s} bias: {found[-1]:z.0%} learned, within {off:z.2f} of the prediction throughout")
print("exactly zero without bias:", np.abs(parity.fractions[1]).max() < 1e-12)

# %% [markdown]
# Zero to the last digit, though the network is finite? The kernel argument holds for infinite width.
# There is a second reason, and it holds for *any* width. For every $z$
#
# $$\sigma(z) - \sigma(-z) = z ,$$
#
# so the odd part of a network without bias is
#
# $$f(x) - f(-x) = \frac1{\sqrt m}\sum_r a_r\big(\sigma(w_r\cdot x) - \sigma(-w_r\cdot x)\big)
# = \frac1{\sqrt m} \sum_r a_r\, w_r\cdot x ,$$
#
# a *linear* function of $x$: on the circle a multiple of a shifted $\cos x$. A function like $\cos 3x$ that
# changes sign when $x$ goes to its opposite simply is not there. No training, no width and no luck can
# help; depth can (lecture 6), and a bias can.

# %% [markdown]
# ## Positive or not
#
# The proof of convergence by Arora and others assumes that the least eigenvalue $\lambda_0$ of
# $H^\infty = \sum \lambda_i v_i v_i^\top$, (18), is positive. It is, with bias. Without, take points that come
# with their opposites: any values that are odd and not linear are out of reach.

# %% tags=["nbval-check-output"]
print(claims.judge("C25"))

# %% [markdown]
# Points drawn at random have no exact opposites. For 40 of them:

# %% tags=["nbval-check-output"]
x = np.random.default_rng(7).uniform(-np.pi, np.pi, 40)
for with_bias in (True, False):
    eigenvalues = np.linalg.eigvalsh(TwoLayerNTK(bias=with_bias).at_angles(x))
    print(f"bias {with_bias!s:5}: least over largest eigenvalue {eigenvalues[0] / eigenvalues[-1]:.0e}")

# %% [markdown]
# Hardly a difference! What a network without bias misses is a class of *functions*; at a few scattered
# points it can pretend. It cannot when points fill the circle, and it does not learn $\cos 3x$ between them.

# %% [markdown]
# ## How long, then?
#
# With $\eta$ at most $1/\lambda_{\max}$, a component is learned to 95 % after $t \approx 3/\eta\lambda_\kappa$
# iterations. With bias, and $\eta = 1/\lambda_0$:

# %% tags=["nbval-check-output"]
kernel = TwoLayerNTK(bias=True)
largest = kernel.harmonic_eigenvalues(0)
for kappa in (1, 2, 3, 4, 8, 9, 16, 17):
    rate = kernel.harmonic_eigenvalues(kappa) / largest
    print(f"κ = {kappa:2d}: {np.ceil(np.log(0.05) / np.log1p(-rate)):6.0f} iterations")

# %% [markdown]
# From $\kappa = 3$ on: twice the frequency, four times the time. Odd and even frequencies run almost on one
# line, though the former owe all to the bias and the latter all to the weights. That balance belongs to
# biases that start at zero; the assignment lets you spread them out.

# %% [markdown]
# ## Exercises
#
# `exercises/02_two_layer.py` lets you repair (11) for any two angles, derive the kernel of biases
# that start at random (with the constant that (6) really gives), and find out which part of a target
# a network without bias never learns.
#
# ## Summary
#
# - The kernel is the share of neurons active on both inputs, $(\pi-\theta)/2\pi$, times $\cos\theta$ (+ 1).
# - (7) has half the right constant; $1/4\pi$ belongs to inputs $(x, 1)/\sqrt2$. (11) needs wrapping.
# - Under uniform data eigenfunctions are waves and spherical harmonics, eigenvalues fall like $\kappa^{-2}$.
# - Even frequencies come from the weights, odd ones from the bias.
# - Without bias the odd part of the network is linear: odd frequencies from 3 on are never learned.
#
# ## Sources
#
# - R. Basri, D. Jacobs, Y. Kasten, S. Kritchman, *The convergence rate of neural networks for learned
#   functions of different frequencies*, NeurIPS 2019, [arXiv:1906.00425](https://arxiv.org/abs/1906.00425).
# - S. Arora, S. Du, W. Hu, Z. Li, R. Wang, *Fine-grained analysis of optimization and generalization for
#   overparameterized two-layer neural networks*, ICML 2019, [arXiv:1901.08584](https://arxiv.org/abs/1901.08584).
# - Y. Cho, L. Saul, *Kernel methods for deep learning*, NeurIPS 2009.
