"""Claims on deep networks."""

from dataclasses import replace

import numpy as np

from ntklab.claims.ledger import Measurement, Rate, claim
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import ONE_TWO_FOUR, depth, fit_power
from ntklab.kernels import DeepNTK, TwoLayerNTK


@claim(
    "C21",
    "(20)-(22)",
    "deep networks: u(t) - y = (I - ηH∞)^t (u(0) - y) up to a small remainder",
    "the remainder falls like m^-1/2 at widths far below those of the theorem",
    "first and last layer fixed (of one, the first trained), evenly spaced points of the circle",
    {"other networks": {"seed": 15}},
)
def measure_laziness(table=None, expected=-0.5, seed=5):
    """C21: what (22) misses on trained networks, against their width."""
    if table is None:
        from ntklab.experiments.trained import depth as trained

        table = trained.lazy_training(rng=np.random.default_rng(seed), device="cpu")

    def law(column):
        # one curve for all depths: the geometric mean over them, of the rms over seeds
        squares = (table[column] ** 2).groupby([table.hidden_layers, table.width])
        rms = np.sqrt(squares.mean())
        mean = np.exp(np.log(rms).groupby("width").mean())
        fitted = fit_power(mean.index.to_numpy(float), mean.to_numpy())
        slopes = depth.slopes_by_seed(table, (column,)).exponent
        error = float(slopes.std() / np.sqrt(len(slopes)))  # over seeds and depths, not of the fit
        return replace(fitted, exponent=float(slopes.mean()), error=error), mean

    residual, size = law("residual")
    drift, moved = law("drift")
    depths = ", ".join(map(str, sorted(set(table.hidden_layers))))
    return Measurement(
        printed=float(size.iloc[-1]),
        tolerance=1e-3,
        rate=Rate("m", residual, expected, margin=0.25),
        figure=f"{depths} hidden layers, width {size.index[0]} to {size.index[-1]}: (22) misses "
        f"{size.iloc[0]:z.2f} to {size.iloc[-1]:z.2f} of the initial error, falling like "
        f"m^({residual}); H moves by {moved.iloc[0]:z.2f} to {moved.iloc[-1]:z.2f}, m^({drift}); "
        "± over seeds and depths",
    )


@claim(
    "C22",
    "empirical results",
    "λ decays like κ^-d, and the convergence speed is O(κ^-d/p)",
    "λ ~ κ^-d for κ well above the number of layers; the speed is p κ^-d, the time κ^d/p",
    "10 hidden layers, 1:2:4, κ from 8 to 24",
    {"3 hidden layers": {"hidden_layers": 3}},
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
    product = table.iloc[-1] * p
    ratios = ["1", *(f"{r:z.2f}" for r in (product / product.iloc[0]).iloc[1:])]
    return Measurement(
        printed=float(np.abs(measured + 2).max()),
        tolerance=0.25,
        corrected=float(np.abs([*(measured - power), in_density - density_power, *off]).max()),
        figure=f"{hidden_layers} hidden layer{'s' if hidden_layers > 1 else ''}: "
        f"λ ~ κ^{slopes[2]:z.2f} on the circle (κ 50 to 200), κ^{slopes[3]:z.2f} on the sphere "
        f"(κ 10 to 30); time ~ κ^{measured.mean():z.2f} (κ 8 to 24), time·p in the "
        f"{'three' if len(ratios) == 3 else len(ratios)} regions {' : '.join(ratios)}",
    )


@claim(
    "C29",
    "deep, non-uniform",
    "in the non-uniform case the eigenfunctions look similar to the uniform case",
    "with waves in Ψ/Z, whose frequency follows √p, they are; with those of the uniform case "
    "less and less as q grows",
    "circle, 1:2:4, q up to 20",
    {"11:1:3": {"density": PiecewiseConstant.equal_pieces([11, 1, 3])}},
)
def measure_likeness(density=ONE_TWO_FOUR, depths=(1, 3, 10), count=41):
    """C29: overlap of each pair of eigenfunctions with waves in x, and with waves in Ψ/Z."""
    figures, straight, warped = [], [], []
    last = (count - 1) // 2
    shown = (1, 5, last)
    for L in depths:
        kernel = TwoLayerNTK() if L == 1 else DeepNTK(L)
        table = depth.wave_overlaps(density, kernel, count)
        straight.append(table.straight.iloc[-1])
        warped.append(table.warped.iloc[-1])
        overlaps = ", ".join(f"{table.straight[q - 1]:z.2f}" for q in shown)
        layers = f"{L} hidden layer{'s' if L > 1 else ''}"
        figures.append(f"{overlaps} and {warped[-1]:z.2f} for {layers}")
    return Measurement(
        printed=float(1 - min(straight)),
        tolerance=0.1,
        corrected=float(1 - min(warped)),
        figure=f"overlap with cos qx, sin qx at q = {', '.join(map(str, shown))}, and with "
        f"cos(qΨ/Z), sin(qΨ/Z) at {last}: {'; '.join(figures)}",
    )


@claim(
    "C27",
    "(20), assumptions",
    "(20) for m >= Ω(n²⁴L¹²log⁵m/δ⁸τ⁶), τ = Θ(εδ̂/n), η = Θ(δ/n⁴L²mτ²), y in the place of "
    "y - u(0)",
    "sufficient, and out of reach: networks obey (22) at widths of hundreds and η of order 1; a "
    "small τ makes u(0) small beside ε, so that y may stand for y - u(0)",
    "constants that are not named taken as 1",
    {"n = 10": {"points": 10}, "5 hidden layers": {"hidden_layers": 5}},
)
def measure_assumptions(points=30, hidden_layers=1, width=512):
    """C27: what the theorem on (20) assumes, beside what networks that obey (22) have (C21)."""
    asked = depth.theorem_settings(points, hidden_layers)
    return Measurement(
        printed=0.0 if asked["log10 m"] < np.log10(width) + 1 else 1.0,
        tolerance=1e-9,
        corrected=0.0 if asked["log10 m"] > 20 else 1.0,
        figure=f"n = {points}, L = {hidden_layers}, ε = δ = δ̂ = 0.1, unnamed constants 1: the "
        f"theorem asks for τ = {asked['tau']:z.1g}, m = 10^{asked['log10 m']:z.0f} and "
        f"η = 10^{asked['log10 eta']:z.0f}; networks of width {width}, τ = 1 and η of order 1 obey "
        "(22), with u(0) kept (C21)",
    )
