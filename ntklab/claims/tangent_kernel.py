"""Claims on the tangent kernel and its limit of infinite width."""

import numpy as np

from ntklab.claims.ledger import Measurement, Rate, claim
from ntklab.experiments import fit_power, rms

# what trains networks is imported where used: the ledger itself needs no torch


@claim(
    "C02",
    "(1) (8)",
    "‖y - u(t)‖ = √Σ(1-ηλ_i)^2t (v_i·y)² ± ε",
    "ε falls like m^-1/2 if u(0) = 0; otherwise u(0) - y must take the place of -y",
    "two layers with bias, 40 points laid out as the density 1:2:4, target cos x + cos 2x",
    {"other networks": {"seed": 11}},
)
def measure_training(table=None, expected=-0.5, start="paired", seed=1):
    """C02: what (1), as printed, misses on trained networks, against their width.

    Printed is y where u(0) - y is meant, so the rate is that of networks with u(0) = 0.
    """
    if table is None:
        from ntklab.experiments.trained import tangent_kernel

        table = tangent_kernel.training(rng=np.random.default_rng(seed), device="cpu")

    def law(kind, column):
        m, size = rms(table[table.start_kind == kind], column)
        return m, size, fit_power(m, size)

    m, size, printed = law(start, "printed")
    _, random, flat = law("random", "printed")
    _, counted, with_start = law("random", "counted")
    _, _, vector = law("random", "vector")
    return Measurement(
        printed=float(size[-1]),
        tolerance=1e-3,
        rate=Rate("m", printed, expected),
        figure=f"ε relative to ‖y‖, width {m[0]:z.0f} to {m[-1]:z.0f}: {size[0]:z.3f} to "
        f"{size[-1]:z.3f}, m^({printed}), where u(0) = 0; from the usual start {random[0]:z.2f} to "
        f"{random[-1]:z.2f}, m^({flat}), and with u(0) - y for -y {counted[0]:z.3f} to "
        f"{counted[-1]:z.3f}, m^({with_start}); as vectors, (22), m^({vector})",
    )


@claim(
    "C03",
    "(2)",
    "the tangent kernel of one network is its expectation over random networks",
    "up to a deviation that falls like m^-1/2",
    "ReLU, 1 to 3 hidden layers, points of the circle",
    {"other networks": {"seed": 12}},
)
def measure_concentration(table=None, expected=-0.5, seed=2):
    """C03: distance of one network's kernel from the limit; the depth that fits worst decides."""
    if table is None:
        from ntklab.experiments.trained import tangent_kernel

        table = tangent_kernel.concentration(rng=np.random.default_rng(seed), device="cpu")
    laws, figures = [], []
    for L, part in table.groupby("hidden_layers"):
        m, off = rms(part, "deviation")
        laws.append(fit_power(m, off))
        figures.append(f"{L}: {off[0]:z.2f} to {off[-1]:z.3f}, m^({laws[-1]})")
    return Measurement(
        printed=float(off[-1]),
        tolerance=1e-3,
        rate=Rate("m", max(laws, key=lambda law: abs(law.exponent - expected)), expected),
        figure=f"‖H(0) - H∞‖/‖H∞‖ at width {m[0]:z.0f} to {m[-1]:z.0f}, by hidden layers: "
        + "; ".join(figures),
    )
