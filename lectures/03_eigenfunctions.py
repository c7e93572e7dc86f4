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
# # Eigenfunctions when the data are not uniform
#
# **Needs:** [the two-layer kernel](02_two_layer.py); eigenvectors of symmetric matrices, Fourier series, $f'' = -\omega^2 f$ solved by $a\cos(\omega x + \beta)$.
# **Time:** about 60 minutes, plus 50 for the assignment.
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# A wide network trained by gradient descent learns the component of its target along eigenvector $v_i$ of the kernel matrix at a speed proportional to the
# eigenvalue $\lambda_i$ ([the tangent kernel](01_tangent_kernel.py)). With uniform data the eigenvectors are sines and cosines. But real data are never uniform.
# **What takes the place of sines and cosines when data are uneven, and how fast is each learned?**
#
# After this lecture you can
#
# - turn an $n \times n$ kernel matrix into an integral equation, and say how far the two are apart;
# - explain from a kink of the kernel how fast an eigenfunction oscillates, and where;
# - predict eigenvalues by three laws, each with the size of its error, and tell which formulas of the lecture hold.
#
# ## The picture
#
# Three thirds of a circle hold data in the proportion 1 : 2 : 4. The *density* $p(x)$ is the share of the data per radian at the angle $x$; $v_{19}$ is the
# eigenfunction that is the twentieth to be learned.
#
# **Predict:** where does $v_{19}$ oscillate fastest, by which factor from the sparsest to the densest third, and where is it tallest?
#
# <details><summary>Answer</summary>
#
# Fastest where data are dense: four times the data, *twice* the frequency. That is a law; a kink of the kernel will explain it. Tallest where they are
# sparse, amplitudes 1.55, 1.48, 1.34: only a tendency. Of the eigenfunctions 5 to 160 three are taller in the densest third than in the sparsest.
# </details>

# %%
import numpy as np

from ntklab import asymptotics, claims, experiments, figures, fredholm, gram
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.explorers import eigenfunctions, eigenfunctions_sampled
from ntklab.figures import eigenfunctions as pictures
from ntklab.kernels import TwoLayerNTK

figures.show(eigenfunctions.draw(eigenfunctions.compute(eigenfunction=19)))

# %% [markdown]
# Two numbers above the picture will return: $Z = \frac1{2\pi}\int\sqrt p$, the mean of $\sqrt p$ over the circle, and (in the next lecture) the least density $p^*$.
# Apart from the first, number 0, eigenvalues come in pairs: numbers $2q - 1$ and $2q$ for $q = 1, 2, \dots$ Under uniform data $q$ is the frequency $\kappa$.
#
# **Try:** give the left third the weight 40: what happens to the wave there, and to $Z$? Set all weights to 1: where do the pairs go? Choose the smooth bumps: what
# stays although nothing jumps any more?
#
# <details><summary>What you should have seen</summary>
#
# Most of the waves move into the left third, and $Z$ falls, since the mean of the roots is largest when all densities are equal. · The two of a pair fall on one
# point: cosine and sine have the same eigenvalue. · Everything but the corners: fast and low where data are dense.
# </details>

# %%
eigenfunctions.explorer()

# %% [markdown]
# ## From points to an integral equation
#
# Draw $x_1, \dots, x_n$ independently with density $p$, and let $H^p_{ij} = k(x_i, x_j)$. That $v$ is an eigenvector of $H^p/n$ means
#
# $$\frac1n \sum_{j=1}^n k(x_i, x_j)\, v_j = \lambda\, v_i .$$
#
# Read $v_i$ as the value $f(x_i)$ of a function. Then the left side is a mean over the data; as $n$ grows it becomes an expectation, and the matrix an operator:
#
# $$\int k(x, z)\, p(z)\, f(z)\, dz = \lambda f(x). \tag{9}$$
#
# (A *Fredholm equation of the second kind*: the unknown $f$ appears both under the integral and outside it.) The density is *inside* the integral, so **the same kernel
# has other eigenfunctions for other data.** On the circle $x$ and $z$ are angles, and
#
# $$k(x, z) = \frac1{4\pi}\,(\cos\theta + 1)(\pi - \theta), \qquad \theta = |x - z| \text{ wrapped to } [0, \pi] . \tag{11}$$
#
# ([The two-layer kernel](02_two_layer.py) shows why $\theta$ has to be wrapped.) Below, by hand from a thousand points that follow $p$, and by the package, which solves
# (9) itself: it cuts the circle where $p$ jumps and opposite to it, so that each piece is smooth, and integrates there up to rounding. Each of its eigenvalues comes
# with a bound on the error (from $\|Tf - \lambda f\|$, with $T$ the operator in (9)).

# %% tags=["nbval-check-output"]
kernel, p = TwoLayerNTK(bias=True), PiecewiseConstant.equal_pieces([1, 2, 4])
x = p.grid(1000)
theta = np.abs((x[:, None] - x + np.pi) % (2 * np.pi) - np.pi)
K = (np.cos(theta) + 1) * (np.pi - theta) / (4 * np.pi)
by_hand = np.linalg.eigvalsh(K / len(x))[::-1]
spectrum = fredholm.solve(kernel, p, count=161)
for i in range(6):
    bound = np.ceil(np.log10(spectrum.errors[i]))
    print(f"λ_{i} = {spectrum.eigenvalues[i]:.12f}, off by less than 10^{bound:.0f};",
          f"1000 points {by_hand[i]:.6f}, off by {by_hand[i] / spectrum.eigenvalues[i] - 1:.0e}")

# %% [markdown]
# A thousand points give six digits of the first two eigenvalues and about five of the next ones: the faster the wave, the fewer points to a period.
#
# <details><summary>What is known of the eigenfunctions? And do you trust a bound that was computed with rounding errors?</summary>
#
# They come with bounds as well. Under uniform data that of $v_1$ is $\sqrt2$, the distance of two orthogonal functions of length 1: *nothing* is known of it, and
# rightly so. $\cos x$, $\sin x$ and all their mixtures share one eigenvalue; only their span is determined. · `ntklab certify 1 2 4 --count 2` (it needs
# `pip install "ntklab[certify]"`) computes with intervals instead of numbers, so that rounding is part of the proof. It prints
# `λ_0 in (0.219781771975521, 0.219781771975741)` and `λ_1 in (0.110995955158799, 0.11099595515891)`, and proves by counting that no eigenvalue is missing.
# </details>
#
# ## How many points make a population?
#
# Above, the points stood on a grid that follows $p$. Real data are drawn at random.
#
# **Predict:** how does the error of the eigenvalues fall with $n$ for random points? And which is better, 1000 random points or 100 on a grid?
#
# <details><summary>Answer</summary>
#
# Like $n^{-1/2}$, as any average of independent draws: half the error costs four times the data. A hundred points on a grid are better: there the mean over the
# data is an integration rule, whose error falls like $n^{-2}$. Most of what looks like an effect of *finite* data is one of *random* data.
# </details>

# %%
errors = experiments.sampling_error(p, np.random.default_rng(8), draws=20)
sizes, mean = experiments.rms(errors, "eigenvalue_error", by="points")
figures.show(pictures.sampling_convergence(errors, experiments.fit_power(sizes, mean)))

# %% [markdown]
# Dots are single draws, lines their root mean square: it falls like $n^{-1/2}$, for eigenvalues and eigenfunctions alike. And grids?

# %% tags=["nbval-check-output"]
for n, random in zip(sizes[::2], mean[::2], strict=True):
    on_grid = gram.solve(kernel, p.grid(int(n)), 10).eigenvalues
    off = np.sqrt(np.mean((on_grid / spectrum.eigenvalues[:10] - 1) ** 2))
    print(f"n = {n:6.0f}   rms relative error: grid {off:.1e}, random {random:.1e}")

# %% [markdown]
# Ten times as many points: a hundredth of the error on a grid, a third of it at random. A hundred on a grid (4.2e-03) do beat a thousand random ones (3.3e-02).
#
# **Try** single draws: from which $n$ would you trust the tenth eigenfunction ($i = 9$)? And do the eigenvalues of one draw scatter independently about the truth?
#
# <details><summary>What you should have seen</summary>
#
# With 16 points it is noise, with 1000 its shape is right, with 10 000 the curves nearly coincide. · No: too many points in one third move several eigenvalues together.
# </details>

# %%
eigenfunctions_sampled.explorer()

# %% [markdown]
# ## The eigenfunctions
#
# Here they are in descending order of the eigenvalue. Count zeros: the first has none, then come pairs $i = 2q-1, 2q$ with $2q$ zeros each. The zeros crowd where
# data are dense, but less than the data: four times the data, twice the zeros. They are evenly spaced not in $x$ but in $\int\sqrt p$. Where does the root come from?

# %%
figures.show(pictures.eigenfunction_gallery(p, spectrum, [0, 1, 2, 3, 4, 9, 19], "density 1 : 2 : 4"))

# %% [markdown]
# ## Where the square root comes from
#
# An oscillation obeys a differential equation, so let us make one out of (9): differentiate the kernel twice. For $0 < \theta < \pi$
#
# $$k'(\theta) = -\frac{(1+\cos\theta) + (\pi-\theta)\sin\theta}{4\pi}, \qquad k''(\theta) = \frac{2\sin\theta - (\pi-\theta)\cos\theta}{4\pi} =: \tilde k(\theta) .$$
#
# But as a function of the signed difference $x - z$ the slope *jumps* at 0, from $+\tfrac1{2\pi}$ to $-\tfrac1{2\pi}$: a kink. The derivative of a jump is a spike,
# Dirac's $\delta$, here with weight $-\frac1\pi$; it picks out the value at one point, $\int\delta(x-z)\,h(z)\,dz = h(x)$. At $\theta = \pi$ the slope is zero and
# nothing jumps. So (9), differentiated twice by $x$, says exactly
#
# $$\lambda f''(x) = -\frac1\pi\, p(x) f(x) + \int \tilde k(x-z)\,p(z) f(z)\,dz .$$
#
# The spike is *local*: of all the data it sees only those at $x$. The lecture's lemma is this equation **without the integral**:
#
# $$f''(x) = -\frac{p(x)}{\pi\lambda}\,f(x) . \tag{14}$$
#
# It is an oscillator, $f'' = -\omega^2 f$, of frequency $\omega = \sqrt{p(x)/\pi\lambda}$. There is the square root.
#
# **Predict:** for which eigenfunctions may one drop the integral, the slow ones or the fast ones?
#
# <details><summary>Answer</summary>
#
# The fast ones. $\tilde k$ is continuous, with corners at $0$ and $\pi$ and nothing worse, so it averages a fast wave away; the spike does not. Under uniform data
# $\tilde k$ multiplies $\cos qx$ by $-\frac{3q^2-1}{\pi(q^2-1)^2}$ at even $q$ and by 0 at odd $q \ge 3$, where the two corners cancel; the spike gives $-\frac1\pi$
# at every $q$. At $q = 2$ the two are as 1.22 to 1, and (14) is useless; at large $q$ they are as $3/q^2$ to 1. Under other densities $\tilde k$ acts on $pf$, which
# contains slow waves as well: there we have to measure.
# </details>
#
# Circles show what (14) leaves out, relative to its terms: it falls like $q^{-2}$. (Squares, at rounding error: a law that drops nothing. We find it below.)

# %%
residual, exact = asymptotics.law_residuals(spectrum, p, highest=160)
figures.show(pictures.lemma_residual(np.arange(1, 41), residual[2:82:2], exact[2:82:2]))

# %% tags=["nbval-check-output"]
print(claims.judge("C11"))

# %% [markdown]
# ## From the equation to the eigenvalue
#
# Where $p = p_j$ is constant, (14) turns the phase by $\sqrt{p_j/\pi\lambda}$ times the length. Add up the pieces, and forget for a moment how they meet:
#
# $$f(x) \approx a\cos\Big(\frac{\Psi(x)}{\sqrt{\pi\lambda}} + \beta\Big), \qquad \Psi(x) = \int_{-\pi}^x \sqrt{p} .$$
#
# After a full turn the wave must meet itself, so $\Psi(\pi)/\sqrt{\pi\lambda} = 2\pi q$ with an integer $q$. As $\Psi(\pi) = 2\pi Z$,
#
# $$\frac1{\sqrt{\pi\lambda}} = \frac qZ \qquad\Longrightarrow\qquad \lambda \approx \frac{Z^2}{\pi q^2} .$$
#
# <details><summary>A misprint in (15) and (16)</summary>
#
# The slides multiply the phase once more by $x$ ($b$ is a phase here), in (15) as $A e^{i\Psi x/\sqrt{\pi\lambda}} + B e^{-i\Psi x/\sqrt{\pi\lambda}}$, in (16) as
# $f(x) = a(p(x))\cos\big(\frac{\Psi(x)}{\sqrt{\pi\lambda}}\,x + b(p(x))\big)$. That factor is stray: $\Psi$ already is an integral over $x$.
# </details>
#
# The slide about eigenvalues has other constants:
#
# $$\lambda = \begin{cases} Z^2\big(\frac1{2\pi^2}+\frac18\big) & q = 0\\ Z^2\big(\frac1{\pi^2}+\frac18\big) & q = 1\\
# \frac{Z^2(q^2+1)}{\pi^2(q^2-1)^2} & q \ge 2 \text{ even}\\ \frac{Z^2}{\pi^2q^2} & q \ge 2 \text{ odd.}\end{cases} \tag{17}$$
#
# Under the uniform density, where $Z^2 = 1/2\pi$, the integrals can be done by hand, so we can tell:

# %% tags=["nbval-check-output"]
print(" q   true        printed (17)   true/printed")
for order in range(5):
    right, slide = kernel.harmonic_eigenvalues(order), asymptotics.eigenvalue_printed(order, uniform().Z)
    print(f"{order:2d}   {right:.8f}   {slide:.8f}     {right / slide:.4f}")

# %% [markdown]
# A factor of $2\pi$ at $q = 0$, of $\pi$ elsewhere: (17) is not even right up to scale. And far from uniform? For seven densities, 50 000 points each, the
# eigenvalues over our formula should tend to 1 (left), over (17) to $\pi$ (right):

# %%
table = experiments.eigenvalue_table(points=50_000)
figures.show(pictures.eigenvalue_formulas(table))

# %% [markdown]
# From $q = 10$ to 20 all seven are within 6.1 % of the line, on the left of 1, on the right of $\pi$; at $q = 1$ and 2 a formula for large $q$ has nothing to say.
#
# ## The local frequency
#
# Now the functions. In region $j$ the wave has the frequency $\sqrt{p_j/\pi\lambda} = q\sqrt{p_j}/Z$, as in
#
# $$f(x) = a_j\cos\Big(\frac{q\sqrt{p_j}\,x}{Z} + b_j\Big), \qquad x \in R_j . \tag{13}$$
#
# It can be measured by a Fourier transform over each region. (In the grey band fewer than two periods fit: too few to measure.)

# %%
figures.show(pictures.local_frequencies(experiments.region_frequencies(p, fredholm.solve(kernel, p, 81))))

# %% [markdown]
# Markers lie on lines, with slopes $1 : \sqrt2 : 2$. This is the heart of the lecture: **with four times the data in a region the network learns twice the frequency
# in the same time.**
#
# ## What the integer $q$ hides
#
# The lecture's proposition goes further: for piecewise constant $p$
#
# $$f(x) = a(p(x))\,\cos\Big(\frac qZ\Psi(x) + b(p(x))\Big), \qquad q \text{ an integer}, \tag{12}$$
#
# so one amplitude and one phase for each *value* of $p$. But $f$ and $f'$ are continuous, and that ties the pieces together. A string shows how: one of tension 1 and mass $p$
# per unit length that vibrates like $f(x)\cos\nu t$ obeys (14), with $\nu^2 = 1/\pi\lambda$. So send a pulse along such a string, from density 1 into density 4.
#
# **Predict:** what happens at the jump? Does it depend on the width of the pulse, that is on its frequencies?
#
# <details><summary>Answer</summary>
#
# A part $\frac{\sqrt{p_1}-\sqrt{p_2}}{\sqrt{p_1}+\sqrt{p_2}} = -\frac13$ is *reflected*, like light by glass, and $\frac23$ passes on. Then the heights meet,
# $1 - \frac13 = \frac23$, and so do the slopes, which go like $\sqrt p$ and change sign in a wave that runs back: $1 + \frac13 = \sqrt4\cdot\frac23$. There is no
# frequency in this: however fast the wave, a jump of $\sqrt p$ throws a part of it back.
# </details>

# %%
figures.show(pictures.reflection(experiments.reflection(light=1.0, heavy=4.0)))

# %% [markdown]
# An eigenfunction is the sum of all waves that run to and fro between the jumps; how they add up depends on all the lengths. Take arcs of densities 1 : 4 : 1 : 4 and
# of unequal lengths. By (12) the sparse ones (in colour) should show one amplitude; below, the ratio of their amplitudes for all eigenfunctions, which should be 1:

# %%
arranged = claims.eigenfunctions.EQUAL_IN_TWO_PLACES
waves = fredholm.solve(kernel, arranged, 161)
figures.show(pictures.equal_densities(arranged, waves, 26, experiments.region_amplitudes(arranged, waves)))

# %% tags=["nbval-check-output"]
print(claims.judge("C10"))

# %% [markdown]
# ## A sharper law
#
# The ratio is not 1, and does not tend to it: beyond $q = 20$ it is still off by up to a factor of 1.93. So (14) has to be taken as it is, reflections and all:
# $f'' = -pf/\pi\lambda$ with $f$ and $f'$ periodic. This is *Hill's equation*, which Kronig and Penney solved for electrons in a crystal. The two eigenvalues of a
# pair *split*, and no integer $q$ makes $\lambda = Z^2/\pi q^2$ exact.
#
# We can do better, if we read (9) wave by wave. The kernel takes a wave of frequency $q$ out of $pf$, multiplies it by $k_q = \int K(\theta)\cos q\theta\,d\theta$,
# and gets $\lambda$ times the wave of that frequency in $f$. These numbers are [known](02_two_layer.py): $\frac1{\pi q^2}$ at odd $q \ge 3$ and $\frac{q^2+1}{\pi(q^2-1)^2}$ at even
# $q$. Read backwards: to get the waves of $pf/\pi\lambda$, multiply those of $f$ by
#
# $$\frac1{\pi k_q} = q^2 \;\text{ at odd } q \ge 3, \qquad \frac1{\pi k_q} = \frac{(q^2-1)^2}{q^2+1} = q^2 - 3 + \frac4{q^2+1} \;\text{ at even } q \ge 2 .$$
#
# (0 and 1 have numbers of their own.) To multiply by $q^2$ is to take $-f''$. So Hill's equation keeps $q^2$ and drops the rest. Now keep the 3 as well, and drop
# only $4/(q^2+1)$. The 3 belongs to even waves, and $\frac12\big(f(x) + f(x+\pi)\big)$ picks these out, for odd ones change sign at the opposite point. That is one
# term more than (14), and this course's own law (the lecture and its paper do not have it):
#
# $$f''(x) + \tfrac32\big(f(x) + f(x+\pi)\big) = -\frac{p(x)}{\pi\lambda}\,f(x) .$$
#
# <details><summary>And if nothing is dropped? (the squares above)</summary>
#
# Multiply $k_q$ by $\pi q^2(q^2-1)^2$: that gives $q^4 + q^2$ at even and $q^4 - 2q^2 + 1$ at odd $q$, in one formula
# $\frac12(2q^4 - q^2 + 1) + (-1)^q\,\frac12(3q^2 - 1)$, and 0 at $q = 0$ and 1, as it must. Read $-q^2$ as $D^2$, with $D = d/dx$, and $(-1)^q$ as a shift by $\pi$:
#
# $$4\pi\lambda\, D^2(D^2+1)^2 f = -2\,(2D^4+D^2+1)\,(pf)(x) + 2\,(3D^2+1)\,(pf)(x+\pi) .$$
#
# It is exact, at the price of six derivatives. (The paper takes six, too, but then assumes that all but the second-order part cancels.)
# </details>
#
# **Predict:** the distance of the eigenvalues falls like $q^{-2}$ for Hill's equation. And for this law?
#
# <details><summary>Answer</summary>
#
# What is dropped is $\frac4{q^2+1}$ beside $q^2$: like $q^{-4}$. (At slow waves more is dropped, but an eigenfunction holds only some $1/q$ of these, whose square is $q^{-2}$.)
# </details>

# %%
ratios, true = asymptotics.pair_ratios(spectrum, p), spectrum.eigenvalues[1:]
hill = (true / asymptotics.hill_eigenvalues(p, 160)).reshape(-1, 2)
opposite = (true / asymptotics.antipodal_hill_eigenvalues(p, 160)).reshape(-1, 2)
figures.show(pictures.pair_splitting(ratios, hill, opposite))

# %% tags=["nbval-check-output"]
print("off by, at q =   ", "  ".join(f"{q:7d}" for q in (3, 5, 10, 20, 40, 80)))
for name, values in {"Z²/πq²": ratios, "Hill": hill, "opposite point": opposite}.items():
    off = np.abs(values - 1).max(axis=1)
    told = "  ".join(f"{off[q - 1]:.1e}" for q in (3, 5, 10, 20, 40, 80))
    print(f"{name:16s} ", told)

# %% [markdown]
# From $q = 20$ to 80 Hill's row falls by $17 \approx 4^2$, the last one by $270 \approx 4^4$. The first row is a matter of luck: a jump throws back the same part of
# every wave, which shifts $q$ by up to 0.1, depending on how the waves happen to fit. So, once $3/q^2$ is small, $Z^2/\pi q^2$ remains off by up to about $0.2/q$, however large $q$.
#
# ## A density without jumps
#
# Where $p$ varies smoothly hardly anything is reflected, and the pairs close quickly. A wave on a string then carries the same energy past every point, amplitude
# squared times $\sqrt p$, so that the amplitude goes like $p^{-1/4}$: at last a function of $p$ alone, as (12) says. Here is $p(x) = (3\cos(2x+\pi)+4.5)/9\pi$:

# %%
bent = fredholm.solve(kernel, experiments.CONTINUOUS, 20)
figures.show(pictures.eigenfunction_gallery(experiments.CONTINUOUS, bent, [0, 1, 4, 9, 19]))

# %% [markdown]
# Fast and low where data are dense, slow and tall where they are sparse. In $i = 19$ crests go from 1.27 to 1.78, but times $p^{1/4}$ all of them lie between 0.90 and 0.91.
# (The lecture's other claims, measured, for those who need the details:)

# %% tags=["nbval-check-output", "hide-output"]
print(claims.judge("C08", errors=errors))
print(claims.judge("C14", table=table))
for claim in ("C12", "C13", "C15", "C16", "C17", "C30"):
    print(claims.judge(claim))

# %% [markdown]
# ## Your turn
#
# Under the uniform density $\cos qx$ is an eigenfunction with $p/\pi\lambda = \frac{(q^2-1)^2}{q^2+1}$ at even $q$ and $q^2$ at odd $q \ge 3$. Put $\cos 2x$ and
# $\cos 3x$ into (14) and into the sharper law. Which equation holds for which wave, and by how much does the other fail?
#
# <details><summary>Solution</summary>
#
# $\cos 3x$ changes sign at $x+\pi$, so both laws say $-9f = -9f$: exact. For $\cos 2x$ (14) says $-4f = -1.8f$, off by 2.2; the sharper law says
# $-4f + 3f = -1.8f$, off by 0.8, the dropped $\frac4{q^2+1}$. At $q = 10$: $p/\pi\lambda = 97.04$; (14) has 100, the sharper law 97.
# </details>
#
# Then `exercises/03_eigenfunctions.py` lets you predict the frequency on every arc, test (17) under the uniform density, and turn the operator into a matrix.
#
# ## Summary
#
# 1. The matrix of $n$ points tends to the operator $f \mapsto \int k\,p f$, with an error like $n^{-1/2}$ for random points, $n^{-2}$ for a grid.
# 2. The kernel's kink makes $f'' \approx -p f/\pi\lambda$: eigenfunctions are waves of local frequency $q\sqrt p/Z$.
# 3. $\lambda \approx Z^2/\pi q^2$. The printed (17) is too small by $\pi$, and by $2\pi$ at $q = 0$.
# 4. Jumps of $\sqrt p$ reflect: pairs split by some $1/q$, amplitudes depend on the arrangement, Hill's equation holds up to $q^{-2}$.
# 5. With the opposite point, $f'' + \frac32(f + f(\cdot+\pi)) = -pf/\pi\lambda$, the error falls to $q^{-4}$; a law of sixth order is exact.
#
# Three questions that use the whole lecture:
#
# - Half of the circle loses all of its data, the other half gets them. What do the frequencies there, and $\lambda$ at fixed $q$, do?
# - A kernel has no kink at 0 but is smooth there. What happens to $\sqrt p$, and to $q^{-2}$?
# - You find two eigenvalues that agree to five digits. What do you know about their eigenfunctions, and about the density?
#
# <details><summary>Answers</summary>
#
# $p$ is $1/\pi$ on half of the circle, so $Z = \frac12\sqrt{1/\pi}$, smaller than $\sqrt{1/2\pi}$ by $\sqrt2$: the local frequency $q\sqrt p/Z$ is $2q$ in the limit (an empty half reflects everything: it is $2q$ for one of a pair, nearly $2q - 1$ for the other; the same
# number of waves on half the length), and $\lambda$ halves. · Without a spike (9) is not local: no $\sqrt p$ law of this kind, and eigenvalues fall faster than
# $q^{-2}$ (compare [what depth changes](06_depth.py)). · Of the functions hardly more than their span; of the density that its reflections nearly cancel here.
# </details>
#
# ## Sources
#
# - R. Basri and others, *Frequency bias in neural networks for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
# - C. Williams, M. Seeger, *The effect of the input density distribution on kernel-based classifiers*, ICML 2000; W. Magnus, S. Winkler, *Hill's equation*, 1966.
