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
# **Needs:** what a neural network and gradient descent are; eigenvectors of a symmetric matrix; NumPy.
# **Time:** about 40 minutes. No assignment: the first one follows [the tangent kernel](01_tangent_kernel.py).
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# Train a network on the sum of a slow wave and a fast ripple. The slow wave appears first, every time, whatever the random start. This *frequency bias* is something
# rare: a fact about learning by gradient descent that anybody can see, and that can be predicted without training anything. Now give the network far fewer data on
# the right than on the left. **How does the density of the data decide what the network learns first, and where?** That is the question of this course. It follows a
# lecture on the paper by [Basri and others (2020)](https://arxiv.org/abs/2003.04560), and puts everything that the lecture claims to the test.
#
# After this lecture you can
#
# - write down a network and train it in ten lines, and watch what it learns first;
# - tell apart the two things that make a network slow: a high frequency, and few data;
# - predict the whole training from the eigenvalues of one matrix, computed before it begins;
# - trade frequency against density, and say how far the rule can be trusted.
#
# ## A network in ten lines
#
# Points lie on a circle, at angles $x$: ten times as many on $[-\pi, 0)$ as on $[0, \pi)$. The target is a slow wave and a ripple, $y(x) = \cos x + 0.4\cos 6x$.

# %%
import numpy as np
import pandas as pd

from ntklab import claims, figures
from ntklab.experiments import fit_power, motivation, trained
from ntklab.explorers import motivation as explorer
from ntklab.figures import motivation as pictures


# %%
def target(x):
    return np.cos(x) + 0.4 * np.cos(6 * x)


dense, sparse = 90, 9
left = np.linspace(-np.pi, 0, dense, endpoint=False)
x = np.concatenate([left, np.linspace(0, np.pi, sparse, endpoint=False)])
y, X = target(x), np.stack([np.cos(x), np.sin(x)], axis=1)  # X: the points in the plane

# %% [markdown]
# The network has $m$ neurons. Neuron $r$ weighs the input by $w_r$, adds its *bias* $b_r$, passes on what is positive
# ($\sigma(z) = \max(z, 0)$, called ReLU), and adds to the output $f$ or subtracts from it, as its sign $a_r = \pm1$ says:
#
# $$f(x) = \frac1{\sqrt m}\sum_{r=1}^m a_r\,\sigma(w_r\cdot x + b_r) . \tag{6}$$

# %%
figures.show(pictures.network_diagram())

# %% [markdown]
# (Numbers in brackets are those of the lecture. In $w_r\cdot x$ the input is the point in the plane, a row of `X`; in $\cos x$ it is
# the angle of that point. Dividing by $\sqrt m$ keeps the sum of $m$ random terms of order one.) *Gradient descent* repeats one step:
# move $w$ and $b$ a little downhill on half the mean squared error. How little is the **learning rate** $\eta$ (eta). The last three
# lines of the loop are that step; `pull` is the derivative of that error with respect to what reaches neuron $r$ from each point.
#
# **Predict:** what will the output look like after 10, 100 and 500 steps? Which comes first, the ripple on the left or the slow wave on the right?
#
# <details><summary>Answer</summary>
#
# After 10 steps it follows the slow wave on the left, and roughly on the right; after 100 the slow wave is there everywhere, and the
# ripple is only beginning on the left; after 500 the ripple is nearly complete on the left, and less than half of it is there on the right. Two things make
# it late, a high frequency and few data, and no random start changes the order: try other seeds. Why it is so takes the rest of this lecture.
# </details>

# %%
m, eta = 1000, 1.0
rng = np.random.default_rng(0)
w, b, a = rng.standard_normal((m, 2)), np.zeros(m), rng.choice([-1, 1], m)
start, seen = X @ w.T + b, {}
for t in range(501):
    z = X @ w.T + b  # what reaches each neuron from each point
    u = np.maximum(z, 0) @ a / np.sqrt(m)  # the outputs
    if t in (0, 10, 100, 500):
        seen[t] = u
    pull = (u - y)[:, None] * (z > 0) * a / np.sqrt(m) / len(x)
    w -= eta * pull.T @ X
    b -= eta * pull.sum(axis=0)

# %% [markdown]
# Four moments of this training, the dense half shaded:

# %%
figures.show(pictures.by_hand(x, target, seen))

# %% [markdown]
# On the right the network *passes the points by*. Are data missing there, or is the network not ready yet? Train longer: put 5001 for 501 and 5000 for 500.
# Then 94 % of the ripple is there. Three points per period are enough to determine the ripple; it only takes time.
#
# ## The paper's experiment
#
# Is it the same for deep networks, with mini-batches and random points? The paper opens with ten hidden layers on
# $\cos x + 0.4\cos 16x$, forty times as many points on the left. From here on the package does what you have just seen in ten
# lines. (2000 points, width 128, a few seconds. `size="paper"` takes the paper's 10 000 points and width 256.)

# %%
learning = trained.motivation.learn(ratio=40, size="quick", rng=np.random.default_rng(0), progress=True)
figures.show(pictures.snapshots(learning, [0, 3, 32, 316, 1000, 2000]))

# %% [markdown]
# The same three stages: slow wave on the left, slow wave everywhere, ripple on the left. Again the network passes the sparse points by, though there are some six to a period.
#
# ## Move it yourself
#
# Choose the ratio of the two densities, the two *frequencies* $\kappa_1$ and $\kappa_2$ (kappa: the number of waves round the circle), and the time. *Infinite width*
# is computed exactly, in a way that you will know after [any depth](05_deep_kernels.py); *width 64, trained now* trains a network while you wait.

# %%
figures.show(explorer.draw(explorer.compute(ratio=10, low=1, high=8, iteration=100)))

# %%
explorer.explorer()

# %% [markdown]
# **Try:**
#
# 1. Set the ratio to 1. Do the two halves still differ?
# 2. Set it to 10 and find the iteration at which the ripple in the dense half is half learned. How much of the slow wave is
#    learned in the sparse half by then? Which of the two is harder to learn?
# 3. Double $\kappa_2$ from 7 to 14. By what factor do you have to move the time to see the same picture?
#
# <details><summary>What you should have seen</summary>
#
# 1. No: the curves of the halves coincide. The density was the only difference.
# 2. Near iteration 33; the slow wave of the sparse half is learned to almost three quarters. A ripple of frequency 8 is harder than a tenth of
#    the data: $8^2$ against 10, as we shall see.
# 3. By a factor of 3.3 in the dense half, and 3.8 in the sparse one: nearly $2^2 = 4$.
# </details>
#
# ## Making it a number
#
# "Learned first" must become something that can be measured. In each half, fit the network's output $u^{(t)}$ after $t$ iterations
# by least squares with the two components of the target and a constant,
#
# $$u^{(t)}(x) \approx \alpha_1(t)\, \cos x + \alpha_2(t)\, 0.4 \cos 16 x + \alpha_0(t) .$$
#
# The coefficient $\alpha_1(t)$ is the **fraction learned** of the slow wave: 0 when the output has
# nothing of it, 1 when it is there in full. So there are four curves, two waves in two halves.
#
# **Predict:** in what order do they rise? One of the six comparisons between them is not clear beforehand. Which?
#
# <details><summary>Answer</summary>
#
# In each half slow before fast, and each wave in the dense half first: that settles four, and with them a fifth, slow and dense before fast and sparse. What remains
# is the fast wave in the dense half against the slow one in the sparse half: frequency against density. The slow one starts earlier; which one is learned first is a close call.
# </details>
#
# Left, the trained network; right, a network of infinite width, without any training, from the eigenvalues of a $1000 \times 1000$ matrix.

# %%
predicted = motivation.predict(ratio=40, size="quick")
figures.show(pictures.learned_fractions(learning, predicted))

# %% [markdown]
# The shapes agree, and so does the order in which the curves reach one half. Even the bend of the solid orange curve is there: the
# slow wave of the sparse half is first pulled along by the dense half, and then left to its few points. But in the right panel the dense
# ripple overtakes this wave near iteration 400, in the left one it never does, and times differ by a factor of up to 3: a network of
# width 128 is far from infinitely wide. [The tangent kernel](01_tangent_kernel.py) and [depth](06_depth.py) measure how such gaps close.
#
# From a curve we read one number, **the iteration from which on the fraction is at least one half** (`inf`: not within
# these 2000 iterations). Compare the four numbers under *trained* with the four under *infinite width*: they
# come in the same order.

# %%
pd.concat(
    {"trained": learning.half_learned(), "infinite width": predicted.half_learned()}, axis=1
).round(0)

# %% [markdown]
# Is that a law or one lucky run? This course judges every claim of the lecture by experiment. A *verdict* like the next one prints
# the claim, what is true, and what was measured. It follows from the measurement by a rule, so it may say that the lecture is wrong,
# and you will meet several that do. Here two more networks are trained, from other random starts and on other random points.

# %% tags=["nbval-check-output"]
more = [trained.motivation.learn(rng=np.random.default_rng(seed), device="cpu") for seed in (1, 2)]
print(claims.judge("C01", learnings=[learning, *more]))

# %% [markdown]
# ## Why: one matrix
#
# Here is the whole explanation, still without proofs. Write $u^{(t)}$ for the vector of the network's outputs at the $n$ training points,
# and $y$ for the targets. One step of gradient descent changes the parameters a little, and these change the outputs. To first order
# the *residual* $u^{(t)} - y$, what is still missing, obeys
#
# $$u^{(t+1)} - y = \big(I - \tfrac\eta n H\big)\, \big(u^{(t)} - y\big) .$$
#
# $H$ is a symmetric matrix whose entry $H_{ij}$ says how much a step for the point $x_j$ moves the output at
# $x_i$: the **tangent kernel** of [the next lecture](01_tangent_kernel.py). For our network its formula is short. A neuron is *active* at a point
# that reaches it with $z > 0$; a step for $x_j$ moves the neurons active there, and $x_i$ feels those that are active at $x_i$ as well:
#
# $$H_{ij} = (x_i\cdot x_j + 1)\;\times\;\text{share of the neurons that are active at both } x_i \text{ and } x_j .$$
#
# In a wide network this share hardly changes during training. Let $\lambda_i$ be the eigenvalues of $H/n$, largest first, and $v_i$ their
# eigenvectors. A step multiplies the component of the residual along $v_i$ by $1 - \eta\lambda_i$ and mixes it with no other. After $t$ steps
#
# $$v_i^\top \big(u^{(t)} - y\big) = (1 - \eta\lambda_i)^t\; v_i^\top \big(u^{(0)} - y\big) .$$
#
# Each component fades at its own speed: large eigenvalue, fast learning. In code, for the network from above, at its random start:

# %%
active = (start > 0).astype(float)
H = (X @ X.T + 1) * (active @ active.T) / m
eigenvalues, vectors = np.linalg.eigh(H / len(x))
eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]  # largest first
before = vectors.T @ (seen[0] - y)
by_hand = {t: y + vectors @ ((1 - eta * eigenvalues) ** t * before) for t in seen}

# %% [markdown]
# **Predict:** this matrix was computed before the first step, from a random network. How well does it know the output after 500 steps?
#
# <details><summary>Answer</summary>
#
# Within 0.03, where the target has the size 0.76: the dots in the figure lie on the curve, even though after 500 steps the network itself is still 0.07
# from its target. The network has 1000 neurons, and 500 steps hardly turn any of them: nearly all that happens is decided at the start. The more neurons, the better.
# </details>

# %%
figures.show(pictures.by_hand(x, target, seen, by_hand))

# %% tags=["nbval-check-output"]
for t, u in seen.items():
    off, missing = np.sqrt(np.mean((u - by_hand[t]) ** 2)), np.sqrt(np.mean((u - y) ** 2))
    print(f"iteration {t:3d}: output off the target by {missing:.2f}, prediction off the output by {off:.2f}")

# %% [markdown]
# So "what is learned first?" becomes "**which functions belong to the large eigenvalues?**" Here are six (on the right, how much slower each is than the first):

# %%
figures.show(pictures.eigenvectors(x, eigenvalues, vectors))

# %% [markdown]
# They are waves in each half, slow ones first. But one and the same eigenvector is a *short* wave where data are dense and a *long*
# one where they are sparse. All of it is learned at one speed: so a wave in the sparse half is as slow as a shorter one in the dense half.
#
# > **Your turn.** Count the waves of number 17 in each half, and of number 9. What is their ratio? Set `sparse = 22` in the cell that lays out
# > the points and run all from there. Which function of the ratio of densities is it?
# >
# > <details><summary>Solution</summary>
# >
# > Six against two for number 17, three against one for number 9; with 90 : 22 points about two. That is the square root:
# > $\sqrt{10} = 3.2$, $\sqrt4 = 2$. The local frequency is proportional to $\sqrt p$, where $p$ is the density. The reason is the subject of
# > [eigenfunctions](03_eigenfunctions.py).
# >
# > </details>
#
# ## Even data: only the frequency counts
#
# With evenly spread data the eigenvectors are sines and cosines, and $\lambda$ falls like $1/\kappa^2$ at high frequencies $\kappa$. Now that training
# can be computed, back to the paper's ten hidden layers, infinitely wide: how long does a ripple $0.4\cos\kappa x$ take to be half learned?
#
# **Predict:** by what factor does the time grow from $\kappa = 16$ to 32, and from 4 to 8?
#
# <details><summary>Answer</summary>
#
# By 3.9 and 3.3. The residual fades like $(1-\eta\lambda)^t \approx e^{-\eta\lambda t}$, so the time is proportional to
# $1/\lambda$: four times as long for twice the frequency, in the limit of high ones. With ten hidden layers the factor grows towards 4 from below.
# </details>

# %% tags=["nbval-check-output"]
long_run = motivation.Setting(2000, hidden_layers=10, width=128, iterations=10**6)
kappa = np.array([4, 8, 16, 32])
runs = {k: motivation.predict(1, (1, k), long_run) for k in kappa.tolist()}
times = np.array([run.half_learned().loc["dense", k] for k, run in runs.items()])
for k, t in zip(kappa, times, strict=True):
    print(f"κ = {k:2d}: half learned after {t:4.0f} iterations")
print(f"time ~ κ^({fit_power(kappa, times)})")

# %% [markdown]
# Nearly $\kappa^2$. How near is "nearly"? We shall keep asking.
#
# ## Now the density
#
# With uneven data the sines are no longer eigenvectors: here the course begins. Keep $\kappa = 16$ and take data away from one half.
#
# **Predict:** with a quarter of the density, how much longer does the ripple take than in the dense half? And the slow wave?
#
# <details><summary>Answer</summary>
#
# The ripple takes nearly 4 times as long: its speed is proportional to the number of points that pull on it. The slow wave takes
# 2.25 times as long: it is so long that it extends into the dense half, and is pulled along from there.
# </details>

# %% tags=["nbval-check-output"]
print("ratio of densities   time in sparse half / time in dense half")
print("                     cos x     cos 16x")
for ratio in (1, 4, 16, 40):
    table = motivation.predict(ratio, (1, 16), long_run).half_learned()
    slow, fast = table.loc["sparse"] / table.loc["dense"]
    print(f"{ratio:10d}           {slow:z5.2f}     {fast:z5.2f}")

# %% [markdown]
# So the faster the wave, the less it feels of the other half, and the nearer the factor should be to the ratio. With ratio 4:

# %% tags=["nbval-check-output"]
for k in (2, 4, 8, 16, 32):
    table = motivation.predict(4, (1, k), long_run).half_learned()
    print(f"κ = {k:2d}: sparse/dense = {table.loc['sparse', k] / table.loc['dense', k]:.2f}")

# %% [markdown]
# The time against frequency, and the time against density: together these tables hold the main result of the paper. **A component of frequency $\kappa$ is learned
# after a number of iterations proportional to $\kappa^2 / p$, where $p$ is the density of the data around the place where one looks.** Proportional, not equal: the
# constant depends on the network, the learning rate and what counts as learned. (Even data have $p = 1/2\pi$ per radian, so $\kappa^2/p = 1608$ at $\kappa = 16$, and
# the first table says 218.) A theorem in [how long does it take](04_convergence.py) proves an upper bound of this form with the least density $p^*$.
#
# ## Which of the two matters more?
#
# The law lets us trade one against the other. Take 40 times as many data in the dense half. Equal times need equal $\kappa^2/p$, so a wave of frequency $\kappa$ in
# the sparse half should take as long as one of frequency $\sqrt{40}\,\kappa \approx 6.3\,\kappa$ in the dense half, because $(\sqrt{40}\,\kappa)^2/40p = \kappa^2/p$.
#
# **Predict:** test it with $\kappa = 2$ in the sparse half, so 12.6 in the dense one. Does the law over- or underestimate the frequency of equal time?
#
# <details><summary>Answer</summary>
#
# It underestimates it: the match is near 15. At low frequencies the time grows more slowly than $\kappa^2$, by 3.3 instead of 4 from $\kappa = 4$ to
# 8. So a slow wave takes longer than $\kappa^2$, extrapolated down from fast waves, suggests.
# </details>

# %% tags=["nbval-check-output"]
sparse = motivation.predict(40, (1, 2), long_run).half_learned().loc["sparse", 2]
print(f"κ =  2, sparse half: {sparse:4.0f} iterations")
for k in (6, 12, 13, 15, 17):
    dense = motivation.predict(40, (1, k), long_run).half_learned().loc["dense", k]
    print(f"κ = {k:2d},  dense half: {dense:4.0f} iterations")

# %% [markdown]
# The formula promises the time of $\kappa = 12.6$, some 74 iterations; the whole spectrum, from which this table is computed, gives 102. The
# formula is a limit, and this course always asks how far away it is.
#
# ## The way through the course
#
# One idea carries everything: the density $p(x)$ of the data and the kernel $k(x, x')$, whose values fill $H$, meet in **one operator,
# and its eigenvalues and eigenfunctions decide how learning goes.**
#
# | lecture | question |
# |---|---|
# | 1 · [the tangent kernel](01_tangent_kernel.py) | Where does $H$ come from, and why does it stay the same in a wide network? |
# | 2 · [two layers](02_two_layer.py) | What is $H$ for two layers, and is there anything that it never learns? |
# | 3 · [eigenfunctions](03_eigenfunctions.py) | What takes the place of sines when data are not uniform? |
# | 4 · [how long](04_convergence.py) | Why $\kappa^2/p^*$, and how sharp is the proof? |
# | 5 · [any depth](05_deep_kernels.py) | Is there a limit for many layers, and what is it? |
# | 6 · [what depth changes](06_depth.py) | What do more layers change, and how wide must they be? |
# | 7 · [beyond the circle](07_sphere.py) | What changes on spheres of many dimensions? |
# | 8 · [generalisation](08_generalization.py) | Is what is learned first also what is right on new data? |
# | 9 · [beyond](09_beyond.py) | All errata; how to undo the bias; real data. |
#
# Every function of the package has a docstring that begins with its formula; use it for research of your own.
#
# ## Summary
#
# 1. Networks learn low frequencies first: *frequency bias*. It is measured by the fraction learned.
# 2. The residual's component along an eigenvector of $H/n$ fades like $(1 - \eta\lambda)^t$, and $H$ is known before training.
# 3. With even data the time to learn a frequency is proportional to $\kappa^2$.
# 4. With uneven data it is proportional to $\kappa^2/p$: sparse regions are late.
# 5. All of this is a limit. How far away it is can be computed without training a network.
#
# Three questions that use the whole lecture:
#
# - In the snapshots, has the network *too few iterations* or *too few data* to fit the ripple in the sparse half? How could you tell by an
#   experiment?
# - Early stopping is a common remedy for noisy data. What does it do in the dense half, and what in the sparse half, if the noise is the same?
# - You may place 100 more points. Where would you put them if the ripple is to be learned everywhere in the shortest time? And if you
#   cannot add any, what else could you change?
#
# <details><summary>Answers</summary>
#
# Too few iterations. Train longer, as above: with six points to a period the ripple comes, by the table some 27 times later than in the dense half. If data were missing,
# no amount of training would help. · At any moment the dense half has learned frequencies up to a higher limit, $\kappa \propto \sqrt{pt}$: stopping cuts off the
# noise above that limit, and with it the target. One moment is too late for one half or too early for the other; [generalisation](08_generalization.py) makes it
# exact. · In the sparse half, until the densities are equal: the slowest place decides, with time $\propto 1/p$. Or count each sparse point more in the loss, which
# [the last lecture](09_beyond.py) does.
# </details>
#
# ## Sources
#
# - R. Basri, M. Galun, A. Geifman, D. Jacobs, Y. Kasten, S. Kritchman, *Frequency bias in neural networks
#   for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
# - N. Rahaman and others, *On the spectral bias of neural networks*, ICML 2019, [arXiv:1806.08734](https://arxiv.org/abs/1806.08734).
# - R. Basri, D. Jacobs, Y. Kasten, S. Kritchman, *The convergence rate of neural networks for learned
#   functions of different frequencies*, NeurIPS 2019, [arXiv:1906.00425](https://arxiv.org/abs/1906.00425).
