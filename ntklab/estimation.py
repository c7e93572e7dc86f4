"""From a sample of angles to the order in which a network learns frequencies, with its intervals.

The density is not known but estimated, p' for p. How much do eigenvalues mind? Let

    a p(x) <= p'(x) <= b p(x) everywhere, as with 1 - ε, 1 + ε.  Then  a λ_i <= λ_i' <= b λ_i.

Proof. The eigenvalues of T f = ∫ k(., z) p(z) f(z) dz are those of the symmetric √K p √K, where K
is the integral operator of k: (Ah, h) = ∫ p |√K h|² for A = √K p √K. So a (Ah, h) <= (A'h, h) <=
b (Ah, h) for every h, and by min-max, λ_i = max over spaces of dimension i of the least
(Ah, h)/(h, h), the same holds of the eigenvalues. It is sharp: take p' = b p. ∎

The empirical measure, (1/n) Σ δ_{x_j}, has no such a and b: `ntklab.gram.solve` gives what a
network learns that is trained on these very points, with eigenvalues off by about n^-1/2 from those
of p. An estimate of the density is for the question which the sample was
drawn for: what will networks on other samples of the same source learn first?
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta

from ntklab._arguments import finite_number, positive, sample_of_angles, whole_number
from ntklab.densities import PiecewiseConstant
from ntklab.fredholm import solve
from ntklab.geometry import wrap
from ntklab.kernels import TwoLayerNTK
from ntklab.spectrum import Spectrum


@dataclass(frozen=True)
class Estimate:
    """A density estimated from n angles, and how far the true one may be from it.

    Attributes
    ----------
    density : PiecewiseConstant
        p', a histogram with one observation more in each bin: no bin is empty.
    ratios : tuple of float
        a, b: with probability `confidence`, a p <= p' <= b p, p the true density's means over bins.
    confidence : float
    spectrum : Spectrum
        Of p'.
    """

    density: PiecewiseConstant
    ratios: tuple[float, float]
    confidence: float
    spectrum: Spectrum

    def table(self, learning_rate=1.0, threshold=0.1):
        """Eigenvalues and times of learning with their intervals, one row an eigenfunction.

        An error in v_i falls like exp(-ηλ_i t), to the part δ of it at t = log(1/δ)/(ηλ_i). The
        interval of λ_i is [λ_i'/b, λ_i'/a], widened by the solver's own error. `sure` counts the
        eigenfunctions whose intervals lie above this one's: they are learned before it.

        Parameters
        ----------
        learning_rate : float
            η > 0.
        threshold : float
            δ in (0, 1).

        Returns
        -------
        pandas.DataFrame
            Columns eigenvalue, low, high, time, soonest, latest, sure.
        """
        eta = positive("learning_rate", learning_rate)
        steps = -np.log(finite_number("threshold", threshold, above=0, below=1)) / eta
        value, off = self.spectrum.eigenvalues, self.spectrum.errors
        low = np.maximum(value - off, 0) / self.ratios[1]
        high = (value + off) / self.ratios[0]
        with np.errstate(divide="ignore"):
            times = {"time": steps / value, "soonest": steps / high, "latest": steps / low}
        sure = (low[None, :] > high[:, None]).sum(axis=1)
        intervals = {"eigenvalue": value, "low": low, "high": high}
        return pd.DataFrame({**intervals, **times, "sure": sure})


def estimate(angles, bins=12, count=9, *, confidence=0.95, kernel=None):
    """From angles to the spectrum of their density, order and times of learning, with intervals.

    A histogram of masses q_b = (n_b + 1)/(n + bins). By Clopper and Pearson's intervals of each n_b
    at the level 1 - (1 - confidence)/bins the true masses lie in all of them at once with
    probability `confidence` or more, which yields a and b. What a bin hides is not covered: the
    true density counts as constant within bins, so they should be narrower than what it does.

    Parameters
    ----------
    angles : array_like, shape (n,)
        Independent draws, in radians.
    bins : int
        2 to 90 equal arcs.
    count : int
        Eigenpairs.
    confidence : float
        In (0, 1).
    kernel : ZonalKernel, optional
        The two-layer kernel with bias when left out.

    Returns
    -------
    Estimate
        With b infinite where a bin is empty: then no eigenvalue has a lower bound above 0.

    Raises
    ------
    TypeError, ValueError
        Naming the argument; angles that are none, not finite, or degrees by all appearances.
    """
    x = sample_of_angles("angles", angles)
    if not len(x):
        raise ValueError("angles: must hold one at least, got none")
    bins = whole_number("bins", bins, at_least=2, at_most=90)
    confidence = finite_number("confidence", confidence, above=0, below=1)
    counts = np.histogram(wrap(x), bins, (-np.pi, np.pi))[0]
    mass = (counts + 1) / (len(x) + bins)
    tail = (1 - confidence) / (2 * bins)
    least = np.where(counts > 0, beta.ppf(tail, counts, len(x) - counts + 1), 0)
    most = np.where(counts < len(x), beta.isf(tail, counts + 1, len(x) - counts), 1)
    with np.errstate(divide="ignore"):
        ratios = float((mass / most).min()), float((mass / least).max())
    density = PiecewiseConstant.equal_pieces(mass)
    spectrum = solve(TwoLayerNTK() if kernel is None else kernel, density, count)
    return Estimate(density, ratios, confidence, spectrum)


def digit_angles():
    """Directions of the handwritten digits that ship with scikit-learn, for `estimate`.

    The angle of each of 1797 images of 8 by 8 pixels in the plane of the first two principal
    components, shape (1797,), in radians.
    """
    from sklearn.datasets import load_digits  # ships with scikit-learn, nothing is downloaded

    data = load_digits()
    centred = data.data - data.data.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    axes = axes * np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1), None])
    x, y = axes @ centred.T
    return np.arctan2(y, x)
