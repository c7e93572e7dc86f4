r"""The lecture's motivation: a network fits a low and a high frequency under uneven data (C01).

The points follow a density that is `ratio` times higher on [-π, 0) than on [0, π); the target is

    y(x) = cos κ₁x + 0.4 cos κ₂x,    κ₁ = 1, κ₂ = 16 in the paper's Figure 1.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from ntklab import dynamics, gram
from ntklab.densities import CircleDensity, PiecewiseConstant
from ntklab.experiments.toolkit import chosen, fractions, half_learned, named_halves
from ntklab.kernels import DeepNTK

AMPLITUDES = (1.0, 0.4)


class Setting(NamedTuple):
    """Sizes of one experiment."""

    points: int
    hidden_layers: int
    width: int
    iterations: int
    batch_size: int = 100
    learning_rate: float = 0.15


SETTINGS = {
    "quick": Setting(points=2000, hidden_layers=10, width=128, iterations=2000),
    # 40 epochs, as in the paper's picture, whose steps are those of weights drawn with τ = 0.1:
    # in units of weights of order one they are 0.001/τ² = 0.1
    "paper": Setting(10_000, hidden_layers=10, width=256, iterations=4000, learning_rate=0.1),
}


@dataclass(frozen=True)
class Learning:
    """A network's output in time, at T recorded iterations and n sorted points."""

    density: CircleDensity
    frequencies: tuple
    setting: Setting
    points: np.ndarray  # (n,) angles in [-π, π)
    iterations: np.ndarray  # (T,)
    outputs: np.ndarray  # (T, n)

    @property
    def components(self):
        """cos κ₁x and 0.4 cos κ₂x at the points, shape (2, n)."""
        return components(self.points, self.frequencies)

    def at(self, iteration):
        """The output at the recorded iteration nearest to `iteration` in its logarithm."""
        gap = np.abs(np.log1p(self.iterations) - np.log1p(iteration))
        return self.iterations[np.argmin(gap)], self.outputs[np.argmin(gap)]

    def learned(self):
        """The fraction of each component that the output holds in each half, see `fractions`.

        Returns
        -------
        pandas.DataFrame
            iteration, half, frequency, fraction (1 is all of it).
        """
        frames = []
        for half, region in named_halves(self.density).items():
            inside = region.contains(self.points)
            found = fractions(self.components, self.outputs, inside)
            for frequency, fraction in zip(self.frequencies, found, strict=True):
                columns = {"half": half, "frequency": frequency, "fraction": fraction}
                frames.append(pd.DataFrame({"iteration": self.iterations, **columns}))
        return pd.concat(frames, ignore_index=True)

    def half_learned(self):
        """The iteration from which on a fraction is at least 1/2 for good; inf if it ends below.

        Returns
        -------
        pandas.DataFrame
            Rows are halves, columns frequencies.
        """
        table = self.learned().groupby(["half", "frequency"], sort=False)
        return table.apply(_crossing, include_groups=False).unstack()


def components(x, frequencies):
    """cos κ₁x and 0.4 cos κ₂x, shape (2, n)."""
    return np.array([a * np.cos(k * x) for a, k in zip(AMPLITUDES, frequencies, strict=True)])


def _crossing(curve):
    return half_learned(curve.iteration.to_numpy(float), curve.fraction.to_numpy())


def predict(ratio=40.0, frequencies=(1, 16), size="quick", points=1000):
    """The `Learning` of a network of infinite width that starts from 0: exact, nothing is trained.

    u(t) = y - (1 - ηT)^t y, with T the tangent kernel's matrix over `points` points laid out as
    the density, divided by their number. Parameters as in `trained.motivation.learn`.
    """
    setting = chosen(size, SETTINGS)
    density = halves(ratio, frequencies, points)
    x = np.sort(density.grid(points))
    y = components(x, frequencies).sum(0)
    spectrum = gram.solve(DeepNTK(setting.hidden_layers), x, points)
    descent = dynamics.gradient_descent(spectrum, y, setting.learning_rate)
    round_numbers = [t for k in range(9) for t in (10**k, 3 * 10**k) if t < setting.iterations]
    t = np.round(np.geomspace(1, setting.iterations, 80))
    t = np.unique([0.0, *round_numbers, *t])
    outputs = y + descent.residual_at(t)
    return Learning(density, tuple(frequencies), setting, x, t.astype(int), outputs)


def fewest(ratio, points):
    """The number of points in the sparser half: the largest κ, for a wave needs two in a period."""
    return max(1, int(points * min(ratio, 1) / (1 + ratio)))


def halves(ratio, frequencies, points):
    """The density; refuses waves that so few points of the sparser half cannot show."""
    most = fewest(ratio, points)
    if len(set(frequencies)) != 2:
        raise ValueError(f"frequencies: must be two that differ, got {tuple(frequencies)}")
    if not 1 <= min(frequencies) <= max(frequencies) <= most:
        raise ValueError(
            f"frequencies: must be from 1 to {most}, half the points of the sparser half and "
            f"more, got {tuple(frequencies)}"
        )
    return PiecewiseConstant.equal_pieces([ratio, 1.0])
