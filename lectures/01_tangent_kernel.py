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
# **Needs:** [what a network learns first](00_motivation.py); the chain rule, eigenvectors of a symmetric matrix, Gaussian
# vectors. Numbers in brackets such as (21) are equations of the lecture on [this paper](https://arxiv.org/abs/2003.04560) that this
# course runs and judges; each is displayed where it is first used.
# **Time:** about 45 minutes, plus 55 for the assignment, whose third exercise belongs to [any depth](05_deep_kernels.py).
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# The first lecture explained everything it showed by one matrix $H$, a *tangent kernel*: in each step the residual $u^{(t)} - y$, what the outputs
# $u$ still lack of the targets $y$, is multiplied by $I - \frac\eta n H$, with $\eta$ the learning rate and $n$ the number of points. That was a
# promise with three gaps. **Where does a network's kernel come from? Why is it the same for every random start? And why does it not change while the
# network learns?** The last two have one answer: the network is wide. How wide it must be, we measure.
#
# After this lecture you can
#
# - compute the tangent kernel of any network with autograd, and say what its entries mean;
# - predict the whole training of a wide network without training it, and say how wrong that is;
# - explain why one random network is enough where the definition asks for an average over all.
#
# ## The picture
#
# The simplest network of the course has one hidden layer of $m$ neurons (its *width*),
#
# $$f(\mathbf w, x) = \frac1{\sqrt m}\sum_{r=1}^m a_r\,\sigma(w_r\cdot x + b_r), \qquad \sigma(z) = \max(z, 0), \tag{6}$$
#
# inputs $x$ on the unit circle, $a_r = \pm1$ fixed, $w_r$ and $b_r$ trained. Push its output up at *one* point $x'$, by one
# small step of gradient ascent on $f(x')$ alone.
#
# **Predict:** what happens to the output everywhere else on the circle?
#
# <details><summary>Answer</summary>
#
# It rises there, too: most near $x'$, less and less farther away, hardly at the opposite point. The step turns the neurons that
# are on at $x'$, and most of these are on at its neighbours as well, but none of them at the opposite point. How much the output
# at $x$ moves is a function of $x$ and $x'$, and this function is the hero of the course.
# </details>

# %%
import numpy as np
import torch

from ntklab import claims, figures, tangent
from ntklab.experiments import fit_power, rms, trained
from ntklab.explorers import tangent_kernel as explorer
from ntklab.figures import tangent_kernel as pictures
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU
from ntklab.training import train

# %% [markdown]
# A few lines do it: the gradient at $x'$, one step, and the change of the whole curve divided by $\eta$.

# %%
network = TwoLayerReLU(2000, 2, generator=torch.Generator().manual_seed(0), device="cpu")
weights = [w for w in network.parameters() if w.requires_grad]
angles, here, eta = np.linspace(-np.pi, np.pi, 400), 0.6, 0.01
circle = torch.from_numpy(to_circle(angles))
gradient = torch.autograd.grad(network(torch.from_numpy(to_circle([here])))[0], weights)
with torch.no_grad():
    before = network(circle)
    for w, g in zip(weights, gradient, strict=True):
        w += eta * g
    moved = (network(circle) - before).numpy() / eta
kernel = TwoLayerNTK(bias=True, normalization="network")
figures.show(pictures.one_step(angles, moved, kernel(to_circle(angles), to_circle([here]))[:, 0], here))

# %% [markdown]
# The thin line is the network, the thick one a formula that knows nothing of its random weights. Look at its tip: a corner, at $x'$, wherever that
# is. In the next two lectures this corner decides how fast a wave is learned. Change `here`, the width and the seed, and run the cell again.
#
# ## The definition
#
# To first order in $\eta$ the output at $x$ moved by $\eta\,\langle\partial f(x)/\partial\mathbf w,\, \partial
# f(x')/\partial\mathbf w\rangle$: the step is $\eta$ times the gradient at $x'$, and the output at $x$ responds through its own
# gradient. This inner product is the **neural tangent kernel** (NTK). The lecture's definition averages it over the random start:
#
# $$k(x, x') = \mathbb E_{\mathbf w}\left\langle \frac{\partial f(\mathbf w, x)}{\partial \mathbf w}, \frac{\partial f(\mathbf w, x')}{\partial \mathbf w}\right\rangle . \tag{2}$$
#
# Without the average, at $n$ points, it is a matrix $H$ that belongs to one network, the *empirical* tangent kernel. By
# hand, for three points: autograd gives the gradient at each, a row of a matrix $J$; the inner products of the rows are the entries of $H = JJ^\top$.

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
# Of 3000 derivatives at each point only this 3 × 3 matrix will matter. Two more ways to compute it: the function that the
# course uses, and the formula of infinite width, which [the next lecture](02_two_layer.py) derives.

# %% tags=["nbval-check-output"]
H = tangent.empirical_ntk(network, X)
print("the same by empirical_ntk:", np.allclose(H, J @ J.T, rtol=1e-10))
print("infinite width:")
print(kernel(X).round(3) + 0.0)

# %% [markdown]
# One network of width 1000 gives every entry within a few per cent, without the expectation.
#
# ## One step of gradient descent
#
# Now all $n$ training points at once. Collect the outputs in a vector $u$, their gradients as the rows of $J$. To first
# order in a change of the parameters,
#
# $$u(\mathbf w + \Delta\mathbf w) \approx u(\mathbf w) + J\, \Delta\mathbf w .$$
#
# Replacing a network by the right side is called its *linearisation*. The loss is
#
# $$\Phi(\mathbf w) = \frac12\sum_{i=1}^n (y_i - f(\mathbf w, x_i))^2 = \frac12\|u - y\|^2 , \tag{5}$$
#
# and its gradient is $J^\top (u - y)$. So a step of gradient descent moves the parameters by
# $\Delta\mathbf w = -\eta J^\top (u - y)$ and the outputs by $-\eta J J^\top (u-y)$. With $H = JJ^\top$,
#
# $$u^{(t+1)} - y = (I - \eta H(t))\,(u^{(t)} - y) + \epsilon(t) . \tag{21}$$
#
# There is the promised matrix; $\epsilon(t)$ is what first order misses. (The loss here is a *sum* over the points. The first lecture
# and the course's `train` descend the *mean*, so that their $\eta$ is $n$ times the one here. Nothing else changes.)
#
# **Predict:** take one step towards $y = \cos x + \cos 2x$ with $\eta = 1/\lambda_1$, which removes the top component at once. By how much does the error of the
# linearisation fall when the network gets 100 times wider?
#
# <details><summary>Answer</summary>
#
# It falls by a factor between 10 and 20, while the outputs move as far as before. A wide network shares the work among so many neurons that each of
# them hardly moves: by about $1/\sqrt m$. A ReLU is linear unless it switches on or off, so that first order is wrong only for the share of about
# $1/\sqrt m$ of the neurons that do: 10 times less at 100 times the width. The rest of the factor comes from errors of both signs that cancel.
# </details>

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
# What the sharing looks like: twelve networks of width 16 and twelve of width 4096 learn, for twenty steps, to add $y$ to what they give at the start.
# Above, single neurons $a\,\sigma(w\cdot x + b)$ of one network; below, what training adds to each of the twelve, and what it would add at infinite width.

# %%
together = [
    trained.tangent_kernel.together(m, rng=np.random.default_rng(0), device="cpu") for m in (16, 4096)
]
figures.show(pictures.neurons_and_networks(together))

# %% [markdown]
# At width 16 every neuron turns, and each network goes its own way. At width 4096 hardly any neuron has moved, and yet all twelve have learned the same function.
#
# ## Two points, one ellipse
#
# What does the matrix *do*? Two training points are enough to see it, for then the two outputs are one point in the plane.
#
# **Predict:** the targets are 1 and −1, at points half a radian apart. Do the outputs run straight to them?
#
# <details><summary>Answer</summary>
#
# Only if $u^{(0)} - y$ is an eigenvector of $H$. Neighbours share gradients, so $H$ has a large entry off the diagonal. Along the
# long axis of its ellipse, $(1, 1)$, where both outputs rise together, learning is fast; along the short one, $(1, -1)$, where they
# have to part, it is slow. The targets lie along the short axis, the random start $u^{(0)}$ has a part along the long one. So the
# path bends: first the mean is learned, then the difference. That is frequency bias with two points.
# </details>
#
# The ellipse around the targets has the eigenvectors of $H$ for axes, with lengths in proportion to the roots of the eigenvalues. Follow
# the circles from the square to the star: they are far apart at first and crowd at the end, where only the slow part is left. (The line
# multiplies each component of $u^{(0)} - y$ by its own factor; the next section writes that down.)

# %%
pair, goal = to_circle([0.0, 0.5]), np.array([1.0, -1.0])
net = trained.tangent_kernel.two_layer(4096, rng=np.random.default_rng(3), device="cpu")
run = train([net], pair, goal, 0.5, iterations=400, outputs=True, record=12)
H2 = tangent.empirical_ntk(net, pair)
steps = np.arange(401)[:, None, None]
values, v = np.linalg.eigh(H2)
decay = (1 - 0.5 * values / 2) ** steps
start = v.T @ (run.outputs[0, 0] - goal)
path = goal + ((decay * start)[:, 0] @ v.T)
figures.show(pictures.two_points(H2, goal, run.outputs[:, 0], path))

# %% [markdown]
# ## All steps at once
#
# Let $H^\infty$ be the matrix of the limit, $H^\infty_{ij} = k(x_i, x_j)$, with eigenvalues $\lambda_1 \ge \lambda_2 \ge \dots$,
# and suppose that $H(t)$ stays at $H^\infty$ all the time. Then (21), applied $t$ times, is
#
# $$u^{(t)} - y \approx (I - \eta H^\infty)^t\,(u^{(0)} - y) . \tag{22}$$
#
# In eigenvectors, $H^\infty v_i = \lambda_i v_i$, each component fades by its own factor
# $(1 - \eta\lambda_i)^t$. The squares of the components add up to the squared length of the residual:
#
# $$\|y - u^{(t)}\| \approx \sqrt{\sum_{i=1}^n (1 - \eta\lambda_i)^{2t}\,\big(v_i^\top (u^{(0)} - y)\big)^2} .$$
#
# The lecture prints, as (1) and again as (8),
#
# $$\|y - u^{(t)}\| = \sqrt{\sum_{i=1}^n (1 - \eta\lambda_i)^{2t}\,(v_i^\top y)^2} \pm \epsilon . \tag{1}$$
#
# **Predict:** $y$ has taken the place of $u^{(0)} - y$. When is that harmless, and does a wider network make it so?
#
# <details><summary>Answer</summary>
#
# It is harmless if the network starts at $u^{(0)} = 0$. Networks do not: at the start the output is a sum of $m$ random terms
# divided by $\sqrt m$, of order one *at any width*. So width does not help.
# </details>
#
# Watch both versions against trained networks (6). The target is $\cos x + \cos 2x$; the three thirds of the circle hold data in the proportion 1 : 2 : 4.

# %%
curves = trained.tangent_kernel.curves((16, 128, 4096), rng=np.random.default_rng(0), device="cpu")
figures.show(pictures.error_curves(curves))

# %% [markdown]
# At width 4096 the prediction that knows $u^{(0)}$ is met from the first step to the last. The printed one is not, and goes wrong most where you
# would least expect it, at the *end*: the random start has fast waves in it, which the target lacks, and getting rid of them takes longest.
#
# At width 128 the better prediction is good until some 90 per cent is learned, then the network falls behind: $\epsilon$ is an absolute error, small
# beside $\|y\|$ but not beside an error that has become small itself. **The bulk of learning can be predicted at moderate widths, the last few per
# cent only at large ones.**
#
# ## Move it yourself
#
# Now with more layers (the formula comes in [any depth](05_deep_kernels.py)): a network's kernel before training, a dot for each pair of
# points, against the angle between them; the network's error as it trains; and, below, its outputs, with two predictions: from its own $H(0)$ and from $H^\infty$.

# %%
figures.show(explorer.draw(explorer.compute(width=64, hidden_layers=2)))

# %%
explorer.explorer()

# %% [markdown]
# **Try:** widen the network from 16 to 512. Which prediction becomes good first? Change the random start at width 16, then at
# 512: what stays the same? Add hidden layers at fixed width: is a deeper network nearer to its limit, or farther away?
#
# <details><summary>What you should have seen</summary>
#
# The prediction from $H(0)$ is good first, while most is being learned: a network knows its own kernel before that kernel is the limit. (In
# the end narrow networks have mostly learned more than $H(0)$ says, for their kernel has moved.) At width 512 hardly
# anything depends on the start. Depth takes a network farther from its limit: fluctuations of the layers multiply.
# </details>
#
# ## How wide is wide enough?
#
# Now with statistics: twenty networks of each width, 60 steps with $\eta = 1/\lambda_1$. The left panel shows $\epsilon$, the largest error
# of a prediction on the way, relative to $\|y\|$. Is (1) right as printed? We try it from the usual start, and from a *paired* one, in which
# each neuron has a twin of the opposite sign $a_r$, so that $u^{(0)} = 0$ exactly. Then we insert $u^{(0)} - y$, and last we try (22), which
# predicts not only a length but the whole vector. The right panel shows three suspects: the kernel is off its limit at the start; it
# changes during training; the outputs leave the linearisation. (Seconds. `"full"` goes to width 65 536 in minutes.)

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
# Left, the topmost curve does not fall at all, the three others do: (1) holds if $u^{(0)} = 0$, as it silently assumes; otherwise insert
# $u^{(0)}$, and four times the width halves $\epsilon$. The right panel convicts the *start*: the distance of the initial kernel from its
# limit is the largest of the three, and falls like $m^{-1/2}$, as $\epsilon$ does; the other two fall faster.
#
# **So why does the kernel not change?** Each weight moves by about $1/\sqrt m$, and a neuron counts in $H$ only by being on or off. So the share of
# neurons that switch at a point is about $1/\sqrt m$: some $\sqrt m$ of them, as many on as off, each of which changes an entry of $H$ by about
# $\pm\frac1m$. If all had one sign they would change it by $m^{-1/2}$; if they were independent, by $m^{1/4}\cdot\frac1m = m^{-3/4}$. The measured
# exponent is about $-0.7$. (`"full"`, widths 256 to 65 536: $-0.52 \pm 0.02$ for (1) from the paired start, $-0.69 \pm 0.01$ for the change.)
#
# ## When the kernel does move
#
# Could we not get rid of $u^{(0)}$ by starting from small weights, drawn from $N(0, \tau^2)$ with a small $\tau$? The kernel
# at the start is the same: whether a ReLU neuron is on depends on the direction of its weights, not on their length. But a
# neuron still has to move by about $1/\sqrt m$. Beside a short weight that is a long way: the neuron *turns*, and the place where it
# switches on, the kink in its output, wanders. To see this alone we start in pairs, with $u^{(0)} = 0$, and train on $\cos 4x$.
#
# **Predict:** where do the kinks go, and what does that do to the kernel?
#
# <details><summary>Answer</summary>
#
# To the crests and troughs of $\cos 4x$, where it bends most: the network draws a zigzag. The kernel counts the neurons that are
# on at both points, so along the circle it varies, but for the smooth factor $x \cdot x' + 1$, only where there are kinks. When all kinks gather at eight places it falls into
# blocks. Inside a block all points are moved together, and the round crests, which differ from the zigzag, are learned ever more slowly.
# </details>
#
# The last two columns are $y^\top H y/n\|y\|^2$: times $\eta$, the share of the target $y$ that fades in one step.

# %% tags=["nbval-check-output"]
print("width   τ        kernel moved by   error left   rate of learning cos 4x, before and after")
for m, tau in ((4096, 1), (256, 1), (256, 1 / 16)):
    seen = trained.tangent_kernel.moved(tau, m, rng=np.random.default_rng(0), device="cpu")
    rates = [seen.rate(H) for H in (seen.before, seen.after)]
    print(f"{m:5d}   {tau:6.4f}   {seen.drift:8.0%}   {seen.error:18.3f}", end="")
    print(f"   {rates[0]:16.4f}   {rates[1]:.4f}")
left = [seen.rate(H, of=seen.outputs - seen.target) for H in (seen.before, seen.after)]
print(f"last row, rate of learning what is left: by H(0) {left[0]:.4f}, by H(T) {left[1]:.4f}")

# %%
figures.show(pictures.moved_kernel(seen))

# %% [markdown]
# The wide network nearly keeps its kernel, and its rate. In the narrow one the kernel moves by 11 % from ordinary weights, by 14 % from short ones. That seems
# little, but it is the part that matters for $\cos 4x$: the rate falls to about a quarter, and to a seventh. The picture shows the last row. Look at $H(T)$:
# the smooth band has broken into blocks, and the network's output into straight pieces that end where blocks meet. By $H(0)$ what is left would fade ten times
# as fast as by $H(T)$; indeed four times as many steps bring the error from 0.118 only to 0.063. That is why networks here are wide and their weights not
# small. Training in which the kernel stays is called *lazy*; [how long it takes](04_convergence.py) finds where it ends.
#
# ## One network speaks for all
#
# Definition (2) has an expectation, and we replaced it by one network. For one hidden layer this is the law of large numbers: at the start, where $b_r = 0$ and $a_r^2 = 1$,
#
# $$H(x, x') = \frac1m \sum_{r=1}^m (x\cdot x' + 1)\; \mathbb 1\{w_r\cdot x > 0\}\;\mathbb 1\{w_r\cdot x' > 0\},$$
#
# where $\mathbb 1\{\dots\}$ is 1 if the condition holds and 0 if not: a mean of $m$ independent terms, whose deviation from the
# expectation falls like $m^{-1/2}$. With more layers the terms depend on each other, for all neurons of a layer see the same layer
# below. So we measure, for twenty networks of each width and depth, how far they are from their limits:

# %%
spread = trained.tangent_kernel.concentration("quick", rng=np.random.default_rng(2), device="cpu")
laws = {L: str(fit_power(*rms(part, "deviation"))) for L, part in spread.groupby("hidden_layers")}
figures.show(pictures.deviations(spread, laws))

# %% tags=["nbval-check-output"]
print(claims.judge("C03", table=spread))

# %% [markdown]
# The same rate at every depth, with a constant that grows: at width 1024 the distance is 0.059 for one hidden layer and 0.107 for
# three. To come as close to its limit, a network of three layers must be $(0.107/0.059)^2 \approx 3.3$ times as wide as one of a single layer.
# [Any depth](05_deep_kernels.py) explains why there is a limit for several layers, and what it is.
#
# ## Your turn
#
# In the picture of two points, move the second point to $\pi$, opposite to the first, and run the cell again. What does the path look like now, and why?
#
# <details><summary>Solution</summary>
#
# `pair = to_circle([0.0, np.pi])`. A neuron is on at $x$ or at $-x$, never at both, and $x\cdot x' + 1 = 0$ there: $H$ is diagonal with
# nearly equal entries, the ellipse nearly a circle, and the path nearly straight.
# </details>
#
# `exercises/01_tangent_kernel.py` lets you take a million steps at once and write down the tangent kernel of (6) without autograd.
#
# ## Summary
#
# 1. The tangent kernel says how much a step for one point moves the output at another: $H = JJ^\top$.
# 2. To first order training is linear, $u^{(t)} - y = (I-\eta H)^t(u^{(0)} - y)$; each eigenvector fades at its own speed.
# 3. Equation (1) leaves $u^{(0)}$ out, and needs it: it is of order one at any width.
# 4. $\epsilon$ falls like $m^{-1/2}$, as $H$ at the start comes closer to its limit; its change in training falls faster. From small weights
#    neurons turn, their kinks gather where the target bends, and the kernel moves with them.
# 5. One random network is enough: its kernel is off the expectation by $m^{-1/2}$, at any depth.
#
# Three questions that use the whole lecture:
#
# - Two networks of width 4096, started from different seeds, are trained on the same data. Are their weights alike at the end? Their outputs?
# - You have the eigenvectors of $H$ and may choose the target. Which one is learned in the fewest steps, and how many at $\eta = 1/\lambda_1$?
# - A colleague sees the error level off at 5 % of the start, far above the prediction. Which two widths would you ask for?
#
# <details><summary>Answers</summary>
#
# The weights are not alike: each stays near its own random start. The outputs are, up to $m^{-1/2}$ and the decaying memory of $u^{(0)}$. ·
# The first eigenvector, in a single step if $u^{(0)} = 0$, since $1 - \eta\lambda_1 = 0$; otherwise one still has to wait until the
# rest of $u^{(0)}$ has faded. · The one trained and four times that: if the gap halves, finite width is the cause.
# </details>
#
# ## Sources
#
# - A. Jacot and others, *Neural tangent kernel*, NeurIPS 2018, [arXiv:1806.07572](https://arxiv.org/abs/1806.07572).
# - S. Arora and others, *Fine-grained analysis of optimization and generalization for overparameterized two-layer neural networks*, ICML 2019, [arXiv:1901.08584](https://arxiv.org/abs/1901.08584).
# - L. Chizat, E. Oyallon, F. Bach, *On lazy training in differentiable programming*, NeurIPS 2019, [arXiv:1812.07956](https://arxiv.org/abs/1812.07956).
# - R. Basri and others, *Frequency bias in neural networks for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
