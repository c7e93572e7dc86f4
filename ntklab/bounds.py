r"""The theorem's own bounds (C19, C20): every step as printed, as corrected, and a shorter proof.

Setting: target g(x) = cos κx, κ >= 1 whole; eigenpairs λ_i, v_i of T, orthonormal in L²(p);
gradient descent from u = 0 with the mean loss's learning rate η. The lecture counts i = 1, 2, 3, …
and gives v_i the frequency q_i = ⌊i/2⌋: q = 0 once, every other q twice. `n` below is a number of
modes in this count; λ_n is `eigenvalues[n - 1]`. The norm is that of L²(p), ‖f‖² = ∫f²p: ‖g‖ <= 1.

**As printed.** Over an arc where p = p_j and v_i = a_j cos(q_ij x + b_j), q_ij = q_i√p_j/Z,

    |∫_{R_j} cos κx cos(q_ij x + b) dx| <= 1/(q_ij-κ) + 1/(q_ij+κ) = 2q_ij/(q_ij² - κ²) <= 8/(3q_ij)

where q_ij >= 2κ: the 8/3 is right. So |g_i| <= 8BZ/(3q_i√p*) with B = Σ_j a_j p_j. Then

    Σ_{i>n} g_i² <= (8BZ/3√p*)² Σ_{i>n} 1/q_i²,    Σ_{i>n} 1/q_i² < 1/q_n            (false: ×2)
    Δ² = Σ_{i<=n} (1-ηλ_i)^{2t} g_i² <= π n (1-ηλ_n)^{2t}                 (false for large η)

**A shorter proof.** k(x, z) = K(x-z) and K * cos κ· = k_κ cos κ·, where k_κ = ∫K cos κθ dθ. So

    T(g/p) = ∫ K(x-z) g(z) dz = k_κ g:    g = T h,    h = g/(k_κ p).

The target lies in the range of T, with a source h of norm S = ‖h‖ = √(∫g²/p)/k_κ <= √(π/p*)/k_κ.
Hence g_i = λ_i ⟨v_i, h⟩, for any density with p* > 0 and any κ, with no model of v_i at all:

    |g_i| <= λ_i S,    Σ_{i>n} g_i² <= λ_{n+1}² S²,    ‖g - u(t)‖ = ‖(1-ηT)^t T h‖ <= S/(eηt)

(the last for ηλ_1 <= 1, from λ(1-ηλ)^t <= λe^{-ηλt} <= 1/(eηt)). With k_κ ≈ 1/(πκ²) the error over
the circle is below δ after κ² π^{3/2}/(eηδ√p*) iterations, and the root mean square over the
sparsest region, which holds the mass P = p*ℓ, after S/(eηδ√P), of order κ²/p*: the theorem with
every constant, and 1/δ in place of a logarithm. (Some power of 1/δ there must be: under a density
with jumps |g_i| falls like 1/q³, and the error late like t^(-5/4).)
"""

import numpy as np

from ntklab._arguments import (
    LARGEST,
    finite_array,
    finite_number,
    instance_of,
    positive,
    size,
    whole_number,
    whole_numbers,
)
from ntklab.densities import CircleDensity, PiecewiseConstant, Region
from ntklab.fredholm import quadrature
from ntklab.kernels import TwoLayerNTK, ZonalKernel

# -- the source ----------------------------------------------------------------------------------


def multiplier(kernel, frequency):
    """k_κ = ∫_{-π}^{π} K(θ) cos κθ dθ: K * cos κ· = k_κ cos κ·, under any density.

    2π times the eigenvalue of κ under the uniform density. For the kernel (11) 1/(πκ²) at odd
    κ >= 3, (κ²+1)/(π(κ²-1)²) at even κ; 0 where the kernel cannot see κ. Other kernels have theirs
    by quadrature, to about 1e-15 K(0): below 1e-11 K(0), where that is 1e-4 of it, it counts as 0.

    Parameters
    ----------
    kernel : ZonalKernel
    frequency : int
        κ >= 1.
    """
    instance_of("kernel", kernel, ZonalKernel)
    frequency = _frequency(frequency)
    value = 2 * np.pi * float(kernel.harmonic_eigenvalues(np.array([frequency]))[0])
    if isinstance(kernel, TwoLayerNTK):
        return value
    return value if value > 1e-11 * float(kernel.profile(np.zeros(1))[0]) else 0.0


def source(kernel, density, frequency):
    """S = ‖g/(k_κ p)‖ = √(∫ cos²κx/p dx)/k_κ, with g = T(g/(k_κ p)).

    Parameters
    ----------
    kernel : ZonalKernel
    density : CircleDensity
        p* > 0.
    frequency : int
        κ >= 1.

    Returns
    -------
    float
        At most √(π/p*)/k_κ; inf where k_κ = 0. Then ∫v_i g dx = k_κ g_i/λ_i = 0 for every λ_i > 0:
        no sum of eigenfunctions is g, and under any density some of cos κx is never learned.

    Raises
    ------
    ValueError
        p* = 0: nothing can be said of places without data.
    """
    _lowest(density, CircleDensity)
    k = multiplier(kernel, frequency)
    if k == 0:
        return np.inf
    x, w = quadrature(density, 2 * frequency, reciprocal=True)
    return float(np.sqrt(w @ (np.cos(frequency * x) ** 2 / density.pdf(x)))) / k


# -- the lemma: coefficients and their tail ------------------------------------------------------


def amplitude_constant(density):
    """The largest B = Σ_j a_j p_j that an eigenfunction can have: √(2 Σ_j p_j/ℓ_j).

    With a_j = √(2 · mean of v² over R_j), ∫v²p = 1 says Σ_j a_j² p_j ℓ_j = 2; Cauchy and Schwarz:
    Σ a_j p_j = Σ (a_j √(p_jℓ_j)) √(p_j/ℓ_j) <= √2 √(Σ p_j/ℓ_j). The lecture leaves B open.
    """
    instance_of("density", density, PiecewiseConstant)
    lengths = [region.length for region in density.regions]
    return float(np.sqrt(2 * np.sum(density.values / lengths)))


def coefficient_printed(q, frequency, density):
    """|g_i| <= 8BZ/(3q_i√p*), where q_i√p*/Z >= 2κ; inf, no bound, elsewhere (after (19)).

    B is `amplitude_constant(density)`; the lecture leaves it open.

    Parameters
    ----------
    q : array_like of int
    frequency : int
        κ.
    density : PiecewiseConstant
        p* > 0.

    Notes
    -----
    True of every density tried, and far too large: |g_i| falls like 1/q³, because v and v' are
    continuous and the contributions of neighbouring arcs' ends nearly cancel.
    """
    frequency = _frequency(frequency)
    q, lowest = finite_array("q", q), _lowest(density)
    applies = q * np.sqrt(lowest) / density.Z >= 2 * frequency
    return np.where(applies, _coefficient(density) / np.where(applies, q, 1), np.inf)


def coefficient(eigenvalues, source):
    """|g_i| <= λ_i S: for every density, κ and i (the corrected lemma). Falls like 1/q²."""
    eigenvalues = finite_array("eigenvalues", eigenvalues, within=LARGEST)
    source = positive("source", source, infinite=True)
    # without a source nothing is known, of λ_i = 0 neither
    return eigenvalues * source if source < np.inf else np.full(eigenvalues.shape, np.inf)


def reciprocal_tail_printed(n):
    """Σ_{i>n} 1/q_i² < 1/q_n as the slide has it: false for every n, by a factor that tends to 2.

    The sum over q would be below 1/q_n, but q_i = ⌊i/2⌋ takes every q twice.
    """
    return 1 / (whole_numbers("n", n, at_least=2) // 2)


def reciprocal_tail(n):
    """Σ_{i>n} 1/q_i² < 4/n for odd n, < 4/(n-1) for even n; n >= 2.

    1/s² < ∫_{s-½}^{s+½} dx/x², since 1/x² is convex; so Σ_{s>q} 1/s² < 1/(q+½). Odd n = 2q+1 leaves
    every s > q twice: 2/(q+½) = 4/n. Even n = 2q leaves one q more: 1/q² + 2/(q+½) < 2/(q-½).
    """
    n = whole_numbers("n", n, at_least=2)
    return np.where(n % 2 == 1, 4 / n, 4 / (n - 1))


def tail(next_eigenvalue, source):
    """Σ_{i>n} g_i² <= λ_{n+1}² S²: `next_eigenvalue` is λ_{n+1}.

    Σ_{i>n} λ_i² ⟨v_i, h⟩² <= λ_{n+1}² ‖h‖²: Bessel's inequality, nothing summed term by term.
    """
    next_eigenvalue = finite_array("next_eigenvalue", next_eigenvalue, within=LARGEST)
    return coefficient(next_eigenvalue, source) ** 2


def modes_printed(tolerance, frequency, density):
    """n_k = 2q, with the least whole q >= max((8BZ/(3√p*ε))², 2κZ/√p*) (lemma).

    Parameters
    ----------
    tolerance : float
        ε > 0: Σ_{i>n_k} g_i² < ε² is wanted.

    Returns
    -------
    int

    Notes
    -----
    The first of the two does not depend on κ, but goes like 1/ε²: unless κ is large it is
    the larger one, and what the proof then bounds grows like 1/(p*²ε⁴), not like κ²/p*.
    """
    tolerance = positive("tolerance", tolerance)
    frequency = _frequency(frequency)
    with np.errstate(over="ignore"):
        by_tail = (_coefficient(density) / tolerance) ** 2
    if not np.isfinite(by_tail):
        raise ValueError(f"tolerance: must leave a number of modes, got {tolerance:g}")
    return 2 * int(np.ceil(max(by_tail, 2 * frequency * density.Z / np.sqrt(density.minimum))))


# -- the theorem: time ---------------------------------------------------------------------------


def head_printed(t, n, learning_rate, eigenvalues):
    """Δ² <= π n (1 - ηλ_n)^{2t}, as printed.

    Two remarks. π is ∫cos²κx dx; in L²(p), where the v_i are orthonormal, |g_i|² <= ‖g‖² <= 1. And
    (1-ηλ_n) is the slowest factor only if |1-ηλ_1| is no larger, η <= 2/(λ_1+λ_n): between that and
    the limit 2/λ_1 the bound is false.
    """
    n, slowest, _ = _factors(n, learning_rate, eigenvalues)
    return np.pi * n * abs(slowest) ** (2 * _times(t))


def head(t, n, learning_rate, eigenvalues):
    """Δ² <= max(|1-ηλ_1|, |1-ηλ_n|)^{2t}: no factor n, for Σ g_i² <= ‖g‖² <= 1 as a whole."""
    _, slowest, fastest = _factors(n, learning_rate, eigenvalues)
    return max(abs(slowest), abs(fastest)) ** (2 * _times(t))


def iterations_printed(threshold, n, learning_rate, eigenvalue):
    """t >= log(4πn/δ²)/(-2 log(1-ηλ_n)): makes Δ < δ/2 in the printed chain.

    Parameters
    ----------
    threshold : float
        δ > 0, of the error in L²(p).
    n : int
        n_k: `modes_printed` for ε = δ/2.
    learning_rate : float
        η of the mean loss, ηλ_n < 1.
    eigenvalue : float
        λ_n, of the spectrum or by a formula.

    Notes
    -----
    The slide adds the two halves by the triangle inequality after dropping what u(t) has learned
    of the modes beyond n (its "≈"). Pythagoras needs neither: ‖g-u(t)‖² <= Δ² + Σ_{i>n} g_i².
    """
    threshold, rate = _threshold_and_rate(threshold, learning_rate, eigenvalue)
    n = size("n", n)
    return max(0.0, np.log(4 * np.pi * n / threshold**2) / (2 * rate))


def iterations_corrected(threshold, learning_rate, eigenvalue):
    """t >= log(√2/δ)/(-log(1-ηλ_n)), the least n with λ_{n+1} S <= δ/√2, and ηλ_1 <= 1.

    Then Δ² <= δ²/2 and the tail is <= δ²/2, so that ‖g-u(t)‖ <= δ by Pythagoras. As λ_n ≈ δ/(√2 S),
    this is about √2 S log(√2/δ)/(ηδ): the printed steps, with every constant mended.
    """
    threshold, rate = _threshold_and_rate(threshold, learning_rate, eigenvalue)
    return max(0.0, np.log(np.sqrt(2) / threshold) / rate)


def error(t, learning_rate, source, largest=None, mass=1.0):
    """‖g-u(t)‖ <= S max(1/(eηt), λ_1|1-ηλ_1|^t)/√P, the shorter proof.

    Parameters
    ----------
    t : array_like
        Iterations, > 0.
    learning_rate : float
        η of the mean loss.
    source : float
        S.
    largest : float, optional
        λ_1, needed for ηλ_1 > 1 only: modes with ηλ > 1 decay by |1-ηλ| <= |1-ηλ_1|.
    mass : float
        P of a region: its root mean square error is at most the whole norm over √P.
    """
    t, source = _times(t), positive("source", source, infinite=True)
    if (t < 1 / LARGEST).any():
        raise ValueError(f"t: must be > 0, got {t.min()}")
    learning_rate = positive("learning_rate", learning_rate)
    mass = finite_number("mass", positive("mass", mass), at_most=1 + 1e-9)
    bound = 1 / (np.e * learning_rate * t)
    largest = 0.0 if largest is None else positive("largest", largest)
    if learning_rate * largest > 1:
        edge = _contracting(1 - learning_rate * largest, learning_rate, largest)
        bound = np.maximum(bound, largest * np.abs(edge) ** t)
    return source * bound / np.sqrt(mass)


def iterations(threshold, learning_rate, source, mass=1.0):
    """t >= S/(eηδ√P): then the error is at most δ, for ηλ_1 <= 1 (the shorter proof).

    P = 1 is the norm of L²(p) over the circle; P = ∫_R p makes it the root mean square over a
    region R. For the sparsest region it is at most κ² π^{3/2}/(eηδ p* √ℓ) at odd κ and c = 1/4π:
    κ²/p*. Infinite where S is.
    """
    threshold = positive("threshold", threshold)
    learning_rate = positive("learning_rate", learning_rate)
    mass = finite_number("mass", positive("mass", mass), at_most=1 + 1e-9)
    source = positive("source", source, infinite=True)
    return source / (np.e * learning_rate * threshold * np.sqrt(mass))


def local_time(threshold, learning_rate, kernel, frequency, density, region):
    """t_j ≈ log(1/(√2 δ))/(ηp_j k_κ): each region by itself, as if the circle had its density.

    For large κ cos κx inside region j is nearly an eigenfunction of eigenvalue p_j k_κ, and its
    root mean square is 1/√2. So t_j ≈ πκ² log(1/(√2 δ))/(ηp_j) for the kernel (11): the theorem
    as it shows in experiments. Asymptotic in κ; no bound.

    Parameters
    ----------
    threshold : float
        δ > 0, of the root mean square over the region.
    """
    threshold = positive("threshold", threshold)
    learning_rate = positive("learning_rate", learning_rate)
    instance_of("density", density, CircleDensity)
    p = float(density.pdf(instance_of("region", region, Region).points(1))[0])
    if p <= 0:
        raise ValueError("region: must hold data, got density 0")
    k = multiplier(kernel, frequency)
    left = max(0.0, float(np.log(1 / (np.sqrt(2) * threshold))))
    return np.inf if k == 0 and left > 0 else left / (learning_rate * p * (k or 1.0))


# -- arguments -----------------------------------------------------------------------------------


def _lowest(density, kind=PiecewiseConstant):
    instance_of("density", density, kind)
    if density.minimum <= 0:
        raise ValueError("density: must be positive everywhere for this bound, got minimum 0")
    return density.minimum


def _coefficient(density):
    return 8 * amplitude_constant(density) * density.Z / (3 * np.sqrt(_lowest(density)))


def _frequency(frequency):
    return whole_number("frequency", frequency, at_least=1, at_most=10**6)


def _times(t):
    t = finite_array("t", t, within=LARGEST)
    if (t < 0).any():
        raise ValueError(f"t: must be >= 0, got {t.min()}")
    return t


def _contracting(step, learning_rate, largest):
    if abs(step) >= 1:
        raise ValueError(
            f"learning_rate: must be below 2/λ_1 = {2 / largest:.6g} to converge, "
            f"got {learning_rate:.6g}"
        )
    return step


def _factors(n, learning_rate, eigenvalues):
    """n, 1 - ηλ_n and 1 - ηλ_1."""
    eigenvalues = finite_array("eigenvalues", eigenvalues, ndim=1, within=LARGEST)
    n = whole_number("n", n, at_least=1, at_most=len(eigenvalues))
    learning_rate = positive("learning_rate", learning_rate)
    positive("eigenvalues", eigenvalues[0])
    fastest = _contracting(1 - learning_rate * eigenvalues[0], learning_rate, eigenvalues[0])
    return n, 1 - learning_rate * eigenvalues[n - 1], fastest


def _threshold_and_rate(threshold, learning_rate, eigenvalue):
    threshold = positive("threshold", threshold)
    learning_rate = positive("learning_rate", learning_rate)
    eigenvalue = finite_number("eigenvalue", eigenvalue, below=1 / learning_rate)
    positive("eigenvalue", eigenvalue)
    return threshold, -np.log1p(-learning_rate * eigenvalue)
