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
# **Needs:** [the tangent kernel](01_tangent_kernel.py); the law of large numbers; Fourier coefficients of an even function, integration
# by parts.
# **Time:** about 50 minutes, plus 45 for the assignment.
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# The tangent kernel was defined as an expectation over random weights. For two layers it can be computed by hand, and the result fits in one line.
# That line decides what this network can learn. **Which functions are learned fast, which slowly, and is there anything that a network of two layers
# never learns, however wide it is and however long we train?**
#
# After this lecture you can
#
# - derive the two-layer kernel from one picture of two half-planes, with the right constant;
# - compute all its eigenvalues under uniform data by hand, and see in the kernel's kinks how they fall;
# - find what a network without bias can never learn, and explain it in three ways;
# - say where the lecture's $1/4\pi$ comes from, and when (11) needs wrapped angles.
#
# ## The picture
#
# An infinitely wide network learns $\cos x + \cos 3x$ from evenly spread data. It has no bias: its neurons are $\sigma(w_r\cdot x)$ with
# $\sigma(z) = \max(z, 0)$, ReLU.
#
# **Predict:** how much of each wave has it learned after 300 iterations of gradient descent? After 100 000?
#
# <details><summary>Answer</summary>
#
# All of $\cos x$. Of $\cos 3x$ nothing, then or ever: its eigenvalue is not small but zero, for three reasons that this lecture finds one by one.
# With a bias, 300 iterations are enough for both.
# </details>

# %%
import numpy as np

from ntklab import claims, figures
from ntklab.experiments import trained, two_layer
from ntklab.explorers import two_layer as explorer
from ntklab.figures import two_layer as pictures
from ntklab.kernels import TwoLayerNTK

figures.show(explorer.draw(explorer.compute(bias=False, frequency=3, iteration=300)))

# %%
explorer.explorer()

# %% [markdown]
# Above, the kernel as a function of the angle $\theta$ between two inputs, and the eigenvalue $\lambda_\kappa$ of every *frequency* $\kappa$ (the
# number of waves round the circle). **Try:**
#
# 1. More iterations at $\kappa = 3$. Then $\kappa = 4$, then 5. What is the rule?
# 2. Switch the bias on at $\kappa = 3$. What has changed in the kernel?
# 3. With the bias on, compare $\kappa = 11$ and 12 after 300 iterations. Are odd frequencies at a disadvantage?
#
# <details><summary>What you should have seen</summary>
#
# 1. Nothing of 3, all of 4, nothing of 5: odd frequencies from 3 on are never learned.
# 2. It is never negative any more, twice as high at 0, and flat at $\pi$ where it had a corner (seen round the circle).
# 3. Not any more: 51 % of $\cos 11x$ and 46 % of $\cos 12x$ are learned, a little less the higher the frequency.
# </details>
#
# ## The network and its gradient
#
# Take the squared loss and one hidden layer of $m$ neurons. The weights $w_r$ and biases $b_r$ are trained, the signs $a_r = \pm 1$ stay fixed:
#
# $$\Phi = \frac12 \sum_{i=1}^n \big(f(x_i) - y_i\big)^2, \tag{5}$$
#
# $$f(x) = \frac1{\sqrt m} \sum_{r=1}^m a_r\, \sigma(w_r \cdot x + b_r), \qquad \sigma(z) = \max(z, 0). \tag{6}$$
#
# The derivative of $\sigma$ is 1 where a neuron is *active*, that is $w_r\cdot x + b_r > 0$, and 0 elsewhere. Write $\mathbb 1\{\dots\}$ for 1 if the
# condition holds and 0 if not. Then
#
# $$\frac{\partial f}{\partial w_r} = \frac{a_r}{\sqrt m}\, \mathbb 1\{w_r\cdot x + b_r > 0\}\; x, \qquad
# \frac{\partial f}{\partial b_r} = \frac{a_r}{\sqrt m}\, \mathbb 1\{w_r\cdot x + b_r > 0\} .$$
#
# (Checked against automatic differentiation, folded:)

# %% tags=["nbval-check-output", "hide-output"]
print(claims.judge("C06"))

# %% [markdown]
# ## Half-planes
#
# The tangent kernel is the inner product of two such gradients, for inputs $x$ and $x'$. At the start all biases are 0, and $a_r^2 = 1$, so
#
# $$\Big\langle \frac{\partial f(x)}{\partial w}, \frac{\partial f(x')}{\partial w}\Big\rangle
# = x\cdot x'\; \frac1m \sum_{r=1}^m \mathbb 1\{w_r\cdot x > 0\}\, \mathbb 1\{w_r\cdot x' > 0\} .$$
#
# As $m$ grows the mean becomes a probability: *how often is a random neuron active on both inputs?*
#
# **Predict:** how does this probability depend on the angle $\theta$ between $x$ and $x'$? What is it at $0$, $\pi/2$, $\pi$? Does it depend on the
# dimension?
#
# <details><summary>Answer</summary>
#
# It is $\frac12$, $\frac14$ and 0, and a straight line between. A neuron is active on $x$ if its $w$ lies in the half-plane around $x$. Two
# half-planes whose axes differ by $\theta$ overlap in a wedge of angle $\pi - \theta$, out of $2\pi$. Random directions are uniform, so the
# probability is $(\pi - \theta)/2\pi$, in any dimension: only the part of $w$ in the plane of $x$ and $x'$ matters.
# </details>
#
# On the left the two half-planes, in grey the weights $w$ of neurons active on both inputs: turn $x'$ away, and the wedge shrinks by the same angle. On the right, shares
# counted among 20 000 random neurons:

# %%
angles = np.linspace(0.05, 3.1, 9)
shares = two_layer.active_together(angles, samples=20_000, rng=np.random.default_rng(2))
figures.show(pictures.active_neurons(1.0, shares))

# %% [markdown]
# Therefore, for unit inputs at the angle $\theta$,
#
# $$K_{\text{without bias}}(\theta) = \frac{\cos\theta\,(\pi - \theta)}{2\pi}, \qquad
# K_{\text{with bias}}(\theta) = \frac{(\cos\theta + 1)(\pi - \theta)}{2\pi} .$$
#
# The bias adds the 1, for its gradient is the same indicator without $x$. Draw 200 000 neurons and compare three ways to compute the kernel with bias:

# %% tags=["nbval-check-output"]
theta = np.array([0.0, 0.5, 1.5, 3.0])
x, others = np.array([1.0, 0.0]), np.stack([np.cos(theta), np.sin(theta)], axis=1)
w = np.random.default_rng(1).standard_normal((200_000, 2))
both = (w @ x > 0)[:, None] & (w @ others.T > 0)
sampled = (others @ x + 1) * both.mean(axis=0)
formula = (np.cos(theta) + 1) * (np.pi - theta) / (2 * np.pi)
package = TwoLayerNTK(bias=True, normalization="network").profile(theta)
for t, *k in zip(theta, sampled, formula, package, strict=True):
    print(f"θ = {t:.1f}: sampled {k[0]:z.3f}, formula {k[1]:z.3f}, package {k[2]:z.3f}")

# %% [markdown]
# ## Where 1/4π comes from
#
# The lecture prints, for the kernel without bias,
#
# $$k(x, x') = \frac1{4\pi}\; x\cdot x'\,(\pi - \arccos x\cdot x') . \tag{7}$$
#
# The half-planes gave $1/2\pi$. Where can $1/4\pi$ come from? With bias there is a convention that makes it right: treat the bias as one more weight
# and scale the longer input $(x, 1)$ to length one, $(x, 1)/\sqrt2$. Then all inner products shrink by a factor 2, and $1/2\pi$ becomes $1/4\pi$. This
# is what (11) below uses, and what this course calls `normalization="lecture"`; the gradients of (6) as they stand are `normalization="network"`.
# A factor of 2 in the kernel is a factor of 2 in every learning time, if the learning rate $\eta$ stays the same.

# %% tags=["nbval-check-output"]
print(claims.judge("C07"))

# %% [markdown]
# ## In angles
#
# On the circle $x$ and $z$ are angles, and the lecture writes, for the kernel with bias,
#
# $$k(x, z) = \frac1{4\pi}\,(\cos(x - z) + 1)\,(\pi - |x - z|) . \tag{11}$$
#
# **Predict:** take $x = 3.1$ and $z = -3.1$, neighbours on the circle, 0.08 apart. What does (11) say? What should it say?
#
# <details><summary>Answer</summary>
#
# It says $-0.49$; right is $0.49$. Here $|x - z| = 6.2$, so the last bracket is negative, as if neighbours pulled each other's outputs apart. An
# angle between two vectors is never more than $\pi$: the difference has to be *wrapped*, $6.2 \to 2\pi - 6.2$.
# </details>

# %%
difference = np.linspace(-2 * np.pi, 2 * np.pi, 801)
printed = (np.cos(difference) + 1) * (np.pi - np.abs(difference)) / (4 * np.pi)
wrapped = TwoLayerNTK(bias=True).at_angles(difference, np.zeros(1))[:, 0]
figures.show(pictures.wrapped_and_not(difference, printed, wrapped))

# %% tags=["nbval-check-output", "hide-output"]
print(claims.judge("C09"))

# %% [markdown]
# As printed (dashed) and wrapped, the kernel is the same up to half a turn, and opposite beyond. So (11) is right where the lecture integrates over
# it, half a turn to either side of $x$,
#
# $$\int_{x-\pi}^{x+\pi} k(x, z)\,p(z)\,f(z)\,dz = \lambda f(x), \tag{10}$$
#
# with $p$ the density of the data ([eigenfunctions](03_eigenfunctions.py) solves it). But of all pairs of angles from $-\pi$ to $\pi$ a quarter
# differs by more than $\pi$, and a quarter of a matrix would be wrong. The assignment shows what becomes of its eigenvectors.
#
# ## The spectrum under uniform data
#
# Evenly spread data have $p = 1/2\pi$. Then a kernel of the angle alone is a *convolution*, and its eigenfunctions are waves: put $f(z) = \cos\kappa z$
# into (10) with $z = x - \theta$, use $\cos\kappa(x-\theta) = \cos\kappa x\cos\kappa\theta + \sin\kappa x\sin\kappa\theta$, and the sine integrates
# to zero because $K$ is even. What is left is $\cos\kappa x$ times its eigenvalue (here and in all that follows with $1/4\pi$),
#
# $$\lambda_\kappa = \frac1{2\pi}\int_{-\pi}^{\pi} K(\theta)\cos\kappa\theta\,d\theta
# = \frac1{4\pi^2} \int_0^\pi (\pi - \theta)(1 + \cos\theta)\cos\kappa\theta\;d\theta .$$
#
# Two facts make it easy. By parts $\int_0^\pi (\pi-\theta)\cos\kappa\theta\,d\theta = (1 - \cos\kappa\pi)/\kappa^2$, which is $2/\kappa^2$ for odd
# $\kappa$ and zero for even $\kappa \ge 2$ (for $\kappa = 0$ the integral is $\pi^2/2$). And the factor $\cos\theta$ does nothing but shift the
# frequency by one, $\cos\theta\cos\kappa\theta = \tfrac12\big(\cos(\kappa-1)\theta + \cos(\kappa+1)\theta\big)$.
#
# **Predict:** the kernel is a sum of the bias's part, the **1**, and the weights' part, the **$\cos\theta$**. Which frequencies does each of them
# contribute to?
#
# <details><summary>Answer</summary>
#
# The bias only to odd $\kappa$ (and to 0), by the first fact. The weights, with their shift by one, only to even $\kappa$ (and to 1). Except for 0
# and 1, no frequency is learned by both.
# </details>
#
# The eigenvalues in closed form, and beside them the integral as a sum over 200 000 angles:

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
# | $\kappa$ | from the weights | from the bias |
# |---|---|---|
# | 0 | $\frac{1}{2\pi^2}$ | $\frac18$ |
# | 1 | $\frac1{16}$ | $\frac1{2\pi^2}$ |
# | even, $\ge 2$ | $\frac{\kappa^2+1}{2\pi^2(\kappa^2-1)^2}$ | 0 |
# | odd, $\ge 3$ | **0** | $\frac{1}{2\pi^2\kappa^2}$ |
#
# The two facts give this table: the bias's column is the first fact, the weights' column half the sum of that fact at $\kappa - 1$ and at $\kappa + 1$, all over $4\pi^2$. Both
# columns fall like $1/\kappa^2$, with the same constant, and frequency bias under uniform data is nothing but this decay.
#
# ## A kink is a spike
#
# Where does $1/\kappa^2$ come from? Integrate by parts twice, all the way round the circle, where nothing is left at the ends:
#
# $$\lambda_\kappa = \frac1{2\pi}\oint K(\theta)\cos\kappa\theta\,d\theta = -\frac1{2\pi\kappa^2}\oint K''(\theta)\cos\kappa\theta\,d\theta .$$
#
# $K$ has a *kink* at $\theta = 0$: its slope jumps there, from $+1/2\pi$ to $-1/2\pi$ with bias. So $K''$ has a *spike* of weight $-1/\pi$ at 0.
# Against $\cos\kappa\theta$ a spike at 0 gives its weight, whatever $\kappa$; what is smooth in $K''$ averages out as $\kappa$ grows. So
# $\lambda_\kappa \approx 1/2\pi^2\kappa^2$: **the eigenvalues fall as they do because the kernel has a kink.**
#
# **Predict:** without bias the kink at 0 is half as strong, and there is a second one at $\pi$. What do the two spikes together do to even $\kappa$,
# and to odd ones?
#
# <details><summary>Answer</summary>
#
# Each has the weight $-1/2\pi$, and the one at $\pi$ counts with $\cos\kappa\pi = (-1)^\kappa$. At even $\kappa$ they add up to the same
# $-1/\pi$ as with bias. At odd $\kappa$ they cancel.
# </details>
#
# From top to bottom the kernel, its slope and its curvature, all round the circle. Look at the bottom row: one arrow (a spike) with bias, two of half its weight
# without. Everything else in that row is continuous, and a fast wave does not feel it.

# %%
theta = np.linspace(0, np.pi, 400)
profiles = {
    "with bias, 1/4π": TwoLayerNTK(bias=True).profile(theta),
    "without bias, 1/4π": TwoLayerNTK(bias=False).profile(theta),
}
figures.show(pictures.kinks_and_spikes(theta, profiles))

# %% [markdown]
# > **Your turn.** The spikes explain large $\kappa$. Show that without bias $\lambda_\kappa = 0$ *exactly* for odd $\kappa \ge 3$: write
# > $\pi - \theta = \frac\pi2 + \big(\frac\pi2 - \theta\big)$, and see what becomes of each part of $\cos\theta\,(\pi-\theta)$ under $\theta \to \pi - \theta$.
# >
# > <details><summary>Solution</summary>
# >
# > $\cos\theta\,(\pi - \theta) = \frac\pi2\cos\theta + \cos\theta\,\big(\frac\pi2 - \theta\big)$. In the second part both factors change sign, so it is the same
# > at $\theta$ and at $\pi - \theta$. But $\cos\kappa(\pi-\theta) = -\cos\kappa\theta$ for odd $\kappa$: such a part holds no odd frequency. The first
# > part holds $\kappa = 1$ and nothing else.
# >
# > </details>
#
# ## The sphere, too
#
# On the sphere in three dimensions *spherical harmonics* of degree $\kappa$ take the place of waves: *homogeneous* polynomials of degree $\kappa$ that solve Laplace's equation, seen
# on the sphere only. (*Zonal* ones depend on the angle to one axis alone: the Legendre polynomials $P_\kappa(\cos\theta)$.) The argument is the same as for waves: a kernel of
# the angle alone commutes with rotations. Below, eigenvalues fall faster on the sphere ([beyond the circle](07_sphere.py) says how fast). Look at the crosses: without
# bias the odd ones from 3 on are zero in both panels.

# %%
table = two_layer.uniform_spectra(highest=10)
figures.show(pictures.uniform_eigenvalues(table))

# %% [markdown]
# The verdict computes the eigenfunctions on the circle without being told that they are waves, applies the operator to zonal harmonics on the sphere,
# and looks at the odd frequencies without bias.

# %% tags=["nbval-check-output"]
print(claims.judge("C24"))

# %% [markdown]
# ## Never
#
# An eigenvalue of zero means *never*. But it is the eigenvalue of an infinitely wide network. Train two of width 2000, one with bias and one without.
# Each is asked to add $\cos 3x$ to its random initial output, so that nothing else has to be learned.
#
# **Predict:** how much of $\cos 3x$ does the one without bias learn: something of order $1/\sqrt m \approx 2\,\%$, or exactly nothing?
#
# <details><summary>Answer</summary>
#
# Exactly nothing, up to rounding, at any width. There is a reason that has nothing to do with kernels, and it comes below the figure. Can you find
# it? What is $\sigma(z) - \sigma(-z)$?
# </details>
#
# Lines are $1 - (1 - \eta\lambda_3)^t$, markers the networks.

# %%
parity = trained.two_layer.with_and_without_bias(frequency=3, rng=np.random.default_rng(0), progress=True)
figures.show(pictures.learned_or_not(parity))

# %% tags=["nbval-check-output"]
for name, found, line in zip(("with", "without"), parity.fractions, parity.predicted, strict=True):
    off = np.abs(found - line).max()
    print(f"{name:7s} bias: {found[-1]:z.0%} learned, within {off:z.2f} of the prediction throughout")
print("exactly zero without bias:", np.abs(parity.fractions[1]).max() < 1e-12)

# %% [markdown]
# For every $z$ we have $\sigma(z) - \sigma(-z) = z$, for one of the two is always zero. So the odd part of a network without bias is
#
# $$\frac{f(x) - f(-x)}2 = \frac1{2\sqrt m}\sum_r a_r\big(\sigma(w_r\cdot x) - \sigma(-w_r\cdot x)\big)
# = \frac1{2\sqrt m} \sum_r a_r\, w_r\cdot x ,$$
#
# a *linear* function of $x$: on the circle a multiple of a shifted $\cos x$. But $\cos 3x$ changes sign from a point to its opposite and is not
# linear: no such network contains any of it. No training, no width and no luck can help; [depth](06_depth.py) can, and a bias can.
#
# So there are three reasons: the integral (odd frequencies come only from the bias), the two spikes that cancel (exactly at every odd $\kappa \ge 3$, by the
# symmetry of *Your turn*), and $\sigma(z) - \sigma(-z) = z$. The first two speak of infinite width, the third of any.
#
# ## How long, then?
#
# Training is stable up to $\eta = 2/\lambda_{\max}$. With half of that a component is learned to 95 % when $(1 - \lambda_\kappa/\lambda_{\max})^t = 0.05$,
# after $t \approx 3\,\lambda_{\max}/\lambda_\kappa$ iterations. With bias the largest is that of the constant, $\lambda_{\max} = \lambda_0 = 0.176$:

# %% tags=["nbval-check-output"]
kernel = TwoLayerNTK(bias=True)
largest = kernel.harmonic_eigenvalues(0)
for kappa in (1, 2, 3, 4, 8, 9, 16, 17):
    rate = kernel.harmonic_eigenvalues(kappa) / largest
    print(f"κ = {kappa:2d}: {np.ceil(np.log(0.05) / np.log1p(-rate)):6.0f} iterations")

# %% [markdown]
# Twice the frequency, about four times the time: 4.7 from 4 to 8, 4.2 from 8 to 16. Odd and even frequencies run almost on one line, though odd ones
# come only from the bias and even ones only from the weights. That balance belongs to biases that start at zero; the assignment spreads them out.
#
# <details><summary>Can the matrix at n training points be zero in some direction? (18)</summary>
#
# It is a matrix $H^\infty$ with eigenvectors $v_i$ and eigenvalues $\lambda_i$,
#
# $$H^\infty = \sum_{i=1}^n \lambda_i\, v_i v_i^\top, \tag{18}$$
#
# and the proof of convergence by Arora and others assumes that the least eigenvalue $\lambda_{\min}$ (the lecture's $\lambda_0$) is positive. With bias it is, at different points. Without,
# take three pairs of opposite points or more: values that are odd and not linear are out of reach, and $\lambda_{\min} = 0$ (the verdict folded below). Points drawn at
# random have no exact opposites, and at 40 of them $\lambda_{\min}/\lambda_{\max}$ is about $10^{-4}$ with bias and without. For what the network misses is a class of
# *functions*: at a few scattered points it can still fit any values, but between them it does not follow $\cos 3x$.
# </details>

# %% tags=["nbval-check-output", "hide-output"]
print(claims.judge("C25"))

# %% [markdown]
# `exercises/02_two_layer.py` lets you repair (11) for any two angles, derive the kernel of biases that start at random (with the constant that (6)
# really gives), and find out which part of a target a network without bias never learns.
#
# ## Summary
#
# 1. The kernel is the share of neurons active on both inputs, $(\pi-\theta)/2\pi$, times $\cos\theta$ (+ 1 with bias).
# 2. (7) has half the right constant; $1/4\pi$ belongs to inputs $(x, 1)/\sqrt2$. (11) needs wrapping outside the range of (10).
# 3. Under uniform data eigenfunctions are waves and spherical harmonics; eigenvalues on the circle fall like $\kappa^{-2}$, because the kernel has a kink.
# 4. Even frequencies come from the weights, odd ones from the bias.
# 5. Without bias odd frequencies from 3 on are never learned: by the integral, by a symmetry that makes two spikes cancel, by $\sigma(z) - \sigma(-z) = z$.
#
# Three questions that use the whole lecture:
#
# - A target is 1 on one half of the circle and $-1$ on the other. What does a network without bias make of it in the end? And one with bias?
# - Replace ReLU by $|z|$, without bias. What is the kernel, and what is never learned?
# - Somebody uses $1/2\pi$, you use $1/4\pi$. When do your learning times differ, and when not?
#
# <details><summary>Answers</summary>
#
# The target is odd: $\frac4\pi\big(\cos x - \frac13\cos3x + \dots\big)$, suitably turned. Without bias only the first term is learned; with bias all,
# the $\kappa$-th after a time $\propto\kappa^2$. · The slope is $\pm1$, and the product of two slopes is 1 on the share $1 - \theta/\pi$ of all
# neurons and $-1$ on the rest: $K = \cos\theta\,(1 - 2\theta/\pi)$, symmetric about $\pi/2$. Now *all* odd frequencies are never learned, 1 as well;
# of course, since $|w\cdot x|$ is even. · At the same $\eta$ yours are twice as long. At $\eta = 1/\lambda_{\max}$ only ratios of eigenvalues count.
# </details>
#
# ## Sources
#
# - R. Basri, D. Jacobs, Y. Kasten, S. Kritchman, *The convergence rate of neural networks for learned functions of different frequencies*, NeurIPS 2019, [arXiv:1906.00425](https://arxiv.org/abs/1906.00425).
# - S. Arora, S. Du, W. Hu, Z. Li, R. Wang, *Fine-grained analysis of optimization and generalization for overparameterized two-layer neural networks*, ICML 2019, [arXiv:1901.08584](https://arxiv.org/abs/1901.08584).
# - Y. Cho, L. Saul, *Kernel methods for deep learning*, NeurIPS 2009.
