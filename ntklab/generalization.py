"""Spectrum × sample × target → error on *new* data, exactly: in time, by region, under any density.

A network in its linear regime, trained from u = 0 on n points with labels y_j = g(x_j) + σ ε_j,
says at any place x and time t

    u_t(x) = Σ_i (1 - d_i(t)) ŷ_i v_i(x),    ŷ_i = (1/n) Σ_j v_i(x_j) y_j,

with the eigenpairs λ_i, v_i of the sample and d_i(t) = exp(-λ_i t) under gradient flow,
(1 - ηλ_i)^t under descent, γ/(λ_i + γ) for kernel ridge regression. The noise enters every ŷ_i on
its own, with variance σ²/n. So the mean square error over the noise, at every x, is

    (g - Σ_i (1 - d_i) ĝ_i v_i)²  +  (σ²/n) Σ_i (1 - d_i)² v_i²,    bias² + variance.

Learning rates are those of the mean loss, as in `ntklab.dynamics`.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.polynomial import legendre
from scipy.optimize import brentq, minimize_scalar

from ntklab import dynamics, fredholm, gram
from ntklab._arguments import (
    LARGEST,
    finite_array,
    finite_number,
    instance_of,
    sample_of_angles,
    sequence,
    values_at,
    values_of,
    whole_number,
)
from ntklab._panels import gauss_between
from ntklab.densities import CircleDensity, Region
from ntklab.dynamics import Dynamics
from ntklab.geometry import wrap
from ntklab.kernels import ZonalKernel
from ntklab.spectrum import Spectrum

MOST_POINTS = 1500  # predictions at all nodes of quadrature then take 250 MB
NODES, ARCS = 6, 128  # Gauss nodes between neighbouring kinks; arcs that no panel exceeds
RESOLVED = 1e-4  # of the target's size, how far off polynomials may be on such an arc
MOST_FEATURES = 4 * 10**7  # numbers, 320 MB


@dataclass(frozen=True)
class Errors:
    """Mean square error on new data: squared bias and variance, noise of the test labels left out.

    Attributes
    ----------
    bias : ndarray
        The part that is there without noise, squared.
    variance : ndarray
        The part that scatters.
    """

    bias: np.ndarray
    variance: np.ndarray

    @property
    def rms(self):
        """√(bias² + variance)."""
        return np.sqrt(self.bias + self.variance)


@dataclass(frozen=True)
class Stop:
    """The moment at which an error is least, and its root mean square then; inf: train on."""

    time: float
    rms: float


@dataclass(frozen=True)
class Learner:
    """An infinitely wide network trained on one sample with noisy labels; made by `learner`.

    Attributes
    ----------
    kernel : ZonalKernel
    target : callable
        g(x) at angles x.
    noise : float
        σ, the standard deviation of a label.
    descent : Dynamics
        Of the sample's full spectrum, learning g from 0.
    """

    kernel: ZonalKernel
    target: object
    noise: float
    descent: Dynamics = field(repr=False)

    def of(self, target, noise):
        """The Learner of the same sample for another target and noise: the spectrum stays.

        Arguments and errors are those of `learner`.
        """
        noise = finite_number("noise", noise, at_least=0, at_most=LARGEST)
        residual = -values_of("target", target, self.descent.spectrum.points)
        descent = replace(self.descent, residual=residual)
        return replace(self, target=target, noise=noise, descent=descent)

    def predict(self, t, x, labels=None):
        """u_t(x), shape (len(t), m), for labels (n,) at the sample's points; g's values if None."""
        spectrum = self.descent.spectrum
        if labels is None:
            labels = -self.descent.residual
        coefficients = spectrum.project(values_at("labels", labels, spectrum.points))
        return (self._gains(self.descent.decay(t)) * coefficients) @ self._features(x).T

    def errors(self, t, density, region=None):
        """Error on new points at times t, exact mean over the labels' noise.

        Parameters
        ----------
        t : array_like, shape (T,)
            Times of gradient flow, whole iterations of descent.
        density : CircleDensity
            q, of the test points; it need not be the one that the sample was drawn from.
        region : Region, optional
            The arc over which the error is averaged, ∫_R … q / ∫_R q.

        Returns
        -------
        Errors
            Arrays of shape (T,).

        Raises
        ------
        ValueError
            An arc without mass under q; a negative time, or a fractional iteration.
        """
        return self._measure(density, region)(self.descent.decay(t))

    def ridge_errors(self, ridge, density, region=None):
        """Error on new points of kernel ridge regression, exact mean over the labels' noise.

        As `errors`, with d_i = γ/(λ_i + γ) for the decay in time. γ is `ridge` >= 0, shape (T,), in
        units of λ: the minimiser of (1/n) Σ_j (f(x_j) - y_j)² + γ ‖f‖², with ‖f‖ the kernel's norm.
        """
        ridge = np.atleast_1d(finite_array("ridge", ridge))
        if ridge.ndim > 1 or (ridge < 0).any():
            raise ValueError(f"ridge: must be a number or a list of numbers >= 0, got {ridge}")
        lam = self._eigenvalues
        with np.errstate(invalid="ignore"):
            left = ridge[:, None] / (lam + ridge[:, None])
        return self._measure(density, region)(np.where(lam == 0, 1.0, left))

    def best_stop(self, density, region=None):
        """The time at which the error on new data is least, over all or in one region.

        The curve is looked at on 400 times spaced evenly in log t and at t → ∞, and polished
        around the best one, as far as t = 0 where that is the first.

        Returns
        -------
        Stop
            `time` is inf where training to the end is best, to within a millionth.
        """
        measure = self._measure(density, region)
        lam = self._eigenvalues
        step = self.descent.learning_rate or 1.0
        grid = np.geomspace(1e-3 / (step * lam[0]), 40 / (step * lam[lam > 0][-1]), 400)
        # a whole iteration of even parity in the place of t, where descent may overshoot
        rms = measure(self.descent._decay(grid, np.zeros(len(grid)))).rms
        end = float(measure(np.where(lam > 0, 0.0, 1.0)[None]).rms[0])
        j = int(np.argmin(rms))
        if end <= rms[j] * (1 + 1e-6):
            return Stop(np.inf, end)

        def at(t):
            return float(measure(self.descent._decay(np.array([t]), np.zeros(1))).rms[0])

        ends = grid[j - 1] if j else 0.0, grid[min(j + 1, len(grid) - 1)]
        polish = {"bounds": ends, "method": "bounded", "options": {"xatol": 1e-6 * grid[j]}}
        time = float(minimize_scalar(at, **polish).x)
        if self.descent.learning_rate is None:
            return min((Stop(t, at(t)) for t in (0.0, time)), key=lambda stop: stop.rms)
        whole = np.unique(np.maximum(np.floor(time) + np.arange(-1, 3), 0))
        rms = measure(self.descent.decay(whole)).rms
        return Stop(int(whole[np.argmin(rms)]), float(rms.min()))

    @property
    def _eigenvalues(self):
        """λ_i with those at rounding level, which nothing is learned by, set to 0."""
        lam = self.descent.spectrum.eigenvalues
        return np.where(lam > len(lam) * np.finfo(float).eps * lam[0], lam, 0.0)

    def _gains(self, decay):
        """(1 - d_i)/λ_i: what multiplies λ_i v_i(x), which needs no division by λ_i."""
        lam = self._eigenvalues
        return np.where(lam > 0, (1 - decay) / np.where(lam > 0, lam, 1.0), 0.0)

    def _features(self, x):
        """λ_i v_i(x) = (1/n) Σ_j k(x, x_j) v_i(x_j), shape (m, n)."""
        points, values = self.descent.spectrum.points, self.descent.spectrum.values
        return self.kernel.at_angles(x, points) @ values / len(points)

    def _measure(self, density, region):
        instance_of("density", density, CircleDensity)
        x, weights = _nodes(self.descent.spectrum.points, density, region, self.target)
        features, g = self._features(x), values_of("target", self.target, x)
        square = weights @ features**2
        coefficients = self.descent.coefficients

        def measure(decay):
            gains = self._gains(decay)
            # the descent's coefficients are those of u - g = -g
            bias = weights @ (features @ (-gains * coefficients).T - g[:, None]) ** 2
            return Errors(bias, self.noise**2 / len(coefficients) * (gains**2 @ square))

        return measure


def learner(kernel, angles, target, noise=0.0, learning_rate=None):
    """The Learner of a sample: gradient flow, or descent if a learning rate is given.

    Parameters
    ----------
    kernel : ZonalKernel
    angles : array_like, shape (n,)
        The sample, 2 to 1500 angles.
    target : callable
        g(x) at angles x.
    noise : float
        σ >= 0, standard deviation of the labels about g.
    learning_rate : float, optional
        η of the mean loss, below 2/λ_1.
    """
    instance_of("kernel", kernel, ZonalKernel)
    angles = wrap(sample_of_angles("angles", angles))
    whole_number("angles", len(angles), at_least=2, at_most=MOST_POINTS)
    noise = finite_number("noise", noise, at_least=0, at_most=LARGEST)
    spectrum = gram.solve(kernel, angles, len(angles))
    g = values_of("target", target, angles)
    if learning_rate is None:
        return Learner(kernel, target, noise, dynamics.gradient_flow(spectrum, g))
    descent = dynamics.gradient_descent(spectrum, g, learning_rate)
    return Learner(kernel, target, noise, descent)


def learning_curve(
    kernel, density, target, counts, *, noise=0.0, ridge=0.0, test=None, region=None
):
    r"""Mean error of kernel regression over samples of n points, from the population's spectrum.

    With λ_i, v_i of the population and g_i = ∫ v_i g p, the capacity κ > 0 solves

        Σ_i L_i + nγ/κ = n,    L_i = λ_i/(λ_i + κ),

    and at every x the mean over samples and noise of (f - g)² is, to leading order in 1/n,

        (g - Σ_i L_i g_i v_i)²  +  (E/n) Σ_i L_i² v_i²,
        E = (Σ_i (1 - L_i)² g_i² + σ²) / (1 - Σ_i L_i²/n).

    A mode is learned once λ_i > κ ≈ λ_n: n samples pay for the n largest modes.

    Parameters
    ----------
    kernel : ZonalKernel
    density : CircleDensity
        p, of the sample.
    target : callable
    counts : array_like of int, shape (N,)
        n; 4n eigenpairs are solved for, and all eigenvalues beyond act as a ridge, Σ λ_i/κ.
    noise : float
        σ.
    ridge : float
        γ, as in `Learner.ridge_errors`; 0 interpolates, which is training to the end.
    test : CircleDensity, optional
        q, of the test points; p when left out.
    region : Region, optional
        Over which the error is averaged.

    Returns
    -------
    Errors
        Arrays of shape (N,); bias is that of the mean prediction, variance is over samples too.

    Notes
    -----
    Bordelon, Canatar, Pehlevan, ICML 2020; Canatar, Bordelon, Pehlevan, NeurIPS 2021 for q ≠ p;
    Simon, Dickens, Karkada, DeWeese, TMLR 2023 (arXiv:2110.03922). The eigenfunctions are taken
    for independent Gaussian features, which they are not; tests measure how much that matters.
    """
    instance_of("kernel", kernel, ZonalKernel)
    instance_of("density", density, CircleDensity)
    noise = finite_number("noise", noise, at_least=0, at_most=LARGEST)
    ridge = finite_number("ridge", ridge, at_least=0, at_most=LARGEST)
    counts = counts if np.iterable(counts) else [counts]
    counts = sequence("counts", counts, whole_number, at_least=1, at_most=MOST_POINTS)
    test = density if test is None else instance_of("test", test, CircleDensity)
    x, weights = _nodes(density.breakpoints, test, region, target)
    goal = values_of("target", target, x)  # refused here, before the spectrum is solved
    spectrum = fredholm.solve(kernel, density, max(64, 4 * max(counts)))
    lam, g = spectrum.eigenvalues, spectrum.project(target)
    beyond = max(float(kernel.profile(np.zeros(1))[0]) - lam.sum(), 0.0)
    square = values_of("target", target, spectrum.points) ** 2
    rest = max(float(spectrum.weights @ square - g @ g), 0.0)
    functions = spectrum(x)
    square = weights @ functions**2
    bias, variance = np.empty((2, len(counts)))
    for i, n in enumerate(counts):
        learned = lam / (lam + _capacity(lam, n, n * ridge + beyond))
        total = ((1 - learned) ** 2 @ g**2 + rest + noise**2) / (1 - learned @ learned / n)
        bias[i] = weights @ (functions @ (learned * g) - goal) ** 2
        variance[i] = total / n * (learned**2 @ square)
    return Errors(bias, variance)


def norm_bound(spectrum, labels):
    """√(2 yᵀH⁻¹y/n) = √(2 Σ_i ŷ_i²/(n λ_i)), H = (k(x_i, x_j)): a bound on error on new data.

    Arora, Du, Hu, Li, Wang, ICML 2019, Theorem 5.1: up to terms of order √(log(n/…)/n) it bounds,
    with high probability, the mean over new data of any loss with values in [0, 1] that grows no
    faster than |f - y|, after training to the end. yᵀH⁻¹y is the squared norm of the
    interpolating function: the bound is large where labels lie in slow modes.

    Parameters
    ----------
    spectrum : Spectrum
        Of the sample, all n eigenpairs, none at rounding level.
    labels : callable or array_like, shape (n,)
    """
    instance_of("spectrum", spectrum, Spectrum)
    lam, n = spectrum.eigenvalues, len(spectrum.points)
    if len(lam) < n or lam[-1] <= n * np.finfo(float).eps * lam[0]:
        raise ValueError(f"spectrum: must hold {n} eigenvalues above rounding, got {len(lam)}")
    coefficients = spectrum.project(values_at("labels", labels, spectrum.points))
    return float(np.sqrt(2 * np.sum(coefficients**2 / lam) / n))


def random_label_error(spectrum, t, region=None):
    """√(E r_j²) over the sample's points in a region, for independent labels of mean 0, variance 1.

    Every coefficient of such labels has variance 1/n, so under gradient flow
    E r_j(t)² = (1/n) Σ_i exp(-2λ_i t) v_i(x_j)².

    Parameters
    ----------
    spectrum : Spectrum
        Of the sample, all n eigenpairs.
    t : array_like, shape (T,)
    region : Region or bool ndarray of shape (n,), optional

    Returns
    -------
    ndarray, shape (T,)
    """
    instance_of("spectrum", spectrum, Spectrum)
    n = len(spectrum.points)
    if len(spectrum) < n:
        raise ValueError(f"spectrum: must hold all {n} eigenpairs, got {len(spectrum)}")
    flow = Dynamics(spectrum, np.zeros(n))
    inside, _ = flow._weights(region)
    return np.sqrt(flow.decay(t) ** 2 @ np.mean(spectrum.values[inside] ** 2, axis=0) / n)


def _capacity(lam, n, ridge):
    """κ with Σ λ_i/(λ_i + κ) + ridge/κ = n, from the side where the sum is larger."""
    most = (lam.sum() + ridge) / n  # at κ there the sum is below n

    def excess(log_capacity):
        capacity = np.exp(log_capacity)
        return np.sum(lam / (lam + capacity)) + ridge / capacity - n

    return np.exp(brentq(excess, np.log(most) - 60, np.log(most) + 1e-9, xtol=1e-13))


def _nodes(points, density, region, target):
    """Nodes and weights of ∫_R … q / ∫_R q for functions with kinks at the points and antipodes,
    and for the target."""
    region = region if region is None else instance_of("region", region, Region)
    ends = [] if region is None else [region.start, region.stop]
    edges = np.unique(np.concatenate([
        np.linspace(-np.pi, np.pi, ARCS + 1), density.breakpoints,
        *(wrap(np.asarray(cuts, dtype=float)) for cuts in (points, points + np.pi, ends)),
    ]))
    most = MOST_FEATURES // (NODES * max(len(points), 256))
    x, lengths = gauss_between(_resolving(target, edges, most), NODES)
    weights = lengths * density.pdf(x)
    if region is not None:
        inside = region.contains(x)
        x, weights = x[inside], weights[inside]
    if not weights.sum() > 0:
        raise ValueError("region: must hold test data, got an empty one")
    return x, weights / weights.sum()


def _resolving(target, edges, most):
    """Edges of panels, halved where polynomials through a target's values at the nodes miss it."""
    s, _ = legendre.leggauss(NODES)
    between = (np.append(-1, s) + np.append(s, 1)) / 2
    to_between = legendre.legvander(between, NODES - 1)
    to_between = to_between @ np.linalg.inv(legendre.legvander(s, NODES - 1))
    while True:
        starts, half = edges[:-1, None], np.diff(edges)[:, None] / 2
        at, seen = (values_of("target", target, (starts + half * (1 + u)).ravel())
                    for u in (s, between))
        missed = np.abs(at.reshape(-1, NODES) @ to_between.T - seen.reshape(-1, NODES + 1))
        allowed = RESOLVED * np.abs(at).max() * np.pi / ARCS
        short = (missed * half).max(axis=1) > allowed
        if not short.any():
            return edges
        edges = np.sort(np.append(edges, (edges[:-1] + edges[1:])[short] / 2))
        if len(edges) > most:
            raise ValueError(f"target: must not oscillate as fast, got one beyond {most} panels")
