"""Claims on the tangent kernel and its limit of infinite width."""

import numpy as np

from ntklab.claims.ledger import Claim, Measurement, Rate
from ntklab.experiments import fit_power

# measured by `ntklab.experiments.tangent_kernel`, which needs torch: imported where used
LECTURE = "tangent_kernel"


def measure_training(table=None, expected=-0.5, start="paired"):
    """C02: what (1), as printed, misses on trained networks, against their width.

    Printed is y where u(0) - y is meant, so the rate is that of networks with u(0) = 0.
    """
    from ntklab.experiments import tangent_kernel as lazy

    if table is None:
        table = lazy.training(rng=np.random.default_rng(1), device="cpu")

    def law(kind, column):
        m, size = lazy.rms(table[table.start_kind == kind], column)
        return m, size, fit_power(m, size)

    m, size, printed = law(start, "printed")
    _, random, flat = law("random", "printed")
    _, counted, with_start = law("random", "counted")
    _, _, vector = law("random", "vector")
    return Measurement(
        printed=float(size[-1]),
        tolerance=1e-3,
        rate=Rate("m", printed, expected),
        figure=f"ε relative to ‖y‖, width {m[0]:.0f} to {m[-1]:.0f}: {size[0]:.3f} to "
        f"{size[-1]:.3f}, m^({printed}), where u(0) = 0; from the usual start {random[0]:.2f} to "
        f"{random[-1]:.2f}, m^({flat}), and with u(0) - y for -y {counted[0]:.3f} to "
        f"{counted[-1]:.3f}, m^({with_start}); as vectors, (22), m^({vector})",
    )


def measure_concentration(table=None, expected=-0.5):
    """C03: distance of one network's kernel from the limit; the depth that fits worst decides."""
    if table is None:
        from ntklab.experiments import tangent_kernel as lazy

        table = lazy.concentration(rng=np.random.default_rng(2), device="cpu")
    laws, figures = [], []
    for L, part in table.groupby("hidden_layers"):
        off = part.groupby("width").deviation.agg(lambda v: np.sqrt(np.mean(v**2)))
        laws.append(fit_power(off.index.to_numpy(float), off.to_numpy()))
        figures.append(f"{L}: {off.iloc[0]:.2f} to {off.iloc[-1]:.3f}, m^({laws[-1]})")
    return Measurement(
        printed=float(off.iloc[-1]),
        tolerance=1e-3,
        rate=Rate("m", max(laws, key=lambda law: abs(law.exponent - expected)), expected),
        figure=f"‖H(0) - H∞‖/‖H∞‖ at width {off.index[0]} to {off.index[-1]}, by hidden layers: "
        + "; ".join(figures),
    )


def measure_gaussianity(table=None, expected=-0.5, expected_excess=-1.0):
    """C04: covariance and excess kurtosis of pre-activations; both must fall as they should."""
    if table is None:
        from ntklab.experiments import tangent_kernel as lazy

        table = lazy.gaussianity(rng=np.random.default_rng(3), device="cpu")
    deep = table[table.layer > 1]
    laws = {}
    for column in ("covariance", "excess"):
        mean = np.exp(np.log(deep[column]).groupby(deep.width).mean())
        laws[column] = fit_power(mean.index.to_numpy(float), mean.to_numpy())
    rates = [Rate("m", laws["covariance"], expected), Rate("m", laws["excess"], expected_excess)]
    off = ((deep.excess - deep.expected) / deep.error).abs().max()
    last = deep[deep.width == deep.width.max()]
    layers = ", ".join(map(str, last.layer))
    return Measurement(
        printed=float(max(last.covariance.max(), last.excess.max())),
        tolerance=1e-3,
        rate=rates[0] if all(rate.confirmed for rate in rates) else None,
        figure=f"ReLU, c_σ = 2, layers {layers}, width {deep.width.min()} to {deep.width.max()}: "
        f"covariance within one network is off Σ by m^({laws['covariance']}); excess kurtosis "
        f"m^({laws['excess']}), within {off:.1f} standard errors of 3(1+5/m)^(h-1) - 3",
    )


def measure_slope(slope=None, samples=1_000_000, networks=30):
    """C05: Σ̇ by sampling, and the product formula in networks, in standard errors."""
    from ntklab.experiments import tangent_kernel as lazy

    slope = slope or lazy.slope
    rng = np.random.default_rng(4)
    table = lazy.slope_products(samples, rng=rng)

    def off(table, formula):
        return float(((table["mean"] - formula) / table.error).abs().max())

    printed, right = (off(table, f(table.angle)) for f in (lazy.printed_slope, slope))
    parts = lazy.layer_parts(networks=networks, rng=rng, device="cpu", slope=slope)
    layers = off(parts[parts.formula.abs() > 1e-12], parts.formula)
    return Measurement(
        printed=printed,
        tolerance=5.0,
        corrected=max(right, layers),
        figure=f"E[σ̇σ̇] from {samples:,} draws at {len(table)} angles is off the printed formula by "
        f"up to {printed:.0f} standard errors, off (π-θ)/2π by {right:.1f}; the layers' parts of "
        f"{networks} networks are off Σ_h Σ^(h-1) ∏ Σ̇ by {layers:.1f}",
    )


CLAIMS = (
    Claim(
        "C02",
        "(1) (8)",
        "‖y - u(t)‖ = √Σ(1-ηλ_i)^2t (v_i·y)² ± ε",
        "ε falls like m^-1/2 if u(0) = 0; otherwise u(0) - y must take the place of -y",
        LECTURE,
        measure_training,
    ),
    Claim(
        "C03",
        "(2)",
        "the tangent kernel of one network is its expectation over random networks",
        "up to a deviation that falls like m^-1/2",
        LECTURE,
        measure_concentration,
    ),
    Claim(
        "C04",
        "(3) (4)",
        "pre-activations are independent centred Gaussians of covariance Σ^(h-1)",
        "from the second layer on in the limit: covariance to m^-1/2, excess kurtosis 15(h-1)/m",
        LECTURE,
        measure_gaussianity,
    ),
    Claim(
        "C05",
        "backup slides",
        "NTK = Σ_h Σ^(h-1) ∏ Σ̇, with c_σ E[σ̇σ̇] = c_σ ρ(π - arccos ρ)/2π (the paper's appendix)",
        "the factor ρ is one too many: Σ̇ = c_σ(π - arccos ρ)/2π; the sum over layers is right",
        LECTURE,
        measure_slope,
    ),
)
