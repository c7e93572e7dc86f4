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
# # What does a network learn first?
#
# **Needs:** what a neural network and gradient descent are; eigenvectors of a symmetric matrix.
# **Time:** about 30 minutes. No assignment: the first one follows lecture 1.
#
# Train a network on the sum of a slow wave and a fast ripple. The slow wave appears first, every
# time, whatever the random start. This *frequency bias* is one of the few things about learning by
# gradient descent that anybody can see and that theory predicts to the digit. Now take away most
# of the data from one half of the interval. **How does the density of the data decide what the
# network learns first, and where?** That is the question of this course.
#
# After this lecture you can
#
# - say what frequency bias is, and measure it on a network that you train yourself;
# - tell apart the two things that make a network slow: a high frequency, and few data;
# - explain both in one sentence about the eigenvalues of a matrix;
# - find your way through the seven lectures that make this sentence precise.

# %% [markdown]
# ## The picture
#
# The paper behind this course opens with an experiment; we run it here. Points lie on a circle, at
# angles $x$, forty times as many on $[-\pi, 0)$ as on $[0, \pi)$. The target is
#
# $$y(x) = \cos x + 0.4 \cos 16 x .$$
#
# A ReLU network with 10 hidden layers is trained on it by mini-batch gradient descent. (2000 points,
# width 128, a few seconds. `size="paper"` takes the paper's 10 000 points and width 256, about a
# minute on a laptop and less on a GPU, which is used if there is one.)

# %%
import numpy as np
import pandas as pd

from ntklab import claims, figures
from ntklab.experiments import fit_power, motivation, trained
from ntklab.explorers import motivation as explorer
from ntklab.figures import motivation as pictures

learning = trained.motivation.learn(ratio=40, size="quick", rng=np.random.default_rng(0), progress=True)

# %% [markdown]
# Six moments of this training. The dense half is shaded; in the sparse half every dot is a point
# of the training set.

# %%
figures.show(pictures.snapshots(learning, [0, 3, 30, 300, 1000, 2000]))

# %% [markdown]
# Look at three things.
#
# 1. After a few iterations the network follows the slow wave in the dense half; there is no ripple
#    anywhere.
# 2. The sparse half comes later, and there too the slow wave comes first.
# 3. At the end the ripple is complete where data are dense. In the sparse half the network *passes
#    each point's neighbourhood without fitting it*, although there are six points to a period:
#    more than enough to see the ripple, far from enough to learn it quickly.

# %% [markdown]
# ## Move it yourself
#
# Choose the density ratio, the two frequencies, and the time. *Infinite width* is an exact
# computation that you will be able to do yourself after lecture 4; *width 64, trained now* trains a
# network while you wait. First the picture for one setting, as a page without a kernel shows it:

# %%
figures.show(explorer.draw(explorer.compute(ratio=10, low=1, high=8, iteration=100)))

# %%
explorer.explorer()

# %% [markdown]
# Three small experiments, before you read on:
#
# - ratio 1: do the two halves still differ?
# - ratio 10, then find the iteration at which the ripple of the dense half is half learned. Where
#   is the slow wave of the sparse half then? Which of the two is the harder task?
# - double $\kappa_2$ from 7 to 14: by what factor do you have to move the time to see the same picture?

# %% [markdown]
# ## Making it a number
#
# "Learned first" must become something that can be measured. In each half, fit the network's output
# by least squares with the two components of the target and a constant,
#
# $$u^{(t)}(x) \approx a_1(t)\, \cos x + a_2(t)\, 0.4 \cos 16 x + a_0(t) .$$
#
# The coefficient $a_1(t)$ is the **fraction learned** of the slow wave: 0 when the output has
# nothing of it, 1 when it is there in full. Here are the four curves, two components in two halves,
# for the trained network on the left. On the right stand the same curves for a network of infinite
# width. They come without any training, from the eigenvalues of a $1000 \times 1000$ matrix.

# %%
predicted = motivation.predict(ratio=40, size="quick")
figures.show(pictures.learned_fractions(learning, predicted))

# %% [markdown]
# The two pictures agree in everything that matters: the order of the four curves, their shapes,
# even the orange curve's slow second half. They differ by a factor of up to about 3 in time. A
# network of width 128 with 10 hidden layers is far from infinitely wide, and its matrix is random;
# lectures 1 and 6 measure how such differences shrink with the width.
#
# From a curve we read one number: **the iteration from which on the fraction is at least one half.**

# %%
pd.concat(
    {"trained": learning.half_learned(), "infinite width": predicted.half_learned()}, axis=1
).round(0)

# %% [markdown]
# ## Checking the claim
#
# This course runs every claim of the lecture on which it is based, and judges it. A *verdict cell*
# like the next one prints the claim, what is true, and what was measured. The verdict follows from
# the measurement by a rule in `ntklab.claims`, so it may say that the lecture is wrong. You will
# meet several that are: some formulas hold only in a limit, some have a wrong constant.
#
# For this claim the network above is joined by two more, from other random starts and with other
# random points.

# %% tags=["nbval-check-output"]
more = [trained.motivation.learn(rng=np.random.default_rng(seed), device="cpu") for seed in (1, 2)]
print(claims.judge("C01", learnings=[learning, *more]))

# %% [markdown]
# ## Why: one matrix
#
# Here is the whole explanation, still without proofs. Write $u^{(t)}$ for the vector of the network's
# outputs at the $n$ training points, and $y$ for the targets. One step of gradient descent changes
# the parameters a little, and these change the outputs. To first order the residual
# $r^{(t)} = u^{(t)} - y$ obeys
#
# $$r^{(t+1)} = (I - \eta H)\, r^{(t)},$$
#
# where $H$ is a symmetric matrix whose entry $H_{ij}$ says how much a step that raises the output at
# $x_j$ raises it at $x_i$: the **tangent kernel** of lecture 1. For a wide network it hardly changes
# during training. Let $v_i$ be its eigenvectors and $\lambda_i$ its eigenvalues. Then each component
# of the residual fades at its own speed,
#
# $$v_i^\top r^{(t)} = (1 - \eta\lambda_i)^t\; v_i^\top r^{(0)} .$$
#
# Large eigenvalue, fast learning. So "what is learned first?" becomes "**which functions belong to
# the large eigenvalues?**" If the data are spread evenly over the circle, the answer is: the slow
# waves, since the eigenvectors are sines and cosines and $\lambda$ falls like $1/\kappa^2$ with the
# frequency $\kappa$.

# %% [markdown]
# Test the power of this statement. Take evenly spread data (ratio 1) and compute, not train, how
# long a ripple $0.4\cos\kappa x$ takes to be half learned.

# %% tags=["nbval-check-output"]
long_run = motivation.Setting(2000, hidden_layers=10, width=128, iterations=10**6)
kappa = np.array([4, 8, 16, 32])
runs = {k: motivation.predict(1, (1, k), long_run) for k in kappa.tolist()}
times = np.array([run.half_learned().loc["dense", k] for k, run in runs.items()])
for k, t in zip(kappa, times, strict=True):
    print(f"κ = {k:2d}: half learned after {t:4.0f} iterations")
print(f"time ~ κ^({fit_power(kappa, times)})")

# %% [markdown]
# Twice the frequency costs nearly four times the iterations. (Nearly: the exponent 2 is a limit for
# high frequencies, and it is not quite reached here. "Nearly" will occupy us a lot.)

# %% [markdown]
# ## Now the density
#
# With uneven data the sines are no longer eigenvectors, and this is where the course begins. Keep
# $\kappa = 16$ and take data away from one half. How much longer does the ripple take there than in
# the dense half?

# %% tags=["nbval-check-output"]
print("ratio of densities   time in sparse half / time in dense half")
print("                     cos x     cos 16x")
for ratio in (1, 4, 16, 40):
    table = motivation.predict(ratio, (1, 16), long_run).half_learned()
    slow, fast = table.loc["sparse"] / table.loc["dense"]
    print(f"{ratio:10d}           {slow:z5.2f}     {fast:z5.2f}")

# %% [markdown]
# With a quarter of the density the ripple takes nearly four times as long. The fast component
# feels the density around it, nearly in proportion; the slow one extends over both halves and feels
# it less. Let the frequency grow at fixed ratio 4 and "nearly" goes away:

# %% tags=["nbval-check-output"]
for k in (2, 4, 8, 16, 32):
    table = motivation.predict(4, (1, k), long_run).half_learned()
    print(f"κ = {k:2d}: sparse/dense = {table.loc['sparse', k] / table.loc['dense', k]:.2f}")

# %% [markdown]
# These two tables hold the main result of the paper: **a component of frequency $\kappa$ is learned
# after about $\kappa^2 / p$ iterations, where $p$ is the density of the data around the place where
# one looks.** A theorem (lecture 4) proves an upper bound of this form with the least density $p^*$.

# %% [markdown]
# ## Which of the two matters more?
#
# The law $\kappa^2/p$ lets us trade one against the other. In the dense half $p$ is 40 times as large
# as in the sparse half. A component of frequency $\kappa$ in the sparse half should need as long as
# one of frequency $\sqrt{40}\,\kappa \approx 6.3\,\kappa$ in the dense half. Test it with $\kappa = 2$
# on the sparse side, against frequencies around $12.6$ on the dense side.

# %% tags=["nbval-check-output"]
sparse = motivation.predict(40, (1, 2), long_run).half_learned().loc["sparse", 2]
print(f"κ =  2, sparse half: {sparse:4.0f} iterations")
for k in (6, 12, 13, 15, 17):
    dense = motivation.predict(40, (1, k), long_run).half_learned().loc["dense", k]
    print(f"κ = {k:2d},  dense half: {dense:4.0f} iterations")

# %% [markdown]
# The order of magnitude is right; the match is not at 12.6 but near 15. We have seen why: for
# frequencies this low, time does not grow like $\kappa^2$ yet but more slowly, so the slow wave is
# slower than the law says when it looks back from the fast one. Whoever only knows the formula is
# wrong by a third here; whoever computes the spectrum gets it right. The formula is a limit, and
# this course always asks how far away it is.

# %% [markdown]
# ## The way through the course
#
# One idea carries everything: **data density $p(x)$ and kernel $k(x, x')$ meet in one operator; its
# spectrum is the learning dynamics.**
#
# | lecture | question |
# |---|---|
# | 1 · tangent kernel | Where does $H$ come from, and why does it stay the same in a wide network? |
# | 2 · two-layer kernel | What is $H$ for two layers, and why does a bias matter for odd frequencies? |
# | 3 · eigenfunctions | What takes the place of sines when data are not uniform? |
# | 4 · the theorem | Why $\kappa^2/p^*$, and how sharp is the proof? |
# | 5 · depth | What do more layers change, and how wide must they be? |
# | 6 · sphere | What changes beyond the circle? |
# | 7 · beyond | All errata in one table; how to undo the bias; real data. |
#
# Each lecture uses the package `ntklab`, which you can use for research of your own. Every function
# called here has a docstring that begins with its formula.

# %% [markdown]
# ## To think about
#
# There is no assignment to this lecture, only questions to carry into the next ones.
#
# 1. In the snapshots the network has *too few iterations*, not too few data, to fit the ripple in the
#    sparse half. How could you tell the two apart by an experiment?
# 2. Early stopping is a common remedy for noisy data. What does it do in the dense half, and what in
#    the sparse half, if the noise is the same everywhere?
# 3. Suppose that you may place 100 more points. Where would you put them if the fast ripple matters
#    most? And if every function should be learned at the same speed everywhere?

# %% [markdown]
# ## Summary
#
# - Networks learn low frequencies first: *frequency bias*. It is measured by the fraction learned.
# - The residual's component along an eigenvector of $H$ fades like $(1 - \eta\lambda)^t$.
# - With even data a frequency $\kappa$ takes about $\kappa^2$ iterations.
# - With uneven data it takes about $\kappa^2/p$: sparse regions are late, and more so for fast waves.
# - All of this is a limit. How far away it is can be computed without training a network.
#
# ## Sources
#
# - R. Basri, M. Galun, A. Geifman, D. Jacobs, Y. Kasten, S. Kritchman, *Frequency bias in neural networks
#   for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
# - N. Rahaman and others, *On the spectral bias of neural networks*, ICML 2019,
#   [arXiv:1806.08734](https://arxiv.org/abs/1806.08734).
# - R. Basri, D. Jacobs, Y. Kasten, S. Kritchman, *The convergence rate of neural networks for learned
#   functions of different frequencies*, NeurIPS 2019, [arXiv:1906.00425](https://arxiv.org/abs/1906.00425).
