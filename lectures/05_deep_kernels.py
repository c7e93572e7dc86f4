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
# # Any depth
#
# **Needs:** [the tangent kernel](01_tangent_kernel.py), [the two-layer kernel](02_two_layer.py); expectations of Gaussian
# vectors, backpropagation.
# **Time:** about 40 minutes; the third exercise of assignment 01 belongs here.
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# Everything so far had one hidden layer, where the kernel is an average over independent neurons. With several layers the
# neurons of one depend on all below. **Why do wide networks of any depth have a limit at all, what is it, and can it be written down?** It can: as a
# recursion forwards, a recursion backwards, and a sum over layers. On the way we find a factor too many in a paper.
#
# After this lecture you can
#
# - explain why pre-activations become Gaussian, and how fast;
# - write the gradient of a deep network as an outer product, and the kernel as a sum over layers;
# - compute the kernel of any depth in ten lines, and notice a wrong formula in a paper.

# %% [markdown]
# ## The picture
#
# Left, two inputs at an angle $\theta$ and how alike they are after each layer of an infinitely wide network. Right, the tangent
# kernel, stacked from the parts that its weight matrices $W^{(1)}, W^{(2)}, \dots$ contribute.
#
# **Predict:** a layer throws information away. Do two different inputs become more alike from layer to layer, or less?
#
# <details><summary>Answer</summary>
#
# More alike with ReLU: correlations rise towards 1, from layer to layer more slowly. So a deep kernel hardly tells inputs apart
# unless they are close.
# </details>

# %%
import numpy as np
import pandas as pd
import torch

from ntklab import claims, figures, tangent
from ntklab.experiments import deep_kernels, trained
from ntklab.explorers import deep_kernels as explorer
from ntklab.figures import deep_kernels as pictures
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected

figures.show(explorer.draw(explorer.compute(hidden_layers=3, angle=1.5)))

# %%
explorer.explorer()

# %% [markdown]
# **Try:** which layer's part is largest at angle 0, and which at a right angle? Set 8 layers: what happens to inputs that were
# opposite? Switch to erf: what is different at $\theta = \pi$, and why?
#
# <details><summary>What you should have seen</summary>
#
# At angle 0 all parts are equal, 1 each: the kernel is $L + 1$. At a right angle the first layer's part is 0, the last one's is
# the largest. With ReLU opposite inputs end up with a positive correlation. Erf is odd, so opposite inputs stay opposite, and
# its kernel is $-k(0)$ there.
# </details>

# %% [markdown]
# ## Layers of random Gaussians
#
# Why is there a limit? The lecture defines the network of $L$ hidden layers by
#
# $$f^{(h)}(x) = W^{(h)} g^{(h-1)}(x), \qquad
# g^{(h)}(x) = \sqrt{\frac{c_\sigma}{d_h}}\;\sigma\big(f^{(h)}(x)\big), \qquad g^{(0)} = x, \tag{3}$$
#
# $d_h$ the width of layer $h$, the output $f = f^{(L+1)}$, no bias, and all entries of all $W^{(h)}$ independent $N(0, 1)$. Look at one layer *given the layers below*. An entry
# $f^{(h)}_i(x) = \sum_j W^{(h)}_{ij} g^{(h-1)}_j(x)$ is a combination of independent Gaussians, hence
# Gaussian; two entries share no weights, hence are independent; and for two inputs the covariance is
# $\langle g^{(h-1)}(x), g^{(h-1)}(x')\rangle$. That is itself random, but a mean over $d_{h-1}$ entries:
#
# $$\langle g^{(h)}(x), g^{(h)}(x')\rangle = \frac{c_\sigma}{d_h}\sum_{i=1}^{d_h}
# \sigma\big(f^{(h)}_i(x)\big)\,\sigma\big(f^{(h)}_i(x')\big)
# \;\longrightarrow\; c_\sigma\,\mathbb E_{(u, v)\sim N(0, \Lambda^{(h)})}[\sigma(u)\sigma(v)]
# = \Sigma^{(h)}(x, x') . \tag{4}$$
#
# Here is the recursion (4): $\Lambda^{(h)}$ is the $2\times2$ matrix of $\Sigma^{(h-1)}$ at $x, x'$, and
# $\Sigma^{(0)} = x^\top x'$. The constant $c_\sigma = 1/\mathbb E[\sigma(z)^2]$ keeps
# $\Sigma^{(h)}(x, x) = 1$ on the sphere. For ReLU $\mathbb E[\max(z, 0)^2] = \frac12$ by symmetry, so
# $c_\sigma = 2$.
#
# So the sum over a wide layer turns a random covariance into a certain one, by the law of large numbers (the lecture calls it
# the central limit theorem; given the layer below, the entries are Gaussian at *any* width).
#
# **Predict:** at finite width, has a neuron of layer 3 more or fewer extreme values than a Gaussian of the same variance?
#
# <details><summary>Answer</summary>
#
# More. It is a *mixture*: Gaussian, with a variance that was itself drawn.
# </details>
#
# For ReLU the excess kurtosis (zero for a Gaussian) can be computed for any
# width: each layer multiplies the variance by a mean of $m$ terms $2\max(z, 0)^2$, with mean 1
# and variance $5/m$ (at $m = 100$ a factor of $1 \pm 0.22$ a layer), so it is $3(1 + 5/m)^{h-1} - 3$. Left, a neuron of layer 3 in 10 000 random networks;
# right, the kurtosis of 5000 networks of each width, on these curves.

# %%
samples = {}
for m in (4, 16, 64):
    *_, third = trained.deep_kernels.preactivations([[1.0, 0.0]], m, 3, 10_000, np.random.default_rng(m))
    samples[m] = third[:, 0, 0].cpu().numpy()
layers = trained.deep_kernels.gaussianity("quick", rng=np.random.default_rng(3), device="cpu")
figures.show(pictures.gaussian_layers(samples, layers))

# %% tags=["nbval-check-output"]
print(claims.judge("C04", table=layers))

# %% [markdown]
# The covariance in one network fluctuates like $m^{-1/2}$; the *shape* of the distribution over networks
# is Gaussian up to $1/m$ already. The first layer is Gaussian at any width: below it nothing is random.
#
# ## Backwards through the layers
#
# Now the gradients. By the chain rule, as on the backup slides,
#
# $$\frac{\partial f}{\partial W^{(h)}} = \zeta^{(h)}(x)\; g^{(h-1)}(x)^\top, \qquad
# \zeta^{(L+1)} = 1, \qquad \zeta^{(h)} = \sqrt{\frac{c_\sigma}{d_h}}\; D^{(h)}\,
# \big(W^{(h+1)}\big)^\top \zeta^{(h+1)},$$
#
# where $\zeta^{(h)}$ is the derivative of the output by the pre-activation $f^{(h)}$, the signal that comes back from above, and
# $D^{(h)} = \operatorname{diag}\,\dot\sigma(f^{(h)}(x))$ the slopes of $\sigma$: what backpropagation computes anyway. Follow
# it by hand in a small network and ask autograd:

# %% tags=["nbval-check-output"]
net = FullyConnected(2, 50, 2, generator=torch.Generator().manual_seed(1), device="cpu")
x0 = torch.tensor([0.6, 0.8], dtype=torch.float64)
f1 = net.W1 @ x0
g1 = (2 / 50) ** 0.5 * torch.relu(f1)
f2 = net.W2 @ g1
g2 = (2 / 50) ** 0.5 * torch.relu(f2)
back2 = (2 / 50) ** 0.5 * (f2 > 0) * net.W3
back1 = (2 / 50) ** 0.5 * (f1 > 0) * (net.W2.T @ back2)
by_hand = [torch.outer(back1, x0), torch.outer(back2, g1), g2]
by_torch = torch.autograd.grad(net(x0), [net.W1, net.W2, net.W3])
for h, (mine, theirs) in enumerate(zip(by_hand, by_torch, strict=True), start=1):
    print(f"∂f/∂W{h}: the same as autograd:", torch.allclose(mine, theirs, atol=1e-12))

# %% [markdown]
# A gradient is an outer product, so layer $h$ contributes a product of two inner products to the kernel.
#
# **Predict:** the gradient with respect to $W^{(2)}$ of a network of width 1000 has a million entries. How many numbers
# determine it?
#
# <details><summary>Answer</summary>
#
# Two thousand: it is an outer product, of what comes from below and what comes back from above.
# </details>
#
# In formulas:
#
# $$\left\langle \frac{\partial f(x)}{\partial W^{(h)}}, \frac{\partial f(x')}{\partial W^{(h)}}\right\rangle
# = \big\langle g^{(h-1)}(x), g^{(h-1)}(x')\big\rangle\cdot\big\langle \zeta^{(h)}(x), \zeta^{(h)}(x')\big\rangle .$$
#
# The first tends to $\Sigma^{(h-1)}$. The second is a sum over entries where both neurons are on; each step
# down multiplies it by $\dot\Sigma^{(h)} = c_\sigma\,\mathbb E[\dot\sigma(u)\dot\sigma(v)]$. Together,
#
# $$k(x, x') = \sum_{h=1}^{L+1} \Sigma^{(h-1)}(x, x') \prod_{h'=h}^{L} \dot\Sigma^{(h')}(x, x') .$$
#
# Why a *product*? Because $W^{(h+1)}$ is drawn independently of which neurons of layer $h$ are on. (It also has a say in which
# neurons of layer $h+1$ are on; in wide layers this does not matter.) So each step down multiplies the expectation. See it at work in three hidden layers of width 2000, one
# row per weight matrix, $60°$ between the inputs:

# %% tags=["nbval-check-output"]
net = FullyConnected(3, 2000, 2, generator=torch.Generator().manual_seed(2), device="cpu")
angle = np.pi / 3
by_layer = tangent.empirical_ntk_by_layer(net, to_circle([0, angle]))
found = {name: H[0, 1] for name, H in by_layer.items()}
exact = {f"W{h}": DeepNTK(3, trained=[h]).profile([angle])[0] for h in (1, 2, 3, 4)}
parts = pd.DataFrame({"one network": found, "infinite width": exact})
parts.loc["sum"] = parts.sum()
print(parts.round(3))
print("all layers at once:", DeepNTK(3).profile([angle])[0].round(3))

# %% [markdown]
# ## A factor too many
#
# And $\dot\Sigma$ for ReLU? Its slope $\dot\sigma$ is 1 where a neuron is on, else 0. So
# $\mathbb E[\dot\sigma(u)\dot\sigma(v)]$ is the probability that a random neuron is on for both inputs.
#
# **Predict:** for opposite inputs, $\theta = \pi$, what is it? And at a right angle?
#
# <details><summary>Answer</summary>
#
# 0: no half plane around $x$ contains $-x$. At a right angle 1/4: on for the first with probability 1/2, and independently so
# for the second.
# </details>
#
# Draw it: the directions $w$ with $w\cdot x > 0$ fill a half plane, those with $w\cdot x' > 0$ another one,
# turned by $\theta$. They share a sector of opening $\pi - \theta$ out of $2\pi$. With $c_\sigma = 2$ and
# $\rho = \cos\theta$,
#
# $$\dot\Sigma = c_\sigma\,\frac{\pi - \arccos\rho}{2\pi} = \frac{\pi-\theta}{\pi} .$$
#
# The appendix of the paper prints $\rho$ times this. No probability can be negative, but $\rho$ is for
# angles beyond a right one, so you can reject it without any computation. (In [(7)](02_two_layer.py) a $\rho$ is right: it is $\Sigma^{(0)} = x\cdot x'$.
# Perhaps it was counted twice.) A million draws agree:

# %%
draws = deep_kernels.slope_products(rng=np.random.default_rng(0))
figures.show(pictures.slopes(draws, deep_kernels.slope, deep_kernels.printed_slope))

# %% tags=["nbval-check-output"]
print(claims.judge("C05"))

# %% [markdown]
# ## Ten lines
#
# The recursion and the product, by hand: one loop that carries the covariance and the kernel from layer to layer. A layer
# multiplies what is there by $\dot\Sigma$ and adds the term of the next weight matrix.

# %% tags=["nbval-check-output"]
def kernel(theta, hidden_layers):
    sigma, total = np.cos(theta), np.cos(theta)
    for _ in range(hidden_layers):
        phi = np.arccos(np.clip(sigma, -1, 1))
        sigma = (np.sin(phi) + (np.pi - phi) * np.cos(phi)) / np.pi
        total = total * (np.pi - phi) / np.pi + sigma
    return total


theta = np.linspace(0, np.pi, 7)
for L in (1, 3, 50):
    print(f"L = {L:2d}:", "  ".join(f"{v:.3f}" for v in kernel(theta, L)),
          " off the package:", np.abs(kernel(theta, L) - DeepNTK(L).profile(theta)).max() < 1e-6)

# %% [markdown]
# The package works on half angles instead of arccos, which loses half of the digits for close inputs, and in any dimension.
#
# ## Your turn
#
# In `kernel` above multiply `(np.pi - phi) / np.pi` by `np.cos(phi)`, as the appendix prints it. Would a test at equal inputs find
# the mistake? Would a negative eigenvalue of a Gram matrix?
#
# <details><summary>Solution</summary>
#
# Neither. At $\theta = 0$ nothing changes, since $\cos 0 = 1$; and a product of positive definite kernels is positive definite. At
# $60°$ and $L = 3$ the kernel becomes 1.253 instead of 1.738, so a network finds it; and so does asking what $\dot\Sigma$ is, for
# a probability is never negative.
# </details>
#
# ## Summary
#
# 1. Given the layer below, pre-activations are Gaussian; wide layers make their covariance certain: recursion (4).
# 2. The shape of the distribution is Gaussian up to $1/m$, the covariance of one network up to $m^{-1/2}$.
# 3. A gradient is an outer product, so the kernel is a sum over layers, $\Sigma^{(h-1)}\prod\dot\Sigma$.
# 4. For ReLU $\dot\Sigma = (\pi-\theta)/\pi$: a probability, times $c_\sigma = 2$. The paper's appendix has a factor $\rho$ too many.
# 5. ReLU layers make different inputs alike; [what that does to learning](06_depth.py) is the next lecture.
#
# Three questions that use the whole lecture:
#
# - Only the last layer is trained. What is the tangent kernel then?
# - Why is $k(x, x) = L + 1$ for ReLU at any depth, and what would it be with $c_\sigma = 1$?
# - A network has width 100 and depth 10. Roughly how large is the excess kurtosis of the pre-activations of its last hidden layer?
#
# <details><summary>Answers</summary>
#
# $\Sigma^{(L)}$: the term $h = L + 1$ alone. · Each of $L + 1$ terms is a product of ones on the diagonal, because $c_\sigma$ keeps
# $\Sigma^{(h)}(x,x) = \dot\Sigma(x, x) = 1$; with $c_\sigma = 1$ each layer would halve it, and the sum is $(L+1)2^{-L}$. ·
# $3(1 + 5/100)^{9} - 3 \approx 1.7$.
# </details>

# %% [markdown]
# ## Sources
#
# - J. Lee and others, *Deep neural networks as Gaussian processes*, [arXiv:1711.00165](https://arxiv.org/abs/1711.00165).
# - S. Arora and others, *On exact computation with an infinitely wide neural net*, NeurIPS 2019, [arXiv:1904.11955](https://arxiv.org/abs/1904.11955).
# - A. Jacot and others, *Neural tangent kernel*, NeurIPS 2018, [arXiv:1806.07572](https://arxiv.org/abs/1806.07572).
# - R. Basri and others, *Frequency bias in neural networks for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560), appendix.
