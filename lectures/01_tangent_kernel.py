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
# # The tangent kernel
#
# **Needs:** lecture 0; the chain rule, eigenvectors of a symmetric matrix, Gaussian vectors.
# **Time:** about 60 minutes, plus 55 for the assignment.
#
# Lecture 0 explained everything it showed by one matrix $H$: the residual of a network in training
# obeys $r^{(t+1)} = (I - \eta H)\, r^{(t)}$. That was a promise with three gaps. **Where does $H$ come
# from? Why is it the same for every random start? And why does it not change while the network
# learns?** The answer to the last two is the same: the network is wide. How wide, we measure.
#
# After this lecture you can
#
# - compute the tangent kernel of any network with autograd, and say what its entries mean;
# - predict the whole training of a wide network without training it, and say how wrong that is;
# - explain why one random network is enough where the definition asks for an average over all;
# - derive the kernel of infinite width, layer by layer, and notice a wrong formula in a paper.

# %% [markdown]
# ## The picture
#
# A network with two hidden layers of 64 neurons, trained on $\cos x + \cos 2x$ at 24 points of the
# circle.

# %%
import numpy as np
import pandas as pd
import torch

from ntklab import claims, figures, tangent
from ntklab.experiments import deep_kernels, fit_power, rms, trained
from ntklab.explorers import tangent_kernel as explorer
from ntklab.figures import deep_kernels as layer_pictures
from ntklab.figures import tangent_kernel as pictures
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.training import train

figures.show(explorer.draw(explorer.compute(width=64, hidden_layers=2)))

# %% [markdown]
# Left, each dot is a pair of points: the *tangent kernel* of this network before training, defined in a
# moment. The line is what it tends to as the network gets wider. Middle and right, the trained network
# (dots) and two predictions of it, which come from these kernels without any training.

# %%
explorer.explorer()

# %% [markdown]
# Three things to try:
#
# - widen the network from 16 to 512. Which of the two predictions becomes good first?
# - change the random start at width 16, then at 512. What stays the same?
# - add hidden layers at fixed width. Is a deeper network closer to its limit, or farther from it?

# %% [markdown]
# ## The definition
#
# Let $f(\mathbf w, x)$ be the output of a network with parameters $\mathbf w$. Its tangent kernel is the
# inner product of two gradients *by the parameters*. The lecture's definition (2) averages over the
# random start:
#
# $$k(x, x') = \mathbb E_{\mathbf w}\left\langle \frac{\partial f(\mathbf w, x)}{\partial \mathbf w},
# \frac{\partial f(\mathbf w, x')}{\partial \mathbf w}\right\rangle .$$
#
# Without the average it is a matrix that belongs to one network, the *empirical* tangent kernel $H$.
# Read an entry like this: change the parameters a little so as to raise the output at $x'$; then
# $H(x, x')$ says how much the output at $x$ rises with it.
#
# For network (6), one hidden layer, at three points: a gradient for each by autograd, then all products.

# %% tags=["nbval-check-output"]
network = TwoLayerReLU(1000, 2, generator=torch.Generator().manual_seed(0), device="cpu")
X = to_circle([0.0, 0.5, 2.0])
weights = [w for w in network.parameters() if w.requires_grad]
rows = []
for output in network(torch.from_numpy(X)):
    gradient = torch.autograd.grad(output, weights, retain_graph=True)
    rows.append(torch.cat([part.flatten() for part in gradient]))
J = torch.stack(rows).numpy()
print("J has", J.shape[0], "rows and", J.shape[1], "columns; H =")
print((J @ J.T).round(3) + 0.0)  # no zero with a sign

# %% [markdown]
# Of all these numbers only a 3 × 3 matrix will matter. Two more ways to it: the function that the
# course uses, and the formula of infinite width, which lecture 2 derives.

# %% tags=["nbval-check-output"]
H = tangent.empirical_ntk(network, X)
print("the same by empirical_ntk:", np.allclose(H, J @ J.T, rtol=1e-10))
print("infinite width:")
print(TwoLayerNTK(bias=True, normalization="network")(X).round(3) + 0.0)

# %% [markdown]
# One network of width 1000 gives every entry within a few percent, without the expectation.
#
# ## One step of gradient descent
#
# Why inner products of gradients? Collect the outputs at the $n$ training points in a vector $u$, and
# their gradients as the rows of $J$. To first order in a change of the parameters,
#
# $$u(\mathbf w + \Delta\mathbf w) \approx u(\mathbf w) + J\, \Delta\mathbf w .$$
#
# Replacing a network by the right side is called its *linearisation*. The loss (5) is
# $\Phi = \frac12\|u - y\|^2$, its gradient $J^\top (u - y)$, so a step of gradient descent moves the
# parameters by $\Delta\mathbf w = -\eta J^\top (u - y)$ and the outputs by $-\eta J J^\top (u-y)$. With
# $H = JJ^\top$,
#
# $$u^{(t+1)} - y = (I - \eta H(t))\,(u^{(t)} - y) + \epsilon(t) . \tag{21}$$
#
# There is the promised matrix. (The course's `train` descends the *mean* of the squares, so that its
# $\eta$ is $n$ times the one here. Nothing else changes.)
#
# How good is first order for a ReLU network? Take one large step and compare:

# %% tags=["nbval-check-output"]
x = np.linspace(-np.pi, np.pi, 40, endpoint=False)
points, y = to_circle(x), trained.tangent_kernel.target(x)
print("width   what (21) misses, relative to the change of u")
for m in (100, 1000, 10_000, 100_000):
    net = trained.tangent_kernel.two_layer(m, rng=np.random.default_rng(0), device="cpu")
    H = tangent.empirical_ntk(net, points) / len(x)
    eta = 1 / np.linalg.eigvalsh(H)[-1]
    u = train([net], points, y, eta, iterations=1, outputs=True).outputs[:, 0]
    missed = u[1] - u[0] + eta * H @ (u[0] - y)
    print(f"{m:6d}   {np.linalg.norm(missed) / np.linalg.norm(u[1] - u[0]):.4f}")

# %% [markdown]
# The same large change of the outputs, an ever better linearisation: a wide network shares the work
# among so many neurons that each of them hardly moves. With parameters of order one and $1/\sqrt m$ in
# front of the sum, one neuron has to move by about $1/\sqrt m$ only, so that only few of them, about
# $\sqrt m$ of $m$, switch on or off at any point.

# %% [markdown]
# ## All steps at once
#
# Suppose $H(t)$ stays at $H^\infty$ all the time. Then (21), applied $t$ times, is (22) of the lecture,
#
# $$u^{(t)} - y \approx (I - \eta H^\infty)^t\,(u^{(0)} - y) . \tag{22}$$
#
# In eigenvectors, $H^\infty v_i = \lambda_i v_i$, each component fades by its own factor
# $(1 - \eta\lambda_i)^t$. The squares of the components add up to the length of the residual:
#
# $$\|y - u^{(t)}\| \approx
# \sqrt{\sum_{i=1}^n (1 - \eta\lambda_i)^{2t}\,\big(v_i^\top (u^{(0)} - y)\big)^2} .$$
#
# The lecture's equation (1), which returns as (8), has $v_i^\top y$ in the last bracket, and
# $\pm\,\epsilon$ at the end. It takes the network to start at $u^{(0)} = 0$. Networks do not: at the
# start the output is a sum of $m$ random terms, divided by $\sqrt m$. It is of order one *at any width*.
# Watch both versions against trained networks (6); the points follow the density 1 : 2 : 4, the target
# is $\cos x + \cos 2x$ again.

# %%
curves = trained.tangent_kernel.curves((16, 128, 4096), rng=np.random.default_rng(0), device="cpu")
figures.show(pictures.error_curves(curves))

# %% [markdown]
# At width 4096 the prediction that knows $u^{(0)}$ is met from the first step to the last. The printed one
# is not, and goes wrong most where you would least expect it, at the *end*: the random start has fast
# waves in it, which the target has not, and getting rid of them takes longest.
#
# At width 128 the better prediction is good until some 90 percent are learned, then the network falls
# behind: $\epsilon$ is an absolute error, small beside $\|y\|$ but not beside an error that has become
# small itself. **The bulk of learning is foretold at moderate widths, the last few percent only at
# large ones.**

# %% [markdown]
# ## How wide is wide enough?
#
# Now with statistics. For twenty networks of each width we train 60 steps with $\eta = 1/\lambda_1$ and
# measure, relative to $\|y\|$ and at the worst moment $t$,
#
# - what (1) **as printed** misses. Once from the usual random start; once from a *paired* start,
#   where each neuron has a twin of the opposite sign $a_r$, so that $u^{(0)} = 0$ exactly;
# - what it misses with $u^{(0)} - y$ in the place of $-y$, from the random start;
# - the length of the vector that (22) misses, which also sees errors of direction;
#
# and, on the right, what may be the cause: the kernel's distance from its limit at the start, its
# change during training, and the error of the linearisation at the end. (Seconds. `"full"` goes to
# width 65 536 in minutes.)

# %%
table = trained.tangent_kernel.training("quick", rng=np.random.default_rng(1), device="cpu", progress=True)
drawn = [("random", "printed"), ("paired", "printed"), ("random", "counted"), ("random", "vector")]
drawn += [("random", cause) for cause in ("start", "drift", "linearised")]
laws = {
    (kind, column): str(fit_power(*rms(table[table.start_kind == kind], column)))
    for kind, column in drawn
}
figures.show(pictures.training_gap(table, laws))

# %% tags=["nbval-check-output"]
print(claims.judge("C02", table=table))

# %% [markdown]
# So (1) holds as printed where its silent assumption does, and else with $u^{(0)}$ in it; then four times
# the width halves $\epsilon$. The right panel tells why. What falls like $m^{-1/2}$ is the distance of the
# *initial* kernel from its limit. The kernel's change during training and the error of the
# linearisation fall faster. About $\sqrt m$ neurons switch at a point, and as many go on as off (at width
# 4096 we counted 32 and 33 on average).
# Were they independent, $\sqrt m$ terms $\pm\frac1m$ would add up to $m^{1/4}/m = m^{-3/4}$; the measured
# exponent is about $-0.7$. (`"full"` found $-0.52 \pm 0.02$ for (1) from the paired start, $-0.50 \pm 0.01$
# for its vectors and $-0.69 \pm 0.01$ for the change of the kernel, over widths 256 to 65 536.)
#
# ## Can we not just start small?
#
# The theorem behind (1) does so: its starting weights are $N(0, \tau^2)$ with a small $\tau$. The ReLU
# kernel does not depend on $\tau$ at all, and $u^{(0)}$ is proportional to it. Is this a free lunch?

# %% tags=["nbval-check-output"]
print("   m      τ     (1) as printed   with u(0)   change of the kernel")
for m, tau in [(m, tau) for m in (256, 4096) for tau in (1, 1 / 2, 1 / 4, 1 / 8, 1 / 16)]:
    size, rng = trained.tangent_kernel.Size((m,), 12), np.random.default_rng(0)
    runs = trained.tangent_kernel.training(size, starts=["random"], weight_scale=tau, rng=rng, device="cpu")
    printed, counted, drift = (rms(runs, c)[1][0] for c in ("printed", "counted", "drift"))
    print(f"{m:5d}  {tau:7.4f}      {printed:.3f}           {counted:.3f}          {drift:.3f}")

# %% [markdown]
# No. A neuron must still move by $1/\sqrt m$, and now that is a large part of its length $\tau$: it turns,
# the kernel changes, the network stops being trained.tangent_kernel. What (1) misses is about $\tau$, plus a multiple of
# $1/(\tau\sqrt m)$. Their sum is least at $\tau \sim m^{-1/4}$ (here $\frac14$ and $\frac18$), where it falls like
# $m^{-1/4}$ only. The paired start, $u^{(0)} = 0$ with weights of order one, is the better way.
#
# ## One network speaks for all
#
# Definition (2) has an expectation, and we replaced it by one network. For one hidden layer
# this is the law of large numbers: $f = \frac{1}{\sqrt m}\sum_r a_r\sigma(w_r\cdot x + b_r)$, so
#
# $$H(x, x') = \frac1m \sum_{r=1}^m
# (x\cdot x' + 1)\; \mathbb 1\{w_r\cdot x > 0\}\;\mathbb 1\{w_r\cdot x' > 0\},$$
#
# a mean of $m$ independent terms (at the start, where $b_r = 0$ and $a_r^2 = 1$). Its deviation from
# the expectation falls like $m^{-1/2}$. For more layers the terms depend on each other. Measure how far
# twenty networks (3) of each width and depth, all layers trained, are from their limits:

# %%
spread = trained.tangent_kernel.concentration("quick", rng=np.random.default_rng(2), device="cpu", progress=True)
laws = {
    L: str(fit_power(*rms(part, "deviation"))) for L, part in spread.groupby("hidden_layers")
}
figures.show(pictures.deviations(spread, laws))

# %% tags=["nbval-check-output"]
print(claims.judge("C03", table=spread))

# %% [markdown]
# The same rate at any depth, with a constant that grows: to be as close to the limit as a network of one
# hidden layer, one of three must be three to four times as wide.
#
# ## Layers of random Gaussians
#
# Why is there a limit for several layers? Equation (3) defines the network,
#
# $$f^{(h)}(x) = W^{(h)} g^{(h-1)}(x), \qquad
# g^{(h)}(x) = \sqrt{\frac{c_\sigma}{d_h}}\;\sigma\big(f^{(h)}(x)\big), \qquad g^{(0)} = x,$$
#
# all entries of all $W^{(h)}$ independent $N(0, 1)$. Look at one layer *given the layers below*. An entry
# $f^{(h)}_i(x) = \sum_j W^{(h)}_{ij} g^{(h-1)}_j(x)$ is a combination of independent Gaussians, hence
# Gaussian; two entries share no weights, hence are independent; and for two inputs the covariance is
# $\langle g^{(h-1)}(x), g^{(h-1)}(x')\rangle$. That is itself random, but a mean over $d_{h-1}$ entries:
#
# $$\langle g^{(h)}(x), g^{(h)}(x')\rangle = \frac{c_\sigma}{d_h}\sum_{i=1}^{d_h}
# \sigma\big(f^{(h)}_i(x)\big)\,\sigma\big(f^{(h)}_i(x')\big)
# \;\longrightarrow\; c_\sigma\,\mathbb E_{(u, v)\sim N(0, \Lambda^{(h)})}[\sigma(u)\sigma(v)]
# = \Sigma^{(h)}(x, x') .$$
#
# Here is the recursion (4): $\Lambda^{(h)}$ is the $2\times2$ matrix of $\Sigma^{(h-1)}$ at $x, x'$, and
# $\Sigma^{(0)} = x^\top x'$. The constant $c_\sigma = 1/\mathbb E[\sigma(z)^2]$ keeps
# $\Sigma^{(h)}(x, x) = 1$ on the sphere. For ReLU $\mathbb E[\max(z, 0)^2] = \frac12$ by symmetry, so
# $c_\sigma = 2$.
#
# At finite width a pre-activation is a *mixture*: Gaussian, with a variance that was itself drawn. Such a
# mixture has heavier tails. For ReLU its excess kurtosis (zero for a Gaussian) can be computed for any
# width: each layer multiplies the variance by a mean of $m$ terms $2\max(z, 0)^2$, with mean 1
# and variance $5/m$, so it is $3(1 + 5/m)^{h-1} - 3$. Left, a neuron of layer 3 in 10 000 random networks;
# right, the kurtosis of 5000 networks of each width, on these curves.

# %%
samples = {}
for m in (4, 16, 64):
    *_, third = trained.deep_kernels.preactivations([[1.0, 0.0]], m, 3, 10_000, np.random.default_rng(m))
    samples[m] = third[:, 0, 0].cpu().numpy()
layers = trained.deep_kernels.gaussianity("quick", rng=np.random.default_rng(3), device="cpu")
figures.show(layer_pictures.gaussian_layers(samples, layers))

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
# $$\frac{\partial f}{\partial W^{(h)}} = b^{(h)}(x)\; g^{(h-1)}(x)^\top, \qquad
# b^{(L+1)} = 1, \qquad b^{(h)} = \sqrt{\frac{c_\sigma}{d_h}}\; D^{(h)}\,
# \big(W^{(h+1)}\big)^\top b^{(h+1)},$$
#
# with $D^{(h)} = \operatorname{diag}\,\dot\sigma(f^{(h)}(x))$: what backpropagation computes anyway. Follow
# it by hand in a small network and ask autograd:

# %% tags=["nbval-check-output"]
net = FullyConnected(2, 50, 2, generator=torch.Generator().manual_seed(1), device="cpu")
x0 = torch.tensor([0.6, 0.8], dtype=torch.float64)
f1 = net.W1 @ x0
g1 = (2 / 50) ** 0.5 * torch.relu(f1)
f2 = net.W2 @ g1
g2 = (2 / 50) ** 0.5 * torch.relu(f2)
b2 = (2 / 50) ** 0.5 * (f2 > 0) * net.W3
b1 = (2 / 50) ** 0.5 * (f1 > 0) * (net.W2.T @ b2)
by_hand = [torch.outer(b1, x0), torch.outer(b2, g1), g2]
by_torch = torch.autograd.grad(net(x0), [net.W1, net.W2, net.W3])
for h, (mine, theirs) in enumerate(zip(by_hand, by_torch, strict=True), start=1):
    print(f"∂f/∂W{h}: the same as autograd:", torch.allclose(mine, theirs, atol=1e-12))

# %% [markdown]
# A gradient is an outer product, so layer $h$ contributes a product of two inner products to the kernel:
#
# $$\left\langle \frac{\partial f(x)}{\partial W^{(h)}}, \frac{\partial f(x')}{\partial W^{(h)}}\right\rangle
# = \big\langle g^{(h-1)}(x), g^{(h-1)}(x')\big\rangle\cdot\big\langle b^{(h)}(x), b^{(h)}(x')\big\rangle .$$
#
# The first tends to $\Sigma^{(h-1)}$. The second is a sum over entries where both neurons are on; each
# step down multiplies it by $\dot\Sigma^{(h)} = c_\sigma\,\mathbb E[\dot\sigma(u)\dot\sigma(v)]$. Together,
#
# $$k(x, x') = \sum_{h=1}^{L+1} \Sigma^{(h-1)}(x, x') \prod_{h'=h}^{L} \dot\Sigma^{(h')}(x, x') .$$
#
# See it at work in three hidden layers of width 2000, a row a weight matrix, $60°$ between the inputs:

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
# $\mathbb E[\dot\sigma(u)\dot\sigma(v)]$ is the probability that a random neuron is on for both inputs. Draw
# it: the directions $w$ with $w\cdot x > 0$ fill a half plane, those with $w\cdot x' > 0$ another one,
# turned by $\theta$. They share a sector of opening $\pi - \theta$ out of $2\pi$. With $c_\sigma = 2$ and
# $\rho = \cos\theta$,
#
# $$\dot\Sigma = c_\sigma\,\frac{\pi - \arccos\rho}{2\pi} = \frac{\pi-\theta}{\pi} .$$
#
# The appendix of the paper prints $\rho$ times this. No probability can be negative, and $\rho$ is, so
# you can reject it without any computation. (In (7) a $\rho$ is right: it is $\Sigma^{(0)} = x\cdot x'$.
# Perhaps it was counted twice.) A million draws agree:

# %%
draws = deep_kernels.slope_products(rng=np.random.default_rng(0))
figures.show(layer_pictures.slopes(draws, deep_kernels.slope, deep_kernels.printed_slope))

# %% tags=["nbval-check-output"]
print(claims.judge("C05"))

# %% [markdown]
# ## Exercises
#
# `exercises/01_tangent_kernel.py` lets you take a million steps at once, write down the tangent kernel of
# equation (6) without autograd, and turn the recursion into a kernel of any depth.
#
# ## Summary
#
# - The tangent kernel is $H = JJ^\top$: how much a step for one point moves the output at another.
# - To first order training is linear, $u^{(t)} - y = (I-\eta H)^t(u^{(0)} - y)$; each eigenvector fades
#   at its own speed. Equation (1) leaves $u^{(0)}$ out, and needs it.
# - $\epsilon$ falls like $m^{-1/2}$, as $H$ at the start comes closer to its limit; its change falls faster.
# - Given the layer below, pre-activations are Gaussian; wide layers make their covariance certain (4).
# - The kernel is a sum over layers, $\Sigma^{(h-1)}\prod\dot\Sigma$, with $\dot\Sigma = (\pi-\theta)/\pi$ for ReLU.
#
# ## Sources
#
# - A. Jacot and others, *Neural tangent kernel*, NeurIPS 2018, [arXiv:1806.07572](https://arxiv.org/abs/1806.07572).
# - S. Arora and others, *Fine-grained analysis of optimization and generalization for overparameterized two-layer neural networks*, ICML 2019, [arXiv:1901.08584](https://arxiv.org/abs/1901.08584).
# - S. Arora and others, *On exact computation with an infinitely wide neural net*, NeurIPS 2019, [arXiv:1904.11955](https://arxiv.org/abs/1904.11955).
# - J. Lee and others, *Deep neural networks as Gaussian processes*, [arXiv:1711.00165](https://arxiv.org/abs/1711.00165).
# - L. Chizat, E. Oyallon, F. Bach, *On lazy training in differentiable programming*, NeurIPS 2019, [arXiv:1812.07956](https://arxiv.org/abs/1812.07956).
# - R. Basri and others, *Frequency bias in neural networks for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
