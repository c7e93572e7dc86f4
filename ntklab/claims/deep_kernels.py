"""Claims on the recursion and the product that make the kernel of any depth."""

import numpy as np

from ntklab.claims.ledger import Measurement, Rate, claim
from ntklab.experiments import deep_kernels, fit_power


@claim(
    "C04",
    "(3) (4)",
    "pre-activations are independent centred Gaussians of covariance Σ^(h-1)",
    "from the second layer on in the limit: covariance to m^-1/2, excess kurtosis 15(h-1)/m",
    "ReLU, unit inputs",
    {"other networks": {"seed": 13}},
)
def measure_gaussianity(table=None, expected=-0.5, expected_excess=-1.0, seed=3):
    """C04: covariance and excess kurtosis of pre-activations; both must fall as they should."""
    if table is None:
        from ntklab.experiments.trained import deep_kernels as trained

        table = trained.gaussianity(rng=np.random.default_rng(seed), device="cpu")
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
        f"m^({laws['excess']}), within {off:z.1f} standard errors of 3(1+5/m)^(h-1) - 3",
    )


@claim(
    "C05",
    "backup slides",
    "NTK = Σ_h Σ^(h-1) ∏ Σ̇, with c_σ E[σ̇σ̇] = c_σ ρ(π - arccos ρ)/2π (the paper's appendix)",
    "the factor ρ is one too many: Σ̇ = c_σ(π - arccos ρ)/2π; the sum over layers is right",
    "ReLU, unit inputs",
    {"other draws": {"seed": 14}},
)
def measure_slope(slope=None, samples=1_000_000, networks=30, seed=4):
    """C05: Σ̇ by sampling, and the product formula in networks, in standard errors."""
    from ntklab.experiments.trained import deep_kernels as trained

    slope = slope or deep_kernels.slope
    rng = np.random.default_rng(seed)
    table = deep_kernels.slope_products(samples, rng=rng)

    def off(table, formula):
        return float(((table["mean"] - formula) / table.error).abs().max())

    printed, right = (off(table, f(table.angle)) for f in (deep_kernels.printed_slope, slope))
    parts = trained.layer_parts(networks=networks, rng=rng, device="cpu", slope=slope)
    layers = off(parts[parts.formula.abs() > 1e-12], parts.formula)
    return Measurement(
        printed=printed,
        tolerance=5.0,
        corrected=max(right, layers),
        figure=f"E[σ̇σ̇] from {samples:,} draws at {len(table)} angles is off the printed formula by "
        f"up to {printed:z.0f} standard errors, off (π-θ)/2π by {right:z.1f}; the layers' parts of "
        f"{networks} networks are off Σ_h Σ^(h-1) ∏ Σ̇ by {layers:z.1f}",
    )
