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
# neurons of one layer depend on all the layers below. **Why do wide networks of any depth have a limit at all, what is it, and
# can it be written down?** It can: as a recursion forwards, a recursion backwards, and a sum over layers. On the way we find a
# factor in the paper that should not be there, and see how one could have known.
#
# After this lecture you can
#
# - explain why *pre-activations*, what a neuron receives before $\sigma$, become Gaussian, and how fast;
# - write the gradient of a deep network as an outer product, and the kernel as a sum over layers;
# - derive the kernel of any depth, compute it in ten lines, and reject a wrong formula without computing anything.

# %% [markdown]
# ## The picture
#
# Left, two inputs at an angle $\theta$ and how alike they are after each layer of an infinitely wide network. Right, the tangent
# kernel, stacked from the parts that its weight matrices $W^{(1)}, W^{(2)}, \dots$ contribute.
#
# **Predict:** a ReLU layer sets everything negative to zero. Do two different inputs become more alike from layer to layer, or
# less?
#
# <details><summary>Answer</summary>
#
# More alike. What comes out of ReLU is never negative, so two outputs have at least their sign in common: opposite inputs come out
# with correlation 0 instead of $-1$, inputs at a right angle with 0.32 instead of 0. The next layer does the same to what it is
# given, but the closer two inputs are, the fewer neurons tell them apart, and so the correlation rises towards 1 more and more
# slowly. A deep kernel hardly tells inputs apart unless they are close.
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
# The dots on the left are one pair of inputs, nearly at a right angle: their correlation climbs from 0.07 to 0.62 in three layers. On the right the
# bands are of equal height at angle 0, and up to some 150° the last weight matrix's share of the kernel grows with the angle.
#
# **Try:** which layer's part is largest at angle 0, and which at a right angle? Set 8 layers: what happens to inputs that were
# opposite? Switch the activation to erf, a smooth step from $-1$ to 1: what is different at $\theta = \pi$, and why?
#
# <details><summary>What you should have seen</summary>
#
# At angle 0 all parts are equal, 1 each: with $L$ hidden layers the kernel is $L + 1$. At a right angle the first layer's part is
# 0, the last one's is the largest. With ReLU opposite inputs end up with a positive correlation. Erf is odd: turn the sign of the
# input, and the sign of everything after it turns. So opposite inputs stay opposite, and its kernel is $-k(0)$ there.
# </details>

# %% [markdown]
# ## Layers of random Gaussians
#
# Why is there a limit? A network of $L$ hidden layers multiplies by a matrix and applies $\sigma$, again and again. In the lecture's
# notation $f^{(h)}$ is what layer $h$ receives and $g^{(h)}$ what it passes on:
#
# $$f^{(h)}(x) = W^{(h)} g^{(h-1)}(x), \qquad
# g^{(h)}(x) = \sqrt{\frac{c_\sigma}{d_h}}\;\sigma\big(f^{(h)}(x)\big), \qquad g^{(0)} = x, \tag{3}$$
#
# with $d_h$ the width of layer $h$. The output is $f = f^{(L+1)}$, there is no bias, and all entries of all $W^{(h)}$ are drawn
# independently from $N(0, 1)$; dividing by $\sqrt{d_h}$ keeps sums of $d_h$ terms of order one, as $1/\sqrt m$ does in (6).
#
# Look at one layer *given the layers below*. An entry $f^{(h)}_i(x) = \sum_j W^{(h)}_{ij} g^{(h-1)}_j(x)$ is a combination of
# independent Gaussians, hence Gaussian; two entries share no weights, hence are independent; and at two inputs $x$ and $x'$ the
# same entry has the covariance $\langle g^{(h-1)}(x), g^{(h-1)}(x')\rangle$. That is itself random, but a mean over many neurons.
# For the next layer it is
#
# $$\langle g^{(h)}(x), g^{(h)}(x')\rangle = \frac{c_\sigma}{d_h}\sum_{i=1}^{d_h}
# \sigma\big(f^{(h)}_i(x)\big)\,\sigma\big(f^{(h)}_i(x')\big)
# \;\longrightarrow\; c_\sigma\,\mathbb E_{(u, v)\sim N(0, \Lambda^{(h)})}[\sigma(u)\sigma(v)]
# = \Sigma^{(h)}(x, x') . \tag{4}$$
#
# Here is the recursion: the covariance $\Sigma^{(h)}$ of what layer $h$ passes on is computed from that of the layer before, which
# stands in $\Lambda^{(h)}$, the $2\times2$ matrix of $\Sigma^{(h-1)}$ at $x, x'$; it starts with $\Sigma^{(0)} = x\cdot x'$. The
# constant $c_\sigma = 1/\mathbb E[\sigma(z)^2]$, $z \sim N(0, 1)$, keeps $\Sigma^{(h)}(x, x) = 1$ on the sphere. For ReLU
# $\mathbb E[\max(z, 0)^2] = \frac12$, half of $\mathbb E[z^2]$, so $c_\sigma = 2$.
#
# **A wide layer turns a random covariance into a certain one, by the law of large numbers.** No central limit theorem is
# needed: given the layer below, the entries are Gaussian at *any* width.
#
# **Predict:** and if we do not know the layers below? At finite width, has a neuron of layer 3 more or fewer extreme values than a
# Gaussian of the same variance?
#
# <details><summary>Answer</summary>
#
# More. It is a *mixture* of Gaussians, each network with a variance of its own. The networks of large variance provide the extreme
# values, those of small variance fill the middle.
# </details>
#
# A measure of this is the *excess kurtosis*, $\mathbb E f^4/(\mathbb E f^2)^2 - 3$, which is 0 for a Gaussian. In one network let the
# variance be $V$. A layer of $m$ ReLU neurons multiplies $V$ by the mean of $m$ independent terms $2\max(z, 0)^2$. One term has
# the mean 1 and the variance $4\,\mathbb E\max(z,0)^4 - 1 = 4\cdot\frac32 - 1 = 5$. So the factor is $1 \pm \sqrt{5/m}$, its mean square
# $1 + 5/m$, and after the $h - 1$ layers below
#
# $$\frac{\mathbb E f^4}{(\mathbb E f^2)^2} - 3 = \frac{3\,\mathbb E V^2}{(\mathbb E V)^2} - 3
# = 3\Big(1 + \frac5m\Big)^{h-1} - 3 \;\approx\; \frac{15\,(h-1)}m .$$
#
# Left, a neuron of layer 3 in 10 000 random networks, against the normal density; right, the excess kurtosis of 5000 networks
# of each width (points, two standard errors) on these curves.

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
# Left, on a scale of powers of ten: at width 4 values near $\pm5$ are some thousand times as frequent as the normal density has them; at 64 the dots
# leave it only near $\pm4$, where a handful of the networks lie. Right, in layer 3 the curve falls from 2.2 at width 16 to 0.24 at 128, and the points lie on it.
# The two rates in the verdict belong together. The covariance of *one* network is off by a random amount of order $\sqrt{5/m}$. Over *all*
# networks these fluctuations have mean 0 and cancel; what remains is their mean square, $5/m$. The first layer is Gaussian at any width:
# below it nothing is random.
#
# ## Backwards through the layers
#
# Now the gradients. By the chain rule,
#
# $$\frac{\partial f}{\partial W^{(h)}} = \zeta^{(h)}(x)\; g^{(h-1)}(x)^\top, \qquad
# \zeta^{(L+1)} = 1, \qquad \zeta^{(h)} = \sqrt{\frac{c_\sigma}{d_h}}\; D^{(h)}\,
# \big(W^{(h+1)}\big)^\top \zeta^{(h+1)},$$
#
# where $\zeta^{(h)}$ is the derivative of the output by the pre-activation $f^{(h)}$, the signal that comes back from above, and
# $D^{(h)} = \operatorname{diag}\,\dot\sigma(f^{(h)}(x))$ holds the slopes of $\sigma$. This is what backpropagation computes:
# follow it by hand in a small network and ask autograd.

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
# Two thousand: it is an outer product, of the thousand numbers $g^{(1)}$ that come from below and the thousand numbers
# $\zeta^{(2)}$ that come back from above.
# </details>
#
# The inner product of two outer products is a product of two inner products:
#
# $$\left\langle \frac{\partial f(x)}{\partial W^{(h)}}, \frac{\partial f(x')}{\partial W^{(h)}}\right\rangle
# = \big\langle g^{(h-1)}(x), g^{(h-1)}(x')\big\rangle\cdot\big\langle \zeta^{(h)}(x), \zeta^{(h)}(x')\big\rangle .$$
#
# The first factor tends to $\Sigma^{(h-1)}$. The second one, written out by the formula for $\zeta^{(h)}$, is a mean over the neurons of
# layer $h$:
#
# $$\big\langle \zeta^{(h)}(x), \zeta^{(h)}(x')\big\rangle = \frac{c_\sigma}{d_h}\sum_{i=1}^{d_h}
# \dot\sigma\big(f^{(h)}_i(x)\big)\,\dot\sigma\big(f^{(h)}_i(x')\big)\;
# \Big(W^{(h+1)\top}\zeta^{(h+1)}(x)\Big)_i \Big(W^{(h+1)\top}\zeta^{(h+1)}(x')\Big)_i .$$
#
# The last two brackets are sums over fresh Gaussian weights, and the mean of their product is
# $\langle\zeta^{(h+1)}(x), \zeta^{(h+1)}(x')\rangle$. These weights know nothing of which neurons of layer $h$ are on, so the mean of the
# whole is a *product* of means: each step down multiplies by $\dot\Sigma^{(h)} = c_\sigma\,\mathbb E[\dot\sigma(u)\dot\sigma(v)]$.
# (They do have a say in which neurons of layer $h+1$ are on, hence in $\zeta^{(h+1)}$; that this does not matter in wide
# layers is the hard part of a proof.) From the output, where $\zeta^{(L+1)} = 1$, down to layer $h$, and then summed over $h$:
#
# $$k(x, x') = \sum_{h=1}^{L+1} \Sigma^{(h-1)}(x, x') \prod_{h'=h}^{L} \dot\Sigma^{(h')}(x, x') .$$
#
# See it at work in three hidden layers of width 2000, one row per weight matrix, $60°$ between the inputs:

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
# One random network comes within 9 % of the limit in the first part, 4 % in the others, and 0.3 % in the sum. The 0.3 % is luck. Over many
# networks the parts scatter by about $4/\sqrt m$ and their sum by $3/\sqrt m$ of themselves (measured on 40 networks of width 500), that is by 9 and 7 %
# here; and they scatter about the limit, not about some other value.
#
# The later the matrix, the larger its part: it has the greater $\Sigma$, for its inputs are more alike, and fewer factors $\dot\Sigma < 1$.

# %% [markdown]
# ## A factor too many
#
# What remains is one layer: $\Sigma$ and $\dot\Sigma$ for ReLU. The slope $\dot\sigma$ is 1 where a neuron is on, else 0. So
# $\mathbb E[\dot\sigma(u)\dot\sigma(v)]$ is the probability that a random neuron is on for both inputs: two
# [half-planes](02_two_layer.py) at an angle $\theta$ share a sector of opening $\pi - \theta$ out of $2\pi$. With $c_\sigma = 2$,
#
# $$\dot\Sigma = c_\sigma\,\frac{\pi - \theta}{2\pi} = \frac{\pi-\theta}{\pi} .$$
#
# The appendix of the paper prints, with the correlation $\rho = \cos\theta$, instead
# $\dot\Sigma = \frac{c_\sigma}{2\pi}\,\rho\,(\pi - \arccos\rho)$.
#
# **Predict:** you have only a minute. At which angles is it plain that the printed formula cannot be right?
#
# <details><summary>Answer</summary>
#
# Beyond a right angle: there $\rho$ is negative, and no probability is. And at a right angle: it says 0, although a neuron is on for
# the first input with probability $\frac12$ and, independently, for the second, so that a quarter of all are on for both. Only at
# 0 and $\pi$ do the two formulas agree.
# </details>
#
# A million draws at five angles agree with the straight line:

# %%
draws = deep_kernels.slope_products(rng=np.random.default_rng(0))
figures.show(pictures.slopes(draws, deep_kernels.slope, deep_kernels.printed_slope))

# %% tags=["nbval-check-output"]
print(claims.judge("C05"))

# %% [markdown]
# Its last number is about more than $\dot\Sigma$. In the mean over 30 networks no layer's part is farther from its term in the sum than 2.2 standard errors,
# the largest of several: the step that we did not prove, that the say of these weights in $\zeta^{(h+1)}$ does not matter, passes the test.
#
# The same $\dot\Sigma$ gives $\Sigma$. Let $u$ and $v$ have variance 1 and the correlation $\rho$. Then, for any $\sigma$,
#
# $$\frac{d}{d\rho}\,\mathbb E[\sigma(u)\sigma(v)] = \mathbb E[\dot\sigma(u)\dot\sigma(v)] .$$
#
# <details><summary>Why? (Three lines.)</summary>
#
# Write $v = \rho u + \sqrt{1-\rho^2}\,z$ with $z$ independent of $u$. The derivative of the left side is
# $\mathbb E\big[\sigma(u)\,\dot\sigma(v)\,\big(u - \frac{\rho}{\sqrt{1-\rho^2}}\,z\big)\big]$. Integrating by parts against the normal density
# replaces a factor $u$ by $\partial/\partial u$, and $z$ by $\partial/\partial z$. The first gives
# $\mathbb E[\dot\sigma(u)\dot\sigma(v)] + \rho\,\mathbb E[\sigma(u)\ddot\sigma(v)]$, the second $-\rho\,\mathbb E[\sigma(u)\ddot\sigma(v)]$.
# (For ReLU $\ddot\sigma$ is a spike at 0; it cancels all the same.)
# </details>
#
# So $d\Sigma/d\rho = (\pi - \theta)/\pi$, where $\rho = \cos\theta$ and $d\rho = -\sin\theta\,d\theta$. At $\theta = 0$ we know $\Sigma = 1$;
# integrate by parts,
#
# $$\Sigma = 1 - \frac1\pi\int_0^\theta (\pi - s)\sin s\,ds = \frac{\sin\theta + (\pi-\theta)\cos\theta}{\pi} .$$
#
# (At a right angle $1/\pi = 0.32$, at $\pi$ nothing: the numbers of the first prediction.)
#
# ## Ten lines
#
# The recursion and the product, by hand, and compared with the package's: one loop carries the covariance and the kernel from layer to layer. `phi` is the angle
# that the layer is given. The loop multiplies the kernel so far by $\dot\Sigma$ and adds the term of the next weight matrix.

# %% tags=["nbval-check-output"]
def kernel(theta, hidden_layers):
    sigma, total = np.cos(theta), np.cos(theta)
    for _ in range(hidden_layers):
        phi = np.arccos(np.clip(sigma, -1, 1))
        sigma = (np.sin(phi) + (np.pi - phi) * np.cos(phi)) / np.pi
        total = total * (np.pi - phi) / np.pi + sigma
    return total


theta = np.linspace(0, np.pi, 7)
print("θ =    ", "  ".join(f"{30 * i:5d}°" for i in range(7)))
for L in (1, 3, 50):
    np.testing.assert_allclose(kernel(theta, L), DeepNTK(L).profile(theta), atol=1e-6)
    print(f"L = {L:2d}:", "  ".join(f"{v:6.3f}" for v in kernel(theta, L)))

# %% [markdown]
# Read along the rows. With one hidden layer the kernel falls below zero beyond a right angle, to $-0.130$ at 150°. With three it is at least
# 0.656. With fifty it is 51 at equal inputs and between 14.4 and 17.1 everywhere else on this grid: layers make inputs alike.
#
# ## Your turn
#
# In `kernel` above multiply `(np.pi - phi) / np.pi` by `np.cos(phi)`, as the appendix prints it. Would a test at equal inputs find
# the mistake? Would looking for a negative eigenvalue of a Gram matrix?
#
# <details><summary>Solution</summary>
#
# Neither. At $\theta = 0$ nothing changes, since $\cos 0 = 1$. And `np.cos(phi)` is a covariance, so positive semi-definite; products
# and sums of such kernels are so, too. What finds it is a network: at $60°$ and $L = 3$ the kernel becomes 1.253 instead of
# 1.738, and one network above had 1.733. So does a question: what *is* this number?
# </details>
#
# ## Summary
#
# 1. Given the layer below, pre-activations are Gaussian; wide layers make their covariance certain: recursion (4).
# 2. The covariance of one network is off by $m^{-1/2}$, the shape of the distribution over networks only by $1/m$.
# 3. A gradient is an outer product, so the kernel is a sum over layers, $\Sigma^{(h-1)}\prod\dot\Sigma$.
# 4. For ReLU $\dot\Sigma = (\pi-\theta)/\pi$: a probability, times $c_\sigma = 2$. Its integral over $\rho$ is $\Sigma$.
# 5. ReLU layers make different inputs alike. [What depth changes](06_depth.py) says what that does to learning, and measures that the kernel
#    of a wide deep network also *stays* near its limit while it is trained.
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
