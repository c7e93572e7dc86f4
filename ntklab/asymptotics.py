"""The lecture's closed forms (12)-(17): as printed, and as corrected.

Write K for the kernel (11). K'' = -δ/π + S with the continuous remainder
S(θ) = (2 sin θ - (π-θ) cos θ)/4π, so an eigenfunction obeys exactly

    λ f'' = -p f/π + ∫ S(x-z) p(z) f(z) dz.

The lecture's lemma (14) drops the integral. It is smaller than the first term by 1/q², which
makes (14) asymptotic; what (14) leaves is Hill's equation f'' = -μ p f with μ = 1/(πλ) and
periodic f and f', and *its* eigenvalues are the right first term (`hill_eigenvalues`). They equal
the lecture's q²/Z² only where √p has no jumps to reflect the wave.
"""

import numpy as np

from ntklab._arguments import LARGEST, instance_of, positive, whole_number, whole_numbers
from ntklab.densities import CircleDensity, PiecewiseConstant
from ntklab.fredholm import eigenvalues, quadrature
from ntklab.kernels import DEEPEST, ZonalKernel
from ntklab.spectrum import Spectrum


def eigenvalue_printed(q, Z):
    """λ_q by equation (17), as the slide prints it.

    Z²(1/2π² + 1/8) at q = 0, Z²(1/π² + 1/8) at q = 1, then Z²(q²+1)/(π²(q²-1)²) for even q and
    Z²/(π²q²) for odd q.

    Notes
    -----
    Wrong by a factor that depends on q already under the uniform density (Z² = 1/2π):
    too small by 2π at q = 0 and by π at q >= 1.
    """
    q, Z = _frequencies(q), positive("Z", Z)
    with np.errstate(divide="ignore"):
        even = (q**2 + 1) / (np.pi**2 * (q**2 - 1) ** 2)
        odd = 1 / (np.pi**2 * q**2)
    zero, one = 1 / (2 * np.pi**2) + 1 / 8, 1 / np.pi**2 + 1 / 8
    return Z**2 * np.select([q == 0, q == 1, q % 2 == 0], [zero, one, even], odd)


def eigenvalue_corrected(q, Z):
    """λ_q ≈ Z²/(πq²) for q >= 1, each q twice: what 1/√(πλ) = q/Z in (15), (16) implies.

    Asymptotic: the relative error falls like 1/q. Infinite at q = 0, where it says nothing.
    """
    q, Z = _frequencies(q), positive("Z", Z)
    with np.errstate(divide="ignore"):
        return Z**2 / (np.pi * q**2)


def local_frequency(q, density):
    """q√p_j/Z in every region j of a piecewise-constant p, shape (len(q), l); equation (13)."""
    instance_of("density", density, PiecewiseConstant)
    roots = np.sqrt([density.pdf(r.points(1))[0] for r in density.regions])
    return np.multiply.outer(np.atleast_1d(_frequencies(q)), roots) / density.Z


def effective_frequency(spectrum, density):
    """Z/√(πλ_i), shape (k,): the q for which Z²/(πq²) would be the eigenvalue; no integer."""
    instance_of("spectrum", spectrum, Spectrum)
    instance_of("density", density, CircleDensity)
    return density.Z / np.sqrt(np.pi * spectrum.eigenvalues)


def pair_ratios(spectrum, density):
    """λ πq²/Z² for the two eigenvalues of each q = 1, 2, …, shape (q_max, 2); 1 if (16) were exact.

    Eigenvalue 0 belongs to q = 0, eigenvalues 2q - 1 and 2q to q.
    """
    instance_of("spectrum", spectrum, Spectrum)
    instance_of("density", density, CircleDensity)
    pairs = spectrum.eigenvalues[1 : 1 + (len(spectrum) - 1) // 2 * 2].reshape(-1, 2)
    q = np.arange(1, len(pairs) + 1)
    return pairs / eigenvalue_corrected(q, density.Z)[:, None]


def law_residuals(spectrum, density, highest=96):
    """Residuals of every eigenfunction in (14) and in the exact sixth-order law.

    With D = d/dx and g = pf the two laws are

        (14):   πλ D² f = -g
        exact:  4πλ D²(D²+1)² f = -2(2D⁴+D²+1) g + 2(3D²+1) g(·+π).

    On the circle each is an identity between Fourier coefficients, which are integrals: no
    derivative of the piecewise smooth f is ever taken.

    Parameters
    ----------
    spectrum : Spectrum
        Of the two-layer kernel with bias at c = 1/4π, from `fredholm.solve`.
    density : CircleDensity
    highest : int
        Fourier modes |n| <= highest are compared.

    Returns
    -------
    second_order, exact : ndarray, shape (k,)
        Norm of the sum of the law's terms over the sum of their norms, 0 for a law that holds, 1
        at most. The exact law is divided by 1 + n⁴ first, so that all modes count alike.
    """
    instance_of("spectrum", spectrum, Spectrum)
    instance_of("density", density, CircleDensity)
    n = np.arange(whole_number("highest", highest, at_least=1, at_most=10**4) + 1.0)[:, None]
    steepest = len(spectrum) * np.sqrt(density.pdf(spectrum.points).max()) / density.Z
    x, w = quadrature(density, highest + steepest)
    waves = np.exp(-1j * n * x) * w
    f = spectrum(x)
    f_hat, g_hat = waves @ f, waves @ (density.pdf(x)[:, None] * f)
    lam, opposite = spectrum.eigenvalues, (-1.0) ** n  # g(x + π) has coefficients (-1)^n ĝ_n

    def relative(*terms):
        scale = sum(np.linalg.norm(term, axis=0) for term in terms)
        return np.linalg.norm(sum(terms), axis=0) / scale

    second_order = relative(-np.pi * lam * n**2 * f_hat, g_hat)
    exact = relative(
        -4 * np.pi * lam * n**2 * (1 - n**2) ** 2 / (1 + n**4) * f_hat,
        2 * (2 * n**4 - n**2 + 1) / (1 + n**4) * g_hat,
        -2 * (1 - 3 * n**2) / (1 + n**4) * opposite * g_hat,
    )
    return second_order, exact


def hill_eigenvalues(density, count):
    """λ = 1/(πμ) for the `count` largest λ of Hill's problem f'' = -μ p f, f and f' periodic.

    μ = 0 (constant f) is left out. A mean-free right-hand side has the periodic solution
    λ f = G * (pf) + constant, with

        G(θ) = Σ_{q>=1} cos(qθ)/(π²q²) = ((π-θ)²/4 - π²/12)/π²,

    and ∫ pf = 0; so the λ are the eigenvalues of the operator with kernel G and density p,
    compressed to the functions with ∫ pf = 0: `fredholm` on another kernel. The pair of the
    lecture's q is split by the reflections at the jumps of √p (Kronig and Penney).

    Parameters
    ----------
    density : CircleDensity
        It may vanish on arcs: there f is straight.
    count : int

    Returns
    -------
    ndarray, shape (count,), descending

    Notes
    -----
    For the tangent kernel λ_i/λ_i(Hill) - 1 falls like 1/q², the square of the 1/q that separates
    λ_i from Z²/(πq²).
    """
    count = whole_number("count", count, at_least=1, at_most=2000)
    return eigenvalues(_Hill(), density, count, mean_free=True)


def antipodal_hill_eigenvalues(density, count):
    r"""The `count` largest λ of f''(x) + (3/2)(f(x) + f(x+π)) = -p(x) f(x)/(πλ), periodic f.

    The kernel (11) multiplies the frequency q by 2πλ_q = 1/(πq²) at odd q and by

        (q²+1)/(π(q²-1)²) = 1/(π(q² - 3 + 4/(q²+1)))

    at even q. Drop 4/(q²+1): 1/(π(q²-3)), the multiplier of -(D² + 3E)/π inverted, where
    E f = (f(x) + f(x+π))/2 is the projection on even q. Hill's equation drops the 3, too. What is
    neglected is 4/q⁴ of the whole, so λ_i is met to about q⁻⁴, and exactly under the uniform
    density at odd q >= 3. The λ are the eigenvalues of the operator with the law's own kernel

        G(θ) = 1/8 - θ/4π - cos(√3(π/2-θ))/(4√3 π sin(√3π/2)).

    Parameters
    ----------
    density : CircleDensity
    count : int

    Returns
    -------
    ndarray, shape (count,), descending
        Item i belongs to λ_{i+1}: under the law q = 0, whose λ is negative, is left out.

    Notes
    -----
    Measured for equal pieces 1:2:4: relative error 5e-4 at q = 10 (Hill 2e-2), 2e-5 at q = 20.
    """
    count = whole_number("count", count, at_least=1, at_most=2000)
    return eigenvalues(_AntipodalHill(), density, count)


class _Hill(ZonalKernel):
    def _profile(self, theta):
        return ((np.pi - theta) ** 2 / 4 - np.pi**2 / 12) / np.pi**2


class _AntipodalHill(ZonalKernel):
    def _profile(self, theta):
        wave = np.cos(np.sqrt(3) * (np.pi / 2 - theta)) / np.sin(np.sqrt(3) * np.pi / 2)
        return 1 / 8 - theta / (4 * np.pi) - wave / (4 * np.sqrt(3) * np.pi)


def end_slopes(hidden_layers):
    r"""(k'(0+), k'(π-)) of `DeepNTK(hidden_layers)`: ReLU, no bias, all layers trained.

    With ρ_h = Σ⁽ʰ⁾ at opposite points, ρ_1 = 0 and ρ_{h+1} = κ_1(ρ_h),

        k'(0+) = -L(L+1)/2π,    k'(π-) = (1/π) ∏_{h=1}^{L-1} κ_0(ρ_h),

    where κ_0(ρ) = 1 - arccos(ρ)/π and κ_1(ρ) = (√(1-ρ²) + ρ(π - arccos ρ))/π.

    Notes
    -----
    By Θ⁽ᴸ⁾ = Σ⁽ᴸ⁾ + Θ⁽ᴸ⁻¹⁾ κ_0(Σ⁽ᴸ⁻¹⁾) with Θ⁽ʰ⁾(0) = h+1: near θ = 0 every Σ is flat and each κ_0
    falls like θ/π, so the slopes of all layers add up; near π Σ is flat from the first hidden
    layer on, so the slope 1/π of the two-layer kernel is only passed on, κ_0 < 1 at a time.
    """
    L = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
    slope, rho = 1 / np.pi, 0.0
    for _ in range(L - 1):
        angle = np.arccos(rho)  # rho stays in [0, 1), away from where arccos loses digits
        slope *= 1 - angle / np.pi
        rho = (np.sqrt(1 - rho**2) + rho * (np.pi - angle)) / np.pi
    return -L * (L + 1) / (2 * np.pi), slope


def deep_eigenvalue(q, hidden_layers):
    """λ_q ≈ (k'(π-)(-1)^q - k'(0+))/(πq²) under the uniform density, see `end_slopes`.

    Asymptotic: two partial integrations of (1/π) ∫_0^π k(θ) cos qθ dθ; what is left falls
    like q⁻⁴: the relative error times q² tends to 5.00, 5.25, 4.80, -7.53 at L = 1, 2, 3, 10. Even
    and odd frequencies differ, by less and less with every layer.
    """
    q = _frequencies(q)
    near, far = end_slopes(hidden_layers)
    with np.errstate(divide="ignore"):
        return (far * (-1.0) ** (q % 2) - near) / (np.pi * q**2)


def _frequencies(q):
    return np.minimum(whole_numbers("q", q), LARGEST)  # whose fourth power is a number still
