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
# **Needs:** lecture 2 (the two-layer kernel), eigenvalues of symmetric matrices, Fourier series.
# **Time:** about 60 minutes, plus 40 for the assignment.
# **Look up:** [notation](_site/notation.md), [glossary](_site/glossary.md).
#
# A wide network trained by gradient descent learns the component of its target along eigenvector
# $v_i$ at a speed proportional to the eigenvalue $\lambda_i$. With uniform data the eigenvectors
# are sines and cosines. Data are never uniform. **What takes the place of the sines, and how fast
# is each of them learned?**
#
# After this lecture you can
#
# - turn an $n \times n$ kernel matrix into an integral equation, and say how far the two are apart;
# - explain why an eigenfunction oscillates like $\sqrt{p}$, from one derivative of the kernel;
# - predict eigenvalues by $Z^2/\pi q^2$ and say how good that is;
# - tell which formulas of the original lecture hold, which only in a limit, which not at all.

# %% [markdown]
# ## The picture
#
# Three thirds of a circle hold data in the proportion 1 : 2 : 4. Here are the density, the
# eigenvalues of the two-layer tangent kernel under it, and one eigenfunction.

# %%
import numpy as np

from ntklab import asymptotics, claims, experiments, figures, fredholm, gram
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.explorers import eigenfunctions, eigenfunctions_sampled
from ntklab.kernels import TwoLayerNTK

figures.show(eigenfunctions.draw(eigenfunctions.compute(eigenfunction=15)))

# %% [markdown]
# Where data are dense the wave is short and low, where they are sparse it is long and tall. Move
# the weights yourself; then choose the smooth bumps, where nothing jumps and the effect stays.

# %%
eigenfunctions.explorer()

# %% [markdown]
# ## From points to an integral equation
#
# Draw $x_1, \dots, x_n$ independently with density $p$. An eigenvector $v$ of the matrix
# $H^p_{ij} = k(x_i, x_j)$, divided by $n$, satisfies
#
# $$\frac1n \sum_{j=1}^n k(x_i, x_j)\, v_j = \lambda\, v_i .$$
#
# The left side is the mean of $k(x_i, x)\,f(x)$ over the data. As $n$ grows it becomes an
# expectation, and the matrix becomes an operator, equation (9):
#
# $$\int k(x, z)\, p(z)\, f(z)\, dz = \lambda f(x).$$
#
# It is a Fredholm equation of the second kind. Note that $p$ sits *inside*: the same kernel has
# other eigenfunctions for other data. On the circle, $x$ and $z$ are angles and (11) reads
#
# $$k(x, z) = \frac1{4\pi}\,(1 + \cos\theta)(\pi - \theta), \qquad
# \theta = \min_m |x - z + 2\pi m| \in [0, \pi].$$
#
# The lecture writes $|x-z|$; without the wrapping to $[0, \pi]$ the kernel would be negative for
# some neighbours across the point $\pm\pi$.

# %% [markdown]
# `fredholm.solve` solves the integral equation itself, without any sampling. Its idea: the kernel
# is smooth except at $\theta = 0$ and $\theta = \pi$. Cut the circle at the density's jumps *and
# opposite them*. On every piece everything is then analytic, and Gauss–Legendre nodes reach
# rounding error. The first six eigenvalues for 1 : 2 : 4, at two resolutions:

# %% tags=["nbval-check-output"]
kernel = TwoLayerNTK(bias=True)
p = PiecewiseConstant.equal_pieces([1, 2, 4])
spectrum = fredholm.solve(kernel, p, count=81)
finer = fredholm.solve(kernel, p, count=81, refine=2)
for i in range(6):
    print(f"λ_{i} = {spectrum.eigenvalues[i]:.12f}")
change = np.abs(spectrum.eigenvalues / finer.eigenvalues - 1).max()
print("two resolutions agree within 1e-11:", change < 1e-11)

# %% [markdown]
# ## How many points make a population?
#
# `gram.solve` takes points instead of a density and works with the exact $n \times n$ matrix, which
# it never stores: sums over sorted angles give a product with it in time proportional to $n$.
# Draw samples of growing size and measure how far their spectra are from the population's.

# %%
errors = experiments.sampling_error(p, np.random.default_rng(8), draws=20)
mean = errors.groupby("points").eigenvalue_error.agg(lambda e: np.sqrt(np.mean(e**2)))
law = experiments.fit_power(mean.index.to_numpy(), mean.to_numpy())
figures.show(figures.sampling_convergence(errors, law))

# %% [markdown]
# The distance falls like $n^{-1/2}$, the rate of any average of independent draws: to halve it,
# take four times the data. This is the first claim of the lecture that we put to the test. A
# *verdict cell* like the next states the claim, the truth, the measurement and what follows from it.

# %% tags=["nbval-check-output"]
print(claims.judge("C08", errors=errors))

# %% [markdown]
# See it for single draws. With 16 points the tenth eigenfunction is noise; find the $n$ from which
# you would trust it.

# %%
figures.show(eigenfunctions_sampled.draw(eigenfunctions_sampled.compute(points=300, eigenfunction=3)))

# %%
eigenfunctions_sampled.explorer()

# %% [markdown]
# A grid in proportion to the density does much better than random draws: most of what looks like
# an effect of finite data is an effect of *random* data.

# %% tags=["nbval-check-output"]
for n in (100, 1000, 10_000):
    on_grid = gram.solve(kernel, p.grid(n), 10).eigenvalues
    off = np.sqrt(np.mean((on_grid / spectrum.eigenvalues[:10] - 1) ** 2))
    print(f"n = {n:6d}   rms relative error: grid {off:.1e}, random {mean[n]:.1e}")

# %% [markdown]
# ## The eigenfunctions
#
# Now the gallery that the lecture shows, in descending order of the eigenvalue. Count the zeros: the
# constant-like $i = 0$ has none, and after it eigenfunctions come in pairs $i = 2q-1, 2q$ with $2q$
# zeros each. Within one picture the zeros crowd where the data do.

# %%
figures.show(
    figures.eigenfunction_gallery(p, spectrum, [0, 1, 2, 3, 4, 9, 10, 19], "density 1 : 2 : 4")
)

# %% [markdown]
# The lecture computed these from 2933 points. Our verdict compares such points with the
# population, counts zeros, and measures whether they are evenly spaced in
# $\Psi(x) = \int_{-\pi}^x \sqrt{p}$, the phase that we meet in a moment.

# %% tags=["nbval-check-output"]
print(claims.judge("C15"))

# %% [markdown]
# ## Where the square root comes from
#
# Differentiate the kernel twice in $x$. For $0 < \theta < \pi$
#
# $$k'(\theta) = -\frac{(1+\cos\theta) + (\pi-\theta)\sin\theta}{4\pi}, \qquad
# k''(\theta) = \underbrace{\frac{2\sin\theta - (\pi-\theta)\cos\theta}{4\pi}}_{S(\theta)} .$$
#
# As a function of the signed difference $x - z$, the slope jumps at $0$ from $+\tfrac1{2\pi}$ to
# $-\tfrac1{2\pi}$: a kink, whose second derivative is $-\tfrac1\pi\delta(x-z)$. At $\theta = \pi$ the
# slope is zero and nothing jumps. So, exactly,
#
# $$\lambda f''(x) = -\frac1\pi\, p(x) f(x) + \int S(x-z)\,p(z) f(z)\,dz .$$
#
# The lecture's lemma (14) is this equation **without the integral**:
#
# $$f'' = -\frac{p}{\pi\lambda}\,f . $$
#
# Why might we drop it? On a wave $\cos qx$ the kernel acts by its Fourier coefficient. For $S$ that
# is $0$ for odd $q \ge 3$ and $-\frac{3q^2-1}{\pi(q^2-1)^2} \approx -\frac{3}{\pi q^2}$ for even $q$, against
# $-\frac1\pi$ for the first term. The remainder is smaller by $3/q^2$ at most. Equation (14) is
# *asymptotic*: wrong for slow waves, better and better for fast ones.

# %% [markdown]
# How wrong? Both sides are compared through their Fourier coefficients, so no derivative of the
# computed $f$ is taken. For contrast we add the law that does hold exactly, with $D = d/dx$ and
# $g = pf$: $\;4\pi\lambda D^2(D^2+1)^2 f = -2(2D^4+D^2+1)\,g + 2(3D^2+1)\,g(\cdot+\pi)$.

# %%
residual, exact = asymptotics.law_residuals(spectrum, p, highest=160)
q = np.arange(1, 41)
figures.show(figures.lemma_residual(q, residual[2 * q], exact[2 * q]))

# %% [markdown]
# The exact law knows what happens at the opposite point $x + \pi$. A sixth-order equation stands in
# the paper too; assuming that everything but the second-order part cancels is the step that is only
# asymptotic. The uniform density with even $q$ is the simplest counter-example.

# %% tags=["nbval-check-output"]
print(claims.judge("C11"))

# %% [markdown]
# ## Solving (14), and three misprints
#
# Where $p = p_j$ is constant, (14) is a harmonic oscillator of frequency $\sqrt{p_j/\pi\lambda}$. Piece after
# piece the phase grows by $\sqrt{p_j/\pi\lambda}$ times the length, in total $\Psi(x)/\sqrt{\pi\lambda}$:
#
# $$f(x) \approx a \cos\!\left(\frac{\Psi(x)}{\sqrt{\pi\lambda}} + b\right).$$
#
# The slides (15), (16) multiply the phase once more by $x$. That factor is stray: $\Psi$ already is an
# integral over $x$.

# %% tags=["nbval-check-output"]
print(claims.judge("C12"))

# %% [markdown]
# After a full turn the wave must meet itself. With $Z = \Psi(\pi)/2\pi$ the phase grows by
# $2\pi Z/\sqrt{\pi\lambda}$ over the circle; call that $2\pi q$:
#
# $$\frac{1}{\sqrt{\pi\lambda}} = \frac{q}{Z} \qquad\Longrightarrow\qquad \lambda = \frac{Z^2}{\pi q^2} .$$
#
# The slide's (17) has $Z^2/\pi^2q^2$ instead, and other cases for $q = 0, 1$ and even $q$. Under the uniform
# density, where $Z^2 = 1/2\pi$, the integrals can be done by hand (lecture 2), so we can tell:

# %% tags=["nbval-check-output"]
orders = np.arange(7)
true = kernel.harmonic_eigenvalues(orders)
printed = asymptotics.eigenvalue_printed(orders, uniform().Z)
print(" q   true        printed (17)   true/printed")
for order, right, slide in zip(orders, true, printed, strict=True):
    print(f"{order:2d}   {right:.8f}   {slide:.8f}     {right / slide:.4f}")

# %% [markdown]
# A factor of $2\pi$ at $q = 0$ and of $\pi$ elsewhere: (17) is not even right up to scale.

# %% tags=["nbval-check-output"]
print(claims.judge("C13"))

# %% [markdown]
# ## Seven densities against the formula
#
# Is $Z^2/\pi q^2$ good for densities that are far from uniform? Here are seven, 50 000 points each, from
# uniform to a contrast of 1 : 40, with smooth ones among them. (A few seconds each: 41 eigenvalues of a
# matrix that would fill 20 GB.)

# %%
table = experiments.eigenvalue_table(points=50_000)
figures.show(figures.eigenvalue_formulas(table))

# %% [markdown]
# On the left every density has its own line, set by its $Z$ alone. On the right the ratio to (17)
# settles at $\pi$ for all of them.

# %% tags=["nbval-check-output"]
print(claims.judge("C14", table=table))

# %% [markdown]
# ## The local frequency
#
# Equation (13): in region $j$ the eigenfunctions of index $q$ have frequency $q\sqrt{p_j}/Z$. Measure it as
# the paper did, by a Fourier transform over each region. A region of length $\ell$ cannot tell
# frequencies closer than about $2\pi/\ell$; in the grey band fewer than two periods fit and the
# measurement means little.

# %%
figures.show(figures.local_frequencies(experiments.region_frequencies(p, spectrum)))

# %% [markdown]
# Three straight lines with slopes in the ratio $1 : \sqrt2 : 2$. This is the heart of the lecture: **with
# four times the data in a region the network learns twice the frequency there in the same time.**

# %% tags=["nbval-check-output"]
print(claims.judge("C16"))

# %% [markdown]
# ## What the integer $q$ hides
#
# Proposition (12) says: $q$ is an integer, and $a$, $b$ depend on $p(x)$ only. Yet $f$ and $f'$ are
# continuous. A wave that meets a jump of $\sqrt p$ is partly *reflected*, like light at glass, by
# $(\sqrt{p_1}-\sqrt{p_2})/(\sqrt{p_1}+\sqrt{p_2})$ at any frequency. What (14) really leaves is
#
# $$f'' = -\mu\, p f, \qquad f, f' \text{ periodic}, \qquad \mu = \frac1{\pi\lambda},$$
#
# Hill's equation, which Kronig and Penney solved for electrons in a crystal. Its eigenvalues come in
# pairs that *split*, and no integer $q$ makes $\mu = q^2/Z^2$ exact.

# %%
hill = asymptotics.hill_eigenvalues(p, 80)
ratios = asymptotics.pair_ratios(spectrum, p)
figures.show(figures.pair_splitting(ratios, (spectrum.eigenvalues[1:] / hill).reshape(-1, 2)))

# %% [markdown]
# Left: multiplied by $q$, the distance from $Z^2/\pi q^2$ wanders on without dying out, so the formula errs
# by about $0.2/q$. Right: Hill's eigenvalues are approached like $1/q^2$, and the splitting is theirs.
# Some pairs in figures:

# %% tags=["nbval-check-output"]
print(" q   λπq²/Z², both of a pair    λ/λ(Hill), both")
for order in (1, 3, 5, 10, 20, 40):
    pair = ratios[order - 1]
    near = spectrum.eigenvalues[2 * order - 1 : 2 * order + 1] / hill[2 * order - 2 : 2 * order]
    print(f"{order:2d}   {pair[0]:.3f}  {pair[1]:.3f}               {near[0]:.4f}  {near[1]:.4f}")

# %% [markdown]
# And the amplitude? Take four arcs of two densities, $1 : 4 : 1 : 4$, of unequal lengths. By (12) both
# sparse arcs should show the same amplitude. They do not, at any frequency: it depends on the whole
# arrangement.

# %%
arranged = claims.eigenfunctions.EQUAL_IN_TWO_PLACES
amplitudes = experiments.region_amplitudes(arranged, fredholm.solve(kernel, arranged, 161))
figures.show(figures.amplitude_clouds(arranged, amplitudes))

# %% tags=["nbval-check-output"]
print(claims.judge("C10"))

# %% [markdown]
# ## A density without jumps
#
# Where $p$ varies smoothly nothing is reflected; the wave just bends. The lecture's example is
# $p(x) = (3\cos(2x+\pi)+4.5)/9\pi$. Its pairs close quickly, and (12) with amplitude $p^{-1/4}$ is what
# textbooks call the WKB approximation.

# %%
smooth = experiments.CONTINUOUS
figures.show(
    figures.eigenfunction_gallery(
        smooth, fredholm.solve(kernel, smooth, 20), [0, 1, 2, 3, 4, 9, 10, 19], "continuous density"
    )
)

# %% tags=["nbval-check-output"]
print(claims.judge("C17"))

# %% [markdown]
# ## Exercises
#
# `exercises/03_eigenfunctions.py` lets you write the phase $\Psi$ and predict frequencies, build
# an eigen-solver of your own and find out why it disagrees with (17).
#
# ## Summary
#
# - The matrix of $n$ points tends to the operator $f \mapsto \int k\,p f$; random points cost $n^{-1/2}$.
# - The kernel's kink makes $f'' \approx -p f/\pi\lambda$: eigenfunctions are waves of frequency $q\sqrt p/Z$.
# - $\lambda \approx Z^2/\pi q^2$. The printed (17) is too small by $\pi$, and by $2\pi$ at $q = 0$.
# - Lemma (14) errs by $1/q^2$; a sixth-order law that involves the opposite point is exact.
# - Jumps of $\sqrt p$ reflect: pairs split, amplitudes depend on the arrangement, Hill's equation rules.
#
# ## Sources
#
# - R. Basri, M. Galun, A. Geifman, D. Jacobs, Y. Kasten, S. Kritchman, *Frequency bias in neural networks
#   for input of non-uniform density*, ICML 2020, [arXiv:2003.04560](https://arxiv.org/abs/2003.04560).
# - C. Williams, M. Seeger, *The effect of the input density distribution on kernel-based classifiers*,
#   ICML 2000.
# - W. Magnus, S. Winkler, *Hill's equation*, Interscience 1966.
# - R. de L. Kronig, W. Penney, *Quantum mechanics of electrons in crystal lattices*, Proc. R. Soc. A 130, 1931.
