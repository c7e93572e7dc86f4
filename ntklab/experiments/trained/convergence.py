r"""When each region is learned, by training: the paper's Figures 6 and 7 (C18).

`centred` settings learn f + u(0) in the place of f, so that what is learned is f, from 0,
whatever τ (Chizat, Oyallon and Bach). `experiments.convergence` says what is predicted.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ntklab import dynamics, gram
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import convergence as exact
from ntklab.experiments.convergence import ELEVEN_ONE_THREE, KERNEL, POINTS, SETTINGS, SUM_RATE
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR
from ntklab.experiments.toolkit import chosen
from ntklab.experiments.trained.toolkit import output, seed
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.training import train


def times(size="quick", *, rng, density=ONE_TWO_FOUR, device="cpu", progress=False):
    """Figure 7: every κ with `seeds` networks, beside the theory for the same points and start.

    Parameters
    ----------
    size : one of `convergence.SETTINGS` or a Setting
        "quick" and "protocol": seconds; "wide" and "paper": minutes on a CPU.
    rng : numpy.random.Generator
        Source of networks.
    device : str
        See `networks.pick_device`.

    Returns
    -------
    pandas.DataFrame
        seed, frequency, region, density, theory, floor, from_zero (theory that starts from 0),
        trained (iterations; inf if not within `iterations`).
    """
    setting = chosen(size, SETTINGS)
    x = exact.place(density, POINTS)
    exact.check_frequencies(density, x, setting.frequencies)
    X, y = to_circle(x), [exact.target(x, k, setting.normalised) for k in setting.frequencies]
    kernel, rate = KERNEL, SUM_RATE * POINTS
    if setting.hidden_layers > 1:
        kernel = DeepNTK(setting.hidden_layers)
        # of infinite width; a deep network's own λ_1 may well be half as large again
        rate = 0.5 / gram.solve(kernel, x, 1).eigenvalues[0]
    theory = partial(
        exact.predicted_times, density, x, setting.frequencies, setting.threshold, rate, kernel,
        normalised=setting.normalised,
    )
    from_zero = theory()
    frames, networks, targets = [], [], []
    for number in range(setting.seeds):
        of_seed = [_network(setting, rng, device) for _ in setting.frequencies]
        starts = np.array([output(network, X) for network in of_seed])
        frame = from_zero if setting.centred else theory(start=starts)
        frames.append(frame.assign(from_zero=from_zero.theory, seed=number))
        networks += of_seed
        targets.append(y + starts if setting.centred else y)
    training = train(
        networks, X, np.concatenate(targets), rate, setting.iterations,
        regions=np.array([region.contains(x) for region in density.regions]),
        threshold=setting.threshold, norm="half_mse", record=1, device=device, progress=progress,
    )
    return pd.concat(frames, ignore_index=True).assign(trained=training.reached.ravel())


def thinning(weights, frequency, threshold, learning_rate, setting, *, rng):
    """The column `trained` for `convergence.thinning`: one network a density w:1:1.

    nan where fewer than 16 of 734 points fall into the sparsest third.
    """
    frame = exact.thinning(weights, frequency, threshold, learning_rate).assign(trained=np.nan)
    densities = [PiecewiseConstant.equal_pieces([weight, 1, 1]) for weight in weights]
    sparsest = densities[0].regions[0]  # the same third for all
    kept = [j for j, p in enumerate(densities) if POINTS * p.mass(sparsest) >= 16]
    x = np.array([exact.place(densities[j], POINTS) for j in kept])
    networks = [_network(setting, rng, "cpu") for _ in kept]
    pairs = zip(networks, x, strict=True)
    start = [output(net, to_circle(row)) if setting.centred else 0 * row for net, row in pairs]
    training = train(
        networks, np.array([to_circle(row) for row in x]), np.cos(frequency * x) + start,
        learning_rate, setting.iterations, regions=sparsest.contains(x)[:, None],
        threshold=threshold, record=1,
    )
    frame.loc[kept, "trained"] = training.reached[:, 0]
    return frame


@dataclass(frozen=True)
class Order:
    """Figure 6: one network's output in time at T recorded iterations, beside linear theory."""

    density: PiecewiseConstant
    frequency: int
    points: np.ndarray  # (n,)
    iterations: np.ndarray  # (T,)
    outputs: np.ndarray  # (T, n), of what is learned, from 0 if centred
    errors: np.ndarray  # (T, R), root mean square over each region
    predicted: np.ndarray  # (T, R), the same by linear theory
    reached: np.ndarray  # (R,), iteration at which a region's error came down to `threshold`
    threshold: float

    def sequence(self):
        """Regions in the order in which they were finished."""
        return tuple(int(j) for j in np.argsort(self.reached, kind="stable"))


def order(size="quick", *, rng, frequency=14, threshold=0.1, device="cpu", progress=False):
    """Figure 6: which region of the density 11:1:3 converges first on sin 14x?

    Parameters
    ----------
    size : one of `convergence.SETTINGS` or a Setting
        Width, τ, centring and the most iterations are used.
    rng : numpy.random.Generator
    threshold : float
        Root mean square at which a region counts as learned, > 0.

    Returns
    -------
    Order
    """
    setting, density = chosen(size, SETTINGS), ELEVEN_ONE_THREE
    x = exact.place(density, POINTS)
    exact.check_frequencies(density, x, (frequency,), name="frequency")
    y = np.sin(frequency * x)
    network = _network(setting, rng, device)
    start = output(network, to_circle(x)) if setting.centred else np.zeros(len(x))
    regions = np.array([region.contains(x) for region in density.regions])
    spectrum = gram.solve(KERNEL, x, len(x))
    rate = min(SUM_RATE * len(x), 1.8 / spectrum.eigenvalues[0])  # 11:1:3 leaves less room
    training = train(
        [network], to_circle(x), y + start, rate, 2 * setting.iterations, regions=regions,
        threshold=threshold, record=12, outputs=True, device=device, progress=progress,
    )
    descent = dynamics.gradient_descent(spectrum, y, rate)
    predicted = [descent.error(training.iterations, mask) for mask in regions]
    return Order(
        density, frequency, x, training.iterations, training.outputs[:, 0] - start,
        training.errors[:, 0], np.array(predicted).T, training.reached[0], threshold,
    )


def _network(setting, rng, device):
    if setting.hidden_layers > 1:
        return FullyConnected(
            setting.hidden_layers, setting.width, 2, generator=seed(rng), device=device
        )
    return TwoLayerReLU(
        setting.width, 2, weight_scale=setting.weight_scale, generator=seed(rng), device=device
    )
