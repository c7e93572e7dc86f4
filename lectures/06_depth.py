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
# **Needs:** [any depth](05_deep_kernels.py) (the recursion), [eigenfunctions](03_eigenfunctions.py) (density and local frequency), [how long it
# takes](04_convergence.py); integration by parts.
# **Time:** about 50 minutes, plus 55 for the assignment.
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# In practice networks have many layers. **Do the laws of the two-layer network survive depth: eigenfunctions that follow $\sqrt p$, eigenvalues that fall like
# $\kappa^{-2}$, times like $\kappa^2/p$? And how wide must a deep network be for any of this to apply to it?**
#
# After this lecture you can
#
# - read the spectrum of a kernel of any depth off two slopes;
# - explain why depth does what a bias does for odd frequencies, and by how much;
# - say for which frequencies the law $\kappa^{-2}$ holds at a given depth, and what is learned first below;
# - measure how lazy a deep network is, and compare with what the theorem asks for.
#
# ## The picture
#
# Left, tangent kernels of 1 to 50 hidden layers against the angle $\theta$ between two inputs, scaled to 1 at $\theta = 0$. Right, their eigenvalues
# under uniform data against the frequency $\kappa$.
#
# **Predict:** [layers make inputs alike](05_deep_kernels.py). So what does the kernel of 50 layers look like, and which of its eigenvalues obey
# $\kappa^{-2}$?
#
# <details><summary>Answer</summary>
#
# A sharp peak at 0 on a flat floor about a quarter as high: for a deep network any two different inputs are equally alike. The law $\kappa^{-2}$ comes
# from the kink at the top of the peak, so it needs waves shorter than the peak is wide. A much longer wave does not see the kink, only the peak's area.
# </details>

# %%
import numpy as np

from ntklab import asymptotics, claims, figures, fredholm
from ntklab.experiments import ONE_TWO_FOUR, depth, trained
from ntklab.explorers import depth as explorer
from ntklab.figures import depth as pictures
from ntklab.kernels import NNGP, DeepNTK, TwoLayerNTK

layers, theta = (1, 2, 3, 10, 50), np.linspace(0, np.pi, 500)
decay = depth.eigenvalue_decay(layers, highest=200)
profiles = {L: DeepNTK(L).profile(theta) / (L + 1) for L in layers}
figures.show(pictures.profiles_and_decay(theta, profiles, decay))

# %% [markdown]
# Left, the peak narrows with every layer; the floor is at 0.29 with ten layers and 0.28 with fifty. Right, shallow spectra zig-zag: even frequencies (upper dots) are
# learned faster than odd ones. The straight lines are a law that we derive now; the dots of 50 layers join theirs late.
#
# ## A kernel made of angles
#
# The network is (3) of [any depth](05_deep_kernels.py): $L$ hidden layers of ReLU, all weights trained, no bias, as in the paper's deep experiments.
# There the limit of infinite width was a recursion. It is simplest in *angles*. Let $\theta_h$ be the angle between the two inputs after $h$ layers,
# $\theta_0 = \theta$, and $\Theta_h$ the tangent kernel of a network of $h$ hidden layers:
#
# $$\cos\theta_h = \frac{\sin\theta_{h-1} + (\pi - \theta_{h-1})\cos\theta_{h-1}}\pi, \qquad
# \Theta_h = \cos\theta_h + \Theta_{h-1}\Big(1 - \frac{\theta_{h-1}}\pi\Big), \qquad \Theta_0 = \cos\theta .$$
#
# **Predict:** two opposite inputs, $\cos\theta_0 = -1$. How alike are they, $\cos\theta_h$, after 1, 2 and 50 layers?
#
# <details><summary>Answer</summary>
#
# 0 after one layer: no neuron is on for both. Then the angle shrinks, fast at first and ever more slowly: 0.32 after two, 0.99 after fifty. (`NNGP`
# below, for *neural network Gaussian process*, is the covariance $\cos\theta_L$ of the outputs before training.)
# </details>

# %% tags=["nbval-check-output"]
print("hidden layers   cos θ_h of opposite inputs   at a right angle")
for L in (1, 2, 3, 5, 10, 50):
    opposite, right = NNGP(L).profile(np.array([np.pi, np.pi / 2]))
    print(f"{L:8d}        {opposite:z14.3f}             {right:z14.3f}")

# %% [markdown]
# How slowly? Expand for small angles: $\cos\theta_h = \cos\theta_{h-1} + \theta_{h-1}^3/3\pi + \dots$, that is $\theta_h \approx \theta_{h-1} -
# \theta_{h-1}^2/3\pi$, so $1/\theta$ grows by $1/3\pi$ a layer and $\theta_h$ tends to $3\pi/h$, *whatever it was at the start*. That is the floor.
#
# <details><summary>Why is the floor a quarter, and how wide is the peak?</summary>
#
# By this approximation $\theta_h = 3\pi/(h_0 + h)$ with $h_0 = 3\pi/\theta$, as if $h_0$ layers had gone before. What enters at layer $h$ is about 1, and is
# multiplied by all later factors $1 - \frac3{h_0+h}$, whose product up to $L$ is $\big(\frac{h_0+h}{h_0+L}\big)^3$. The sum over $h$, relative to its
# value $L$ at $\theta = 0$, is $\frac{h_0+L}{4L}\big(1 - \big(\frac{h_0}{h_0+L}\big)^4\big)$. At a fixed angle it tends to $\frac14$ as $L$ grows: the floor.
# Halfway between 1 and $\frac14$ it is at $h_0 = 2.24\,L$, an angle of $3\pi/(2.24\,L) = 4.2/L$: half the peak's width.
# </details>
#
# Under uniform data the eigenvalue of $\cos\kappa x$ is the kernel's Fourier coefficient,
# $\lambda_\kappa = \frac1\pi\int_0^\pi k(\theta)\cos\kappa\theta\,d\theta$. By hand, from the profile alone, beside the package's:

# %% tags=["nbval-check-output"]
fine = np.linspace(0, np.pi, 200_001)
for L, kappa in ((2, 7), (10, 7), (50, 40)):
    by_hand = np.trapezoid(DeepNTK(L).profile(fine) * np.cos(kappa * fine), fine) / np.pi
    print(f"L = {L:2d}, κ = {kappa:2d}: by hand {by_hand:.6f}",
          f"  package {DeepNTK(L).harmonic_eigenvalues(kappa):.6f}")

# %% [markdown]
# ## A spectrum from two slopes
#
# Integrate by parts twice. The first time the ends give nothing, since $\sin\kappa\theta = 0$ there; the second time they give the slopes of $k$:
#
# $$\lambda_\kappa = -\frac1{\pi\kappa}\int_0^\pi k'(\theta)\sin\kappa\theta\,d\theta
#  = \frac{(-1)^\kappa\, k'(\pi) - k'(0)}{\pi\kappa^2} - \frac1{\pi\kappa^2}\int_0^\pi k''(\theta)\cos\kappa\theta\,d\theta ,$$
#
# and a fast wave averages the last integral away. So two numbers decide: the slope at angle $0$, the kink of
# [eigenfunctions](03_eigenfunctions.py), and the slope at angle $\pi$, where inputs are opposite.
#
# **Near 0** all $\theta_h$ are $\theta$ to first order (above), so $\cos\theta_h$ is flat and each factor is $1 - \theta/\pi$. That factor multiplies
# $\Theta_{h-1}(0) = h$, so layer $h$ adds $-h/\pi$ to the slope:
#
# $$k'(0) = -\frac1\pi\,(1 + 2 + \dots + L) = -\frac{L(L+1)}{2\pi} .$$
#
# **Near π** differentiate $\cos\theta_1$: the slope $-(\pi - \theta)\sin\theta/\pi$ vanishes, and all later angles depend on $\theta$ only through $\theta_1$. What
# is left is $\Theta_0\,(1 - \theta/\pi)$ in the first layer: $\Theta_0 = -1$, so its slope is $1/\pi$. Later layers pass it on, times a factor below 1:
#
# $$k'(\pi) = \frac1\pi \prod_{h=1}^{L-1} \Big(1 - \frac{\theta_h(\pi)}\pi\Big) .$$
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
# Up to ten layers the law is within 7 % from $\kappa = 10$ on. At 50 layers it is wrong by a factor of nearly three there, by 12 % at $\kappa = 50$
# and by 1 % at $\kappa = 200$: waves much longer than the peak, about $4/L$ to either side, do not see its kink. **The law $\kappa^{-2}$ holds only for
# frequencies above the number of layers.**
#
# ## Parity, once more
#
# [One hidden layer without bias](02_two_layer.py) never learns odd frequencies $\ge 3$. The formula agrees: $k'(\pi) = -k'(0)$ at $L = 1$, both ends
# cancel at odd $\kappa$. A bias cures that by making the slope at $\pi$ zero. A second layer does it in part. The ratio of neighbours shows what is
# left of it:

# %% tags=["nbval-check-output"]
print(" L   λ_101/λ_100   law")
for L in (2, 3, 5, 10):
    even, odd = asymptotics.deep_eigenvalue([100, 101], L)
    print(f"{L:2d}     {depth.parity_ratio(L):.4f}     {odd / even:.4f}")

# %% [markdown]
# At two layers an odd frequency is 30 % slower than its even neighbour; at ten next to nothing is left, for $\kappa^{-2}$ alone makes it 0.980.
#
# One line through all eigenvalues of a shallow kernel would fit a zig-zag, so slopes are fitted to even and odd frequencies separately; on the sphere ([beyond the circle](07_sphere.py))
# $\kappa$ is the degree of the harmonic. The paper measured exponents of 1.94 on the circle and 2.80 on the sphere at depth 10, and conjectured $\kappa^{-d}$ for $d$ coordinates.

# %% tags=["nbval-check-output"]
circle = depth.decay_slopes(decay, (50, 200))
sphere = depth.decay_slopes(depth.eigenvalue_decay(layers, 30, dimension=3), (10, 30))
print(" L  parity   circle, κ 50-200   sphere, κ 10-30")
for one, two in zip(circle.itertuples(), sphere.itertuples(), strict=True):
    print(f"{one.hidden_layers:2d}   {one.parity:4s}   {one.slope:z12.2f}   {two.slope:z16.2f}")

# %% [markdown]
# On the circle the exponent *is* 2.00 up to ten layers (one layer without bias has no odd eigenvalues to fit). The last rows dip since their windows
# begin at or below the number of layers, where the law does not hold yet; for the same reason the sphere has 2.85 at ten layers (2.98 for degrees 60
# to 120). So both are right, the measured exponents and the conjecture, which is about the limit.
#
# ## Uneven data
#
# [Eigenfunctions](03_eigenfunctions.py) used two facts about its kernel: it has a kink at angle 0, and none at $\pi$. For any kernel the slope
# jumps by $2k'(0)$ where the signed difference $x - z$ passes 0, and by $-2k'(\pi)$ where it passes $\pi$. Differentiate $\lambda f = Tf$ twice, and
# each jump becomes a spike that leaves one term:
#
# $$\lambda f''(x) \approx -2|k'(0)|\;p(x) f(x) \;-\; 2k'(\pi)\;p(x+\pi) f(x+\pi) .$$
#
# The second couples opposite places; it is parity again. The ratio of their constants, $k'(\pi)/|k'(0)|$, is 1/6 at two hidden layers, 1/20 at three, 1/106 at five,
# 1/1350 at ten. Drop it, with three or more:
#
# $$f'' \approx -\frac{2|k'(0)|}{\lambda}\,p\,f, \qquad \lambda \approx \frac{2|k'(0)|\,Z^2}{q^2} ,$$
#
# as for [the two-layer kernel with bias](03_eigenfunctions.py), whose constant $1/4\pi$ gives $k'(0) = -1/2\pi$ and $\lambda \approx Z^2/\pi q^2$.
#
# **Predict:** by which factor does the local frequency in region $j$ at the same $q$ change when the network has 10 layers instead of one?
#
# <details><summary>Answer</summary>
#
# By none: the wave must close after a turn, so $q$ waves share out the circle in proportion to $\sqrt p$, with the frequency $q\sqrt{p_j}/Z$ for
# every kernel whose only kink is at 0, once $q$ is large. The size of the kink enters the eigenvalue alone. This is [(13)](03_eigenfunctions.py), which the paper measured at depth 10, too.
# </details>
#
# Below, dots are the frequencies of ten layers' eigenfunctions in three regions of density 1 : 2 : 4, lines $q\sqrt{p_j}/Z$. Only the slowest leave
# them: at $q \le 4$ there is not one wave in a sparse region. Top right, the same $q$ are too small for the law of $\lambda$.

# %%
figures.show(explorer.draw(explorer.compute(hidden_layers=10)))

# %% [markdown]
# **Try:** 60 layers: what happens to slow eigenfunctions in the sparsest region, and in the densest? The same with equal weights 1 : 1 : 1: why are
# all dots on the lines again? And 2 layers: why do the dots scatter by some per cent, however large $q$?
#
# <details><summary>What you should have seen</summary>
#
# In the sparsest region the frequency is zero up to about $q = 8$; in the densest it is too high. · Under uniform data every kernel has the
# eigenfunctions $\cos qx$, $\sin qx$. · The term of the opposite place does not fade with $q$; at two layers it is a sixth.
# </details>

# %%
explorer.explorer()

# %% [markdown]
# ## "The eigenfunctions look similar"
#
# "In the non-uniform case, the eigenfunctions look similar to the uniform case", says the slide on deep networks. Similar to its waves $\cos qx$,
# $\sin qx$ as they are? Or to the same waves bent by the density, $\cos(q\Psi/Z)$? The verdict measures the *overlap* of a pair of eigenfunctions
# with a pair of waves: 1 if they span the same space, 0 if one pair holds a function at a right angle to all of the other.

# %% tags=["nbval-check-output"]
print(claims.judge("C29"))

# %% [markdown]
# So the similarity is one of shape: at $q = 20$ the overlap with bent waves is 0.96, with straight ones 0.3. And are deep eigenfunctions similar to
# those of *one* hidden layer with bias?

# %% tags=["nbval-check-output"]
print(" L    overlap with one hidden layer at q = 1, 2, 3, 5, 10, 20, 40")
for L in (2, 3, 10, 50):
    overlap = depth.eigenspace_overlaps(ONE_TWO_FOUR, L, 81).overlap
    print(f"{L:2d}   ", "  ".join(f"{overlap[q - 1]:z.2f}" for q in (1, 2, 3, 5, 10, 20, 40)))

# %% [markdown]
# At depth 3 yes, at depth 10 for all but the slowest, at depth 50 no. At depth 2 the overlap *falls* with $q$, for the term of the opposite place does
# not fade. At depth 50 it is the slow waves that are too long for the peak. What has taken their place?
#
# **Predict:** for waves longer than the peak, a kernel that is a narrow peak on a floor acts like $(Tf)(x) \approx c\,p(x) f(x)$ with $c$ the peak's
# area: multiplication by the density. Where do its leading eigenfunctions after the constant live, and what does such a network learn first?
#
# <details><summary>Answer</summary>
#
# Where $p$ is largest: a function that lives where $p = p_j$ is just multiplied by $c\,p_j$, so that this is its eigenvalue, whatever its frequency. So a
# very deep network does not learn slow waves first but **dense places first**: the frequency bias gives way to a density bias.
# </details>

# %%
x, chosen = np.linspace(-np.pi, np.pi, 801)[:-1], [1, 4, 7]
shallow = fredholm.solve(TwoLayerNTK(), ONE_TWO_FOUR, 41)(x)[:, chosen]
deep = fredholm.solve(DeepNTK(50), ONE_TWO_FOUR, 41)(x)[:, chosen]
titles = [f"i = {i}, L = {L}" for i in chosen for L in (1, 50)]
figures.show(pictures.compared_eigenfunctions(ONE_TWO_FOUR, x, shallow, deep, titles))

# %% [markdown]
# Right, with 50 layers, $i = 1$ and 4 oscillate in the densest third and are nearly straight elsewhere; $i = 7$ oscillates in the middle one, too. A slow wave in the
# middle third can have the same eigenvalue as a faster one in the densest, and then the two mix. So look at the mean over the first twenty. Where is their square,
# weighted by the density, $f^2p$? With one layer (here always with bias) amplitudes are $\propto p^{-1/4}$ on average (single ones need not be where $p$ jumps, see
# [eigenfunctions](03_eigenfunctions.py)), so the thirds should hold $\sqrt1 : \sqrt2 : \sqrt4$, or 0.23, 0.32, 0.45.

# %% tags=["nbval-check-output"]
print("share of the square in the sparse, middle and densest third, mean of i = 1 to 20")
for L in (1, 10, 50, 100, 400):
    spectrum = fredholm.solve(TwoLayerNTK() if L == 1 else DeepNTK(L), ONE_TWO_FOUR, 21)
    square = spectrum.values[:, 1:] ** 2 * spectrum.weights[:, None]
    shares = [square[r.contains(spectrum.points)].sum(0).mean() for r in ONE_TWO_FOUR.regions]
    print(f"L = {L:3d}   ", "  ".join(f"{share:.2f}" for share in shares))

# %% [markdown]
# Ten layers are still like one. From fifty on the densest third takes over, and with 400, when the peak is a hundredth of a radian wide, it has most.
#
# ## The time to learn
#
# How long until $\cos\kappa x$ is learned to 0.05 rms in each of the three regions, by the exact dynamics of [how long it takes](04_convergence.py)?
# The slide says "convergence speed $O(\kappa^{-d}/p)$".
#
# **Predict:** plot time × density against $\kappa$, at depths 1 (with bias), 3, 10 and 50. For which depths do the three regions fall on one curve, and is it
# $\kappa^2$?
#
# <details><summary>Answer</summary>
#
# For all depths, nearly, and the better the faster the wave: time is $\propto 1/p$ where the kink decides, and also where $T$ multiplies by $p$. The
# slope is 2 only for $\kappa$ well above the number of layers; at depth 50 the curves are far flatter. (So the speed is $p\,\kappa^{-d}$ in the limit: the
# slide's $1/p$ should read $p$.)
# </details>

# %%
kernels = {1: TwoLayerNTK(), 3: DeepNTK(3), 10: DeepNTK(10), 50: DeepNTK(50)}
times = {L: depth.learning_times(ONE_TWO_FOUR, (2, 4, 8, 16), k) for L, k in kernels.items()}
figures.show(pictures.times_by_depth(times))

# %% [markdown]
# In every panel the three colours nearly coincide from $\kappa = 4$ on: that is $1/p$. The dashed line is $\kappa^2$: up to ten layers the curves come
# near its slope (1.9 from 8 to 16 at ten); at fifty it is still 1.1 there, for 16 is well below the number of layers.

# %% tags=["nbval-check-output"]
print(claims.judge("C22"))

# %% [markdown]
# ## How lazy is a deep network?
#
# All this is about infinite width. The lecture states, for $n$ points and a network whose first and last layer are fixed, the last drawn from
# $N(0, \tau^2)$:
#
# > **Theorem.** For any $\epsilon \in (0, 1]$ and $\delta \in (0, O(\frac1L)]$ let $\tau = \Theta(\frac{\epsilon\hat\delta}n)$,
# > $m \ge \Omega\big(\frac{n^{24}L^{12}\log^5 m}{\delta^8\tau^6}\big)$ and $\eta = \Theta(\frac{\delta}{n^4L^2m\tau^2})$. Then with probability at
# > least $1 - \hat\delta$ over the start, after $t$ iterations
#
# $$\|y - u^{(t)}\| = \sqrt{\sum_{i=1}^n (1-\eta\lambda_i)^{2t}(v_i^\top y)^2} \pm \epsilon . \tag{20}$$
#
# (One slide draws the root over $\pm\,\epsilon$ as well; the argument gives an error of the norm, as in (1). $\Omega$: at least of the order of, $\Theta$: exactly of the
# order of, up to unnamed constants. $\delta$ is here the least distance between two inputs.) The proof passes through (21) of [the tangent kernel](01_tangent_kernel.py) to
#
# $$u^{(t)} - y = (I - \eta H^\infty)^t (u^{(0)} - y) + \xi(t), \qquad \xi \text{ small} . \tag{22}$$
#
# Why may $y$ stand for $y - u^{(0)}$ in (20)? Because $u^{(0)}$ is proportional to the last layer's $\tau$, and $\tau$ is so small that
# $\|u^{(0)}\| < \epsilon$. The price is in $m$, where $\tau^{-6} \sim n^6$ multiplies $n^{24}$.
#
# **Predict:** 30 points, one hidden layer, $\epsilon = \delta = \hat\delta = 0.1$, every unnamed constant 1. Which power of ten is the width? And how
# wide a network will do in practice?
#
# <details><summary>Answer</summary>
#
# $\tau = 0.01/30$, so $n^{24} = 10^{35.5}$, $\tau^{-6} = 10^{20.9}$, $\delta^{-8} = 10^8$, and $\log^5 m$ adds $10^{11}$: $m = 10^{76}$. The observable
# universe has some $10^{80}$ atoms. A few hundred neurons will do for a remainder of 7 %, as the next picture shows. The theorem is about limits.
# </details>

# %% tags=["nbval-check-output"]
for n in (10, 30, 1000):
    widths = [depth.required_width(n, L) for L in (1, 5)]
    print(f"n = {n:4d}: 10^{widths[0]:.0f} for one hidden layer, 10^{widths[1]:.0f} for five")

# %% [markdown]
# So let us measure. Networks of 1, 2, 3 and 5 hidden layers, width 64 to 512, five seeds each, on 30 evenly spaced points of the circle, with $\tau = 1$ and $u^{(0)}$
# kept in (22). (At $L = 1$ the first layer is trained, since there is no other.) Three distances: *start*, of the kernel from its limit; *drift*, how far training moves
# the kernel; *residual*, $\xi$.

# %%
table = trained.depth.lazy_training(rng=np.random.default_rng(5), device="cpu", progress=True)
slopes = depth.slopes_by_seed(table)
figures.show(pictures.laziness(table, slopes))

# %% tags=["nbval-check-output"]
for name, seen in slopes.groupby("quantity").exponent:
    error = seen.std() / np.sqrt(len(seen))
    print(f"{name:8s} like m^({seen.mean():z.2f} ± {error:.2f}), single seeds from {seen.min():z.1f} to {seen.max():z.1f}")

# %% [markdown]
# The ± is the standard error over 20 slopes, one for each depth and seed (the marks of the last panel: a single one could not tell $-\frac12$ from
# $-1$). Start and residual agree with $m^{-1/2}$ within about two of it; the drift falls faster. So eight times the width brings a network nearly three
# times as close to (22). The details, and what (20) assumes next to what networks need:

# %% tags=["nbval-check-output", "hide-output"]
print(claims.judge("C21", table=table))
print(claims.judge("C27"))

# %% [markdown]
# ## Your turn
#
# Compute $k'(0)$ and $k'(\pi)$ for two hidden layers by hand. How much slower are odd frequencies than their even neighbours?
#
# <details><summary>Solution</summary>
#
# $k'(0) = -\frac1\pi(1 + 2) = -3/\pi$. Opposite inputs: $\cos\theta_1 = 0$, so $\theta_1 = \pi/2$ and $k'(\pi) = \frac1\pi\cdot\frac12$. Odd over
# even: $(3 - \frac12)/(3 + \frac12) = 5/7$, some thirty per cent slower (times $(100/101)^2$ it is the 0.7002 of the table).
# </details>
#
# `exercises/06_depth.py` lets you derive the kink of another activation, find the depth from which a network learns places before waves, and decide
# from a spectrum how many layers made it.
#
# ## Summary
#
# 1. Depth sharpens the kernel: a peak of about $4/L$ to either side, on a flat floor.
# 2. Two slopes give the spectrum: $\lambda_\kappa \approx L(L+1)/2\pi^2\kappa^2$ for $\kappa$ above $L$, and a parity that fades with depth.
# 3. Eigenfunctions follow $\sqrt p$ from three hidden layers on (at two, opposite places mix); with fifty or more, dense places come first below $\kappa \approx L$.
# 4. Time × $p$ is one curve at every depth, $\kappa^d$ in the end: the speed is $p\,\kappa^{-d}$, not $\kappa^{-d}/p$.
# 5. Networks approach (22) like $m^{-1/2}$, at widths that are absurdly far below the theorem's.
#
# Three questions that use the whole lecture:
#
# - At the largest stable $\eta \approx 2/\lambda_0$: does a deep network learn a fast wave in fewer steps than a shallow one, and why?
# - A colleague fits one line to all eigenvalues of two hidden layers and reports $\kappa^{-2.1 \pm 0.2}$. What do you tell her?
# - A network has 60 layers, its data 1 : 4 on two halves. What does it learn first of $\cos x + \cos 200x$, and where?
#
# <details><summary>Answers</summary>
#
# Yes, in fewer steps by a factor of about $L$: $\lambda_\kappa$ grows like $L^2$ with the kink, $\lambda_0$ like $L$ with the floor; $\lambda_{240}/\lambda_0$ times $240^2$ is
# 0.33 at two layers, 1.3 at ten, 7.8 at fifty. · That the scatter is parity, not noise: fit even and odd frequencies separately. · $\cos x$ in the dense
# half; then $\cos x$ in the sparse one, four times later; $\cos 200x$, above the number of layers, comes last, and in the dense half first.
# </details>
#
# ## Sources
#
# - R. Basri and others, *Frequency bias in neural networks for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
# - A. Bietti, F. Bach, *Deep equals shallow for ReLU networks in kernel regimes*, ICLR 2021, [arXiv:2009.14397](https://arxiv.org/abs/2009.14397).
# - Z. Allen-Zhu, Y. Li, Z. Song, *A convergence theory for deep learning via over-parameterization*, ICML 2019, [arXiv:1811.03962](https://arxiv.org/abs/1811.03962).
# - S. Arora and others, *On exact computation with an infinitely wide neural net*, NeurIPS 2019, [arXiv:1904.11955](https://arxiv.org/abs/1904.11955).
