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
# # What depth changes
#
# **Needs:** lectures 1 (recursion of the kernel), 3 (density and local frequency), 4 (time to learn).
# **Time:** about 50 minutes, plus 40 for the assignment.
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# So far one hidden layer was enough. Practice uses many. **Do the laws of the two-layer network
# survive depth: eigenfunctions that follow $\sqrt p$, eigenvalues that fall like $\kappa^{-2}$,
# times like $\kappa^2/p$? And how wide must a deep network be for any of this to apply to it?**
#
# After this lecture you can
#
# - compute the tangent kernel of any depth and read its spectrum off two slopes;
# - explain why depth does what a bias does for odd frequencies, and by how much;
# - say for which frequencies the law $\kappa^{-2}$ holds at a given depth, and what happens below;
# - measure how lazy a deep network is, and compare with what the theorem asks for.

# %% [markdown]
# ## The picture
#
# Left: kernels of 1 to 50 hidden layers against the angle between two inputs, scaled to 1 at angle 0.
# Right: their eigenvalues under uniform data.

# %%
import numpy as np

from ntklab import asymptotics, claims, figures, fredholm
from ntklab.experiments import ONE_TWO_FOUR, depth, fit_power, trained
from ntklab.explorers import depth as explorer
from ntklab.figures import depth as pictures
from ntklab.kernels import NNGP, DeepNTK, TwoLayerNTK

layers = (1, 2, 3, 10, 50)
theta = np.linspace(0, np.pi, 500)
decay = depth.eigenvalue_decay(layers, highest=200)
profiles = {L: DeepNTK(L).profile(theta) / (L + 1) for L in layers}
figures.show(pictures.profiles_and_decay(theta, profiles, decay))

# %% [markdown]
# The deeper the network, the more it treats any two different inputs alike, whatever their angle: a
# sharp peak on a flat floor (a quarter as high, in the limit). Shallow kernels zig-zag: even frequencies (upper dots) are learned
# faster than odd ones. The straight lines are a law that we derive in a moment.

# %% [markdown]
# ## Which network?
#
# Equation (3), with all layers trained and no bias, as in the paper's deep experiments:
#
# $$f^{(h)} = W^{(h)} g^{(h-1)}, \qquad g^{(h)} = \sqrt{\tfrac{2}{d_h}}\;\sigma\big(f^{(h)}\big), \qquad g^{(0)} = x .$$
#
# Lecture 1 took the limit of infinite width, one layer at a time. With the angle $\theta$ between two
# unit inputs and $\rho_0 = \cos\theta$,
#
# $$\rho_{h} = \kappa_1(\rho_{h-1}), \qquad
# \Theta_h = \rho_h + \Theta_{h-1}\,\kappa_0(\rho_{h-1}), \qquad \Theta_0 = \rho_0,$$
#
# $$\kappa_0(\rho) = \frac{\pi - \arccos\rho}{\pi}, \qquad
# \kappa_1(\rho) = \frac{\sqrt{1-\rho^2} + \rho\,(\pi - \arccos\rho)}{\pi} .$$
#
# $\rho_h$ is the correlation of the two inputs after $h$ layers, $\Theta_L$ the tangent kernel. Each
# layer pulls correlations towards 1: see how two *opposite* inputs, and two at a right angle, look
# to deeper and deeper layers. (`NNGP` is $\rho_L$ alone.)

# %% tags=["nbval-check-output"]
print("hidden layers   ρ of opposite inputs   ρ at a right angle")
for L in (1, 2, 3, 5, 10, 50):
    opposite, right = NNGP(L).profile(np.array([np.pi, np.pi / 2]))
    print(f"{L:8d}        {opposite:z10.3f}             {right:z10.3f}")

# %% [markdown]
# After 50 layers opposite inputs are almost the same input. That is the flat floor of the picture.

# %% [markdown]
# ## A spectrum from two slopes
#
# Under uniform data the eigenvalue of $\cos\kappa x$ is the kernel's Fourier coefficient. Integrate by
# parts twice; only the ends contribute to leading order:
#
# $$\lambda_\kappa = \frac1\pi\int_0^\pi k(\theta)\cos\kappa\theta\,d\theta
#  = \frac{(-1)^\kappa\, k'(\pi) - k'(0)}{\pi\kappa^2} + \text{smaller} .$$
#
# So two numbers decide: the slope at angle $0$, the kink, and the slope at angle $\pi$, where inputs are
# opposite. The recursion gives both.
#
# **Near 0.** Every $\rho_h$ is flat ($\rho_h \approx 1 - \theta^2/2$) and every $\kappa_0(\rho_h) \approx
# 1 - \theta/\pi$. As $\Theta_{h-1}(0) = h$, each layer adds $-h/\pi$ to the slope:
#
# $$k'(0) = -\frac1\pi\,(1 + 2 + \dots + L) = -\frac{L(L+1)}{2\pi} .$$
#
# **Near π.** The first layer has slope $1/\pi$. All later $\rho_h$ are flat there, so layers only pass
# that slope on, each time multiplied by some $\kappa_0 < 1$:
#
# $$k'(\pi) = \frac1\pi \prod_{h=1}^{L-1} \kappa_0(\rho_h(\pi)) .$$
#
# The kink grows quadratically with depth, the other end fades. Against the eigenvalues themselves:

# %% tags=["nbval-check-output"]
kappa = np.array([10, 11, 50, 51, 200, 201])
print("exact λ over the law, at κ =", *kappa)
for L in (2, 3, 10, 50):
    exact = DeepNTK(L).harmonic_eigenvalues(kappa)
    law = asymptotics.deep_eigenvalue(kappa, L)
    print(f"L = {L:2d}:  ", "  ".join(f"{value:.4f}" for value in exact / law))

# %% [markdown]
# Up to ten layers the law is within 7 % from $\kappa = 10$ on. At 50 layers it is wrong by a factor of
# nearly three there, by 12 % at $\kappa = 50$ and by 1 % at $\kappa = 200$. The reason is in the picture: at an
# angle of about $4/L$ the peak has come down halfway to the floor. A wave much longer than that does
# not see the kink, only the area under the peak. **The law
# $\kappa^{-2}$ is one of frequencies above the number of layers.**

# %% [markdown]
# ## Parity, once more
#
# Lecture 2 showed that one hidden layer without bias never learns odd frequencies $\ge 3$. The formula
# agrees: $k'(\pi) = -k'(0)$ for $L = 1$, so both ends cancel at odd $\kappa$. A bias cures that by making the
# slope at $\pi$ zero. A second layer does it in part: the slope there is a sixth of the kink. The ratio of neighbours $\lambda_{101}/\lambda_{100}$ tells how much is left of it:

# %% tags=["nbval-check-output"]
print(" L   λ_101/λ_100   law")
for L in (2, 3, 5, 10):
    even, odd = asymptotics.deep_eigenvalue([100, 101], L)
    print(f"{L:2d}     {depth.parity_ratio(L):.4f}     {odd / even:.4f}")

# %% [markdown]
# Two hidden layers still learn odd frequencies thirty percent more slowly than their even neighbours.
# Whoever fits one line through all eigenvalues of a shallow kernel fits a zig-zag. So the slopes in
# this table are fitted to even and odd frequencies apart; on the sphere (lecture 7) $\kappa$ is the
# degree of the harmonic.

# %% tags=["nbval-check-output"]
circle = depth.decay_slopes(decay, (50, 200))
sphere = depth.decay_slopes(depth.eigenvalue_decay(layers, 30, dimension=3), (10, 30))
print(" L  parity   circle, κ 50-200   sphere, κ 10-30")
for one, two in zip(circle.itertuples(), sphere.itertuples(), strict=True):
    print(f"{one.hidden_layers:2d}   {one.parity:4s}   {one.slope:z12.2f}   {two.slope:z16.2f}")

# %% [markdown]
# The paper measured 1.94 and 2.80 at depth 10 and conjectured $\kappa^{-d}$, that is $-2$ and $-3$. On the
# circle the exact exponent in that window *is* 2.00. On the sphere, 2.85 is what the population
# gives for degrees 10 to 30; the conjecture's 3 is approached beyond (2.98 for 60 to 120). Their measured exponents are
# honest, and so is the conjecture; between them stands the word "asymptotically".

# %% [markdown]
# ## Uneven data
#
# Lecture 3 used two things of its kernel: the kink at angle 0, and that there is none at angle $\pi$
# (with bias the slope vanishes there). Differentiate $\lambda f = Tf$ twice for any kernel, and each end
# leaves its term:
#
# $$\lambda f''(x) \approx -2|k'(0)|\;p(x) f(x) \;-\; 2k'(\pi)\;p(x+\pi) f(x+\pi) .$$
#
# The second couples opposite places; it is parity again. Beside the first it counts 1/6 at two hidden
# layers, 1/20 at three, 1/106 at five and 1/1350 at ten. Drop it, with three or more, and repeat the steps
# of lecture 3 with $|k'(0)|$ for $1/2\pi$:
#
# $$f'' \approx -\frac{2|k'(0)|}{\lambda}\,p\,f, \qquad \lambda \approx \frac{2|k'(0)|\,Z^2}{q^2},
# \qquad \text{local frequency } \frac{q\sqrt{p}}{Z} .$$
#
# The eigenfunctions' frequencies do not depend on the kernel at all! Try it, and go deep:

# %%
figures.show(explorer.draw(explorer.compute(hidden_layers=10)))

# %%
explorer.explorer()

# %% [markdown]
# At 10 layers dots and lines agree from $q \approx 10$ on. At 60 layers there is a second regime on the
# left: in the sparsest region the measured frequency stays at zero. We come back to that. First the
# claim, for both depths that the lecture plots:

# %% tags=["nbval-check-output"]
print(claims.judge("C16"))

# %% [markdown]
# ## "The eigenfunctions look similar"
#
# The lecture says so of deep networks. Compare them pair by pair with those of the two-layer kernel
# with bias: the overlap is 1 if the two kernels' $q$-th pairs of eigenfunctions span the same space, and
# 0 if one pair holds a function at a right angle to all of the other.

# %% tags=["nbval-check-output"]
print(" L    overlap with one hidden layer at q = 1, 2, 3, 5, 10, 20, 40")
for L in (2, 3, 10, 50):
    overlap = depth.eigenspace_overlaps(ONE_TWO_FOUR, L, 81).overlap
    print(f"{L:2d}   ", "  ".join(f"{overlap[q - 1]:z.2f}" for q in (1, 2, 3, 5, 10, 20, 40)))

# %% [markdown]
# True at depth 3, and at depth 10 for all but the slowest; false at depth 50. At depth 2 the
# overlap *falls* with $q$: the term of the opposite place stays a sixth, however fast the wave. So very
# shallow and very deep networks fail at opposite ends of the spectrum. See three of the deep ones:

# %%
x = np.linspace(-np.pi, np.pi, 801)[:-1]
chosen = [2, 10, 20]
shallow = fredholm.solve(TwoLayerNTK(), ONE_TWO_FOUR, 41)(x)[:, chosen]
deep = fredholm.solve(DeepNTK(50), ONE_TWO_FOUR, 41)(x)[:, chosen]
titles = [f"i = {i}, L = {L}" for L in (1, 50) for i in chosen]
figures.show(pictures.compared_eigenfunctions(ONE_TWO_FOUR, x, shallow, deep, titles))

# %% [markdown]
# Under 50 layers the second eigenfunction lives in the densest region alone. A kernel that is a narrow
# peak on a floor acts like *multiplication by the density*, $(Tf)(x) \approx c\,p(x) f(x)$, as far as
# waves longer than the peak are concerned. Its "eigenfunctions" sit where $p$ is largest, whatever
# their frequency. So a very deep network does not learn slow waves first but **dense places first**:
# the frequency bias gives way to a density bias. How strong is it? We look at the share of the first
# 20 eigenfunctions' square that lies in the densest region. The waves of lecture 3 have amplitude
# $p^{-1/4}$ there, so their share is $\sqrt4/(\sqrt1 + \sqrt2 + \sqrt4) = 0.45$:

# %% tags=["nbval-check-output"]
densest = ONE_TWO_FOUR.regions[2]
for L in (1, 10, 50, 100):
    kernel = TwoLayerNTK() if L == 1 else DeepNTK(L)
    spectrum = fredholm.solve(kernel, ONE_TWO_FOUR, 21)
    inside = densest.contains(spectrum.points)
    share = (spectrum.values[inside, 1:] ** 2 * spectrum.weights[inside, None]).sum(0)
    print(f"L = {L:3d}: mean share {share.mean():.2f}, largest {share.max():.2f}")

# %% [markdown]
# ## The time to learn
#
# Now the times, by the exact dynamics of lecture 4: how long until $\cos\kappa x$ is learned to 0.05 rms
# in each of the three regions, at depth 10? The slide prints $O(\kappa^{-d}/p)$ for this time. A larger
# frequency would then be learned *faster*; the sign of the exponent is a misprint.

# %% tags=["nbval-check-output"]
print(claims.judge("C22"))

# %% [markdown]
# Time times density is the same in all three regions within a few percent: the law $\kappa^d/p$ holds.

# %% [markdown]
# ## How lazy is a deep network?
#
# All of this is about infinite width. The theorem on deep networks, (20)–(22), says that a wide
# enough network with first and last layer fixed follows
#
# $$u^{(t)} - y = (I - \eta H^\infty)^t (u^{(0)} - y) + \xi(t), \qquad \xi \text{ small} .$$
#
# How wide is wide enough? The theorem asks for $m \ge \Omega\big(n^{24} L^{12} \log^5 m\,/\,\delta^8\tau^6\big)$ with
# $\tau = \Theta(\epsilon\hat\delta/n)$. Put in numbers, with every unnamed constant set to 1 and
# $\epsilon = \delta = \hat\delta = 0.1$:

# %% tags=["nbval-check-output"]
for n in (10, 30, 1000):
    widths = [depth.required_width(n, L) for L in (1, 5)]
    print(f"n = {n:4d}: 10^{widths[0]:.0f} for one hidden layer, 10^{widths[1]:.0f} for five")

# %% [markdown]
# The observable universe has some $10^{80}$ atoms. The theorem is a statement about limits, not about
# networks. So let us measure. We train networks of 1, 2, 3 and 5 hidden layers and width 64 to 512 on
# 30 points, and look at three distances: of the kernel from its limit before training, of the kernel
# from itself after training, and of the outputs from the linear prediction.

# %%
table = trained.depth.lazy_training(rng=np.random.default_rng(5), progress=True)
rms = table.groupby("width")[["start", "drift", "residual"]].agg(lambda v: np.sqrt(np.mean(v**2)))
laws = {c: str(fit_power(rms.index.to_numpy(float), rms[c].to_numpy())) for c in rms}
figures.show(pictures.laziness(table, laws))

# %% [markdown]
# All three fall like $m^{-1/2}$ or faster: a network eight times as wide is nearly three times as lazy. Width
# 512 is enough for a remainder of some percent, where the theorem asks for 76 digits. (For one hidden
# layer the first layer is trained, since there is no other.)

# %% tags=["nbval-check-output"]
print(claims.judge("C21", table=table))

# %% [markdown]
# ## Exercises
#
# `exercises/06_depth.py` lets you derive the kink of another activation, find the depth from
# which a network learns places before waves, and decide from a spectrum how many layers made it.
#
# ## Summary
#
# - Depth sharpens the kernel: a peak about $4/L$ wide on a flat floor.
# - Two slopes give the spectrum: $\lambda_\kappa \approx L(L+1)/2\pi^2\kappa^2$, and a remainder that
#   fades.
# - Eigenfunctions follow $\sqrt p$ from three hidden layers on (at two, opposite places mix), for
#   frequencies above about $L$; below, very deep kernels learn dense places first.
# - Time is $\kappa^d/p$; the slide's $\kappa^{-d}/p$ is a misprint.
# - Networks are lazy like $m^{-1/2}$, at widths that are absurdly far below the theorem's.
#
# ## Sources
#
# - R. Basri and others, *Frequency bias in neural networks for input of non-uniform density*, ICML 2020,
#   [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
# - A. Bietti, F. Bach, *Deep equals shallow for ReLU networks in kernel regimes*, ICLR 2021,
#   [arXiv:2009.14397](https://arxiv.org/abs/2009.14397).
# - Z. Allen-Zhu, Y. Li, Z. Song, *A convergence theory for deep learning via over-parameterization*,
#   ICML 2019, [arXiv:1811.03962](https://arxiv.org/abs/1811.03962).
# - S. Arora and others, *On exact computation with an infinitely wide neural net*, NeurIPS 2019,
#   [arXiv:1904.11955](https://arxiv.org/abs/1904.11955).
