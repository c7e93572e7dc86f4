"""Claims on deep networks."""

import numpy as np

from ntklab.claims.ledger import Claim, Measurement, Rate
from ntklab.experiments import ONE_TWO_FOUR, depth, fit_power
from ntklab.kernels import DeepNTK

LECTURE = "depth"


def measure_laziness(table=None, expected=-0.5):
    """C21: what (22) misses on trained networks, against their width."""
    if table is None:
        from ntklab.experiments.trained import depth as trained

        table = trained.lazy_training(rng=np.random.default_rng(5), device="cpu")

    def law(column):
        # one curve for all depths: the geometric mean over them, of the rms over seeds
        rms = table.groupby(["hidden_layers", "width"])[column].agg(
            lambda values: np.sqrt(np.mean(values**2))
        )
        mean = np.exp(np.log(rms).groupby("width").mean())
        return fit_power(mean.index.to_numpy(float), mean.to_numpy()), mean

    residual, size = law("residual")
    drift, moved = law("drift")
    depths = ", ".join(map(str, sorted(set(table.hidden_layers))))
    return Measurement(
        printed=float(size.iloc[-1]),
        tolerance=1e-3,
        rate=Rate("m", residual, expected, margin=0.25),
        figure=f"{depths} hidden layers, width {size.index[0]} to {size.index[-1]}: (22) misses "
        f"{size.iloc[0]:z.2f} to {size.iloc[-1]:z.2f} of the initial error, falling like "
        f"m^({residual}); H moves by {moved.iloc[0]:z.2f} to {moved.iloc[-1]:z.2f}, m^({drift})",
    )


def measure_decay(hidden_layers=10, density=ONE_TWO_FOUR, power=2.0, density_power=-1.0):
    """C22: eigenvalues on the circle and the sphere, and times to learn under uneven data.

    `power` and `density_power` are the exponents of κ and p in the corrected time.
    """
    slopes = {}
    for dimension, window in depth.WINDOWS.items():
        decay = depth.eigenvalue_decay((hidden_layers,), window[1], dimension)
        slopes[dimension] = depth.decay_slopes(decay, window).slope.mean()
    times = depth.learning_times(density, (8, 12, 16, 24), DeepNTK(hidden_layers))
    table = times.pivot(index="frequency", columns="region", values="time")
    measured = np.array([fit_power(table.index.to_numpy(float), table[j]).exponent for j in table])
    p = times.groupby("region").density.first()
    in_density = fit_power(p.to_numpy(), table.iloc[-1].to_numpy()).exponent
    off = [slopes[dimension] + dimension for dimension in slopes]
    ratio = table.iloc[-1] * p / (table.iloc[-1] * p).iloc[-1]
    return Measurement(
        printed=float(np.abs(measured + 2).max()),
        tolerance=0.25,
        corrected=float(np.abs([*(measured - power), in_density - density_power, *off]).max()),
        figure=f"{hidden_layers} hidden layers: λ ~ κ^{slopes[2]:z.2f} on the circle "
        f"(κ 50 to 200), κ^{slopes[3]:z.2f} on the sphere (κ 10 to 30); "
        f"time ~ κ^{measured.mean():z.2f} (κ 8 to 24), time·p in the three regions "
        f"1 : {ratio[1] / ratio[0]:z.2f} : {ratio[2] / ratio[0]:z.2f}",
    )


CLAIMS = (
    Claim(
        "C21",
        "(20)-(22)",
        "deep networks: u(t) - y = (I - ηH∞)^t (u(0) - y) up to a small remainder",
        "the remainder falls like m^-1/2 at widths far below those of the theorem",
        LECTURE,
        measure_laziness,
    ),
    Claim(
        "C22",
        "empirical results",
        "λ decays like κ^-d, and a frequency κ is learned in O(κ^-d/p)",
        "λ ~ κ^-d for κ well above the number of layers; the time is O(κ^d/p)",
        LECTURE,
        measure_decay,
    ),
)
