"""Claims on spectra under non-uniform densities."""

import numpy as np

from ntklab import asymptotics, experiments, fredholm, gram
from ntklab.claims.ledger import Measurement, Rate, claim
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.experiments import CONTINUOUS, ONE_TWO_FOUR
from ntklab.kernels import DeepNTK, TwoLayerNTK

KERNEL = TwoLayerNTK(bias=True)


@claim(
    "C08",
    "(9)",
    "the eigen-system of H^p/n approaches that of the Fredholm equation",
    "it does, with a relative error of order n^-1/2 for i.i.d. points",
    "1:2:4, first 10 eigenvalues, 20 draws a size",
    {"continuous density": {"density": CONTINUOUS, "draws": 10}},
)
def measure_sampling(errors=None, expected=-0.5, density=ONE_TWO_FOUR, draws=20):
    """C08: rms relative eigenvalue error of n i.i.d. points against n."""
    if errors is None:
        errors = experiments.sampling_error(density, np.random.default_rng(8), draws=draws)
    n, off = experiments.rms(errors, "eigenvalue_error", by="points")
    law = experiments.fit_power(n, off)
    return Measurement(
        printed=float(off[-1]),
        tolerance=1e-3,
        rate=Rate("n", law, expected),
        figure=f"rms relative error {off[0]:z.3f} at n={n[0]:z.0f}, {off[-1]:z.4f} at "
        f"n={n[-1]:z.0f}, falling like n^({law})",
    )


EQUAL_IN_TWO_PLACES = PiecewiseConstant.proportional([-np.pi, -1.7, -0.4, 1.9], [1, 4, 1, 4])
OTHERS = PiecewiseConstant.proportional([-2.5, -1.0, 0.3, 2.0], [3, 1, 3, 2])


@claim(
    "C10",
    "(12) (13)",
    "eigenfunctions are a cos(qΨ/Z + b), q an integer, a and b functions of p(x) alone",
    "each region carries a sinusoid of frequency √(p/πλ), but amplitude and phase depend "
    "on the arrangement of the regions and λ tends to Hill's eigenvalues like q^-2: q is no "
    "integer",
    "two regions of density 1 and two of density 4",
    {"other regions": {"density": OTHERS}},
)
def measure_amplitudes(density=EQUAL_IN_TWO_PLACES, expected=-2.0):
    """C10: amplitudes in two regions of the same density; integers q; Hill's equation instead.

    Regions 0 and 2 of `density` must have the same p.
    """
    if not np.isclose(density.values[0], density.values[2]):
        raise ValueError(f"density: regions 0 and 2 must have the same p, got {density}")
    spectrum = fredholm.solve(KERNEL, density, 161)
    amplitude = experiments.region_amplitudes(density, spectrum)[41:]
    spread = float(np.max(np.abs(np.log(amplitude[:, 0] / amplitude[:, 2]))))
    effective = asymptotics.effective_frequency(spectrum, density)[41:]
    off = float(np.abs(effective - np.round(effective)).max())
    near = np.abs(spectrum.eigenvalues[1:] / asymptotics.hill_eigenvalues(density, 160) - 1)
    pairs = near.reshape(-1, 2).max(axis=1)
    q = np.arange(5, 81)
    law = experiments.fit_power(q, pairs[q - 1])
    return Measurement(
        printed=max(np.expm1(spread), off),
        tolerance=0.01,
        corrected_rate=Rate("q", law, expected, margin=0.3),
        figure=f"q from 21 to 80: amplitudes in two regions of equal p differ by up to a factor "
        f"{np.exp(spread):z.2f}; √(Z²/πλ) is up to {off:z.2f} from an integer; Hill's eigenvalues "
        f"are {100 * pairs[4]:z.1f} % off at q = 5, {100 * pairs[79]:z.2f} % at 80, like q^({law})",
    )


@claim(
    "C11",
    "(14)",
    "f'' = -p f/(πλ)",
    "a remainder of relative size q^-2 is missing; a sixth-order law with (pf)(x+π) is exact",
    "1:2:4, q up to 40",
    {"11:1:3": {"density": PiecewiseConstant.equal_pieces([11, 1, 3])}},
)
def measure_lemma(expected=-2.0, density=ONE_TWO_FOUR):
    """C11: relative residual of (14) against q, and of the exact law."""
    spectrum = fredholm.solve(KERNEL, density, 81)
    residual, exact = asymptotics.law_residuals(spectrum, density, highest=160)
    q = np.arange(5, 41)
    law = experiments.fit_power(q, np.sqrt(residual[2 * q - 1] * residual[2 * q]))
    q_even = asymptotics.effective_frequency(fredholm.solve(KERNEL, uniform(), 5), uniform())[4]
    return Measurement(
        printed=float(residual[1:].max()),
        tolerance=1e-9,
        rate=Rate("q", law, expected, margin=0.2),
        figure=f"relative residual of (14) {residual[1]:z.2f} at q=1, {residual[20]:z.4f} at q=10, "
        f"{residual[80]:z.5f} at q=40, falling like q^({law}); of the exact law "
        f"{'< 1e-9' if exact.max() < 1e-9 else f'{exact.max():z.1e}'}; uniform p, q=2: "
        f"p/πλ = {q_even**2:z.1f}, not 4",
    )


@claim(
    "C12",
    "(15) (16)",
    "the general solution is cos(Ψ(x) x/√(πλ) + b)",
    "the factor x is stray; without it, cos(Ψ/√(πλ) + b) is exact for uniform p and odd q >= 3 "
    "and else right up to 1/q",
    "uniform p",
    {"up to q = 60": {"highest": 60}},
)
def measure_general_solution(highest=24, expected=-1.0):
    """C12: does the printed (16), with its stray factor x, or the corrected one, match λ?"""
    p = uniform()
    spectrum = fredholm.solve(KERNEL, p, 2 * highest + 1)
    x = p.grid(4096)
    values, psi = spectrum(x), p.phase(x)

    def residual(q, power):
        phase = psi * x**power / np.sqrt(np.pi * spectrum.eigenvalues[2 * q])
        pair = values[:, 2 * q - 1 : 2 * q + 1]
        basis = np.stack([np.cos(phase), np.sin(phase)], axis=1)
        fit, *_ = np.linalg.lstsq(basis, pair, rcond=None)
        return float(np.linalg.norm(pair - basis @ fit) / np.linalg.norm(pair))

    even = np.arange(4, highest + 1, 2)
    left = np.array([residual(q, 0) for q in even])
    law = experiments.fit_power(even, left)
    printed = min(residual(q, 1) for q in range(3, 12))
    odd = max(residual(q, 0) for q in range(3, highest + 1, 2))
    return Measurement(
        printed=printed,
        tolerance=1e-9,
        corrected_rate=Rate("q", law, expected),
        figure=f"uniform p: the best fit of the eigenfunctions leaves {printed:z.2f} of their norm "
        f"and more with the factor x; without it {'nothing' if odd < 1e-9 else f'{odd:z.1g}'} for "
        f"odd q from 3 on, and for even q {left[0]:z.2f} at q = {even[0]}, {left[-1]:z.2f} at "
        f"{even[-1]}, falling like q^({law})",
    )


@claim(
    "C13",
    "(17)",
    "four-case formula for the eigenvalues",
    "uniform p: λ0 = 1/8+1/2π², λ1 = 1/16+1/2π², then (q²+1)/2π²(q²-1)² and 1/2π²q²; "
    "otherwise only Z²/πq² in the limit",
    "uniform density, two layers with bias",
    {"99 eigenvalues": {"count": 99}},
)
def measure_eigenvalue_formula(corrected=KERNEL.harmonic_eigenvalues, count=49):
    """C13: (17) against the spectrum under the uniform density, pair by pair."""
    p = uniform()
    computed = fredholm.solve(KERNEL, p, count).eigenvalues
    q = np.concatenate([[0], np.repeat(np.arange(1, count), 2)])
    right = corrected(q)
    order = np.argsort(-right, kind="stable")[: len(computed)]  # λ does not fall steadily with q
    ratio = computed / asymptotics.eigenvalue_printed(q[order], p.Z)
    off = float(np.abs(computed / right[order] - 1).max())
    return Measurement(
        printed=float(np.abs(ratio - 1).max()),
        tolerance=1e-11,
        corrected=off,
        figure=f"uniform p: true/printed is {ratio[0]:z.4f} at q=0 and {ratio[1:].min():z.4f} to "
        f"{ratio[1:].max():z.4f} at every q from 1 to {q[order].max()}; closed form "
        f"{'within 1e-11' if off <= 1e-11 else f'off by {off:z.1e}'}",
    )


@claim(
    "C30",
    "(17), remark",
    "there is one eigenfunction for q = 0 and two of the same eigenvalue for every q > 0",
    "exactly so under uniform data; otherwise the two differ by an amount that falls like 1/q "
    "where p jumps",
    "1:2:4, q up to 63",
    {"11:1:3": {"density": PiecewiseConstant.equal_pieces([11, 1, 3])}},
)
def measure_pairs(density=ONE_TWO_FOUR, expected=-1.0, highest=64):
    """C30: how far apart the two eigenvalues of a pair are, in the rms over octaves of q."""
    even = fredholm.solve(KERNEL, uniform(), 2 * highest + 1).eigenvalues
    split = _splitting(fredholm.solve(KERNEL, density, 2 * highest + 1).eigenvalues)
    q = 2 ** np.arange(2, int(np.log2(highest)) + 1)
    octaves = np.split(split[3 : 2 * q[-2] - 1], q[1:-1] - 4)
    apart = np.array([np.sqrt(np.mean(octave**2)) for octave in octaves])
    alike, most = _splitting(even).max(), float(split.max())
    if most <= 1e-3:  # no law of what is next to nothing
        return Measurement(most, 1e-3, f"the two of a pair differ by {most:z.0e} at most")
    law = experiments.fit_power(q[:-1], apart)
    return Measurement(
        printed=most,
        tolerance=1e-3,
        rate=Rate("q", law, expected, margin=0.25),
        figure=f"the two of a pair differ by {100 * split[0]:z.0f} % at q = 1, in the rms by "
        f"{100 * apart[0]:z.1f} % for q from {q[0]} to {q[1] - 1} and {100 * apart[-1]:z.2f} % for "
        f"{q[-2]} to {q[-1] - 1}, q^({law}); under the uniform density by "
        f"{'less than 1e-11' if alike < 1e-11 else f'{alike:z.0e}'}",
    )


def _splitting(eigenvalues):
    upper, lower = eigenvalues[1:].reshape(-1, 2).T
    return 1 - lower / upper


@claim(
    "C14",
    "figure",
    "the formula closely matches the eigenvalues of 50 000 points for several densities",
    "Z²/πq² does, from q = 10 on; the printed constants are too small by π",
    "two layers with bias, q from 10 to 20",
    {"4000 points": {"points": 4000}},
)
def measure_eigenvalue_figure(table=None, points=50_000):
    """C14: eigenvalues of seven densities from `points` points against both formulas."""
    if table is None:
        table = experiments.eigenvalue_table(frequencies=20, points=points)
    high, many = table[table.q >= 10], table.density.nunique()
    printed = float((high["sample"] / high.printed).median())
    off = float((high["sample"] / high.corrected - 1).abs().max())
    sample = float((table["sample"] / table.population - 1).abs().max())
    return Measurement(
        printed=abs(printed - 1),
        tolerance=0.1,
        corrected=off,
        figure=f"{many} densit{'y' if many == 1 else 'ies'}, q from 10 to {high.q.max()}: "
        f"computed/printed = {printed:z.3f} in the median, computed within "
        f"{100 * off:z.1f} % of Z²/πq²; {table.points.iloc[0]} points are within "
        f"{'1e-5' if sample < 1e-5 else f'{sample:z.0e}'} of the population",
    )


@claim(
    "C15",
    "figure",
    "eigenfunctions under p in 3/(2π){1/7, 2/7, 4/7} oscillate faster where p is larger",
    "they do",
    "1:2:4, two layers with bias, even points",
    {"1000 points, 12 of them": {"points": 1000, "count": 12}},
)
def measure_eigenfunctions(density=ONE_TWO_FOUR, points=2933, count=6, sampled=None):
    """C15, C17: eigenvectors of the paper's number of points against the population's.

    Compared with what the lecture says of them: they oscillate like √p, so zeros fall evenly in Ψ.
    """
    population = fredholm.solve(KERNEL, density, 41)
    sample = gram.solve(KERNEL, (sampled or density).grid(points), count)
    # against whole pairs: half a pair of one eigenvalue is any vector of its plane
    overlap = sample.values.T @ population(sample.points)[:, : count | 1] / points
    lost = 1 - np.linalg.svd(overlap, compute_uv=False).min()
    x = np.linspace(-np.pi, np.pi, 40_001)
    zeros = np.array([np.count_nonzero(np.diff(np.sign(v))) for v in population(x).T])
    q = (np.arange(41) + 1) // 2
    wrong = int(np.abs(zeros[1:] - 2 * q[1:]).max())
    uneven = 0.0
    for v in population(x).T[21:]:
        at = x[np.flatnonzero(np.diff(np.sign(v)))]
        gaps = np.diff(density.phase(at))
        uneven = max(uneven, float(gaps.std() / gaps.mean()))
    return Measurement(
        printed=max(float(lost), float(wrong)),
        tolerance=1e-3,
        figure=f"first {count} eigenvectors of {points} points overlap the population's to "
        f"{1 - lost:z.6f}; eigenfunction pair q has 2q {f'± {wrong} ' if wrong else ''}zeros for "
        f"q ≤ 20, spaced evenly in Ψ to {100 * uneven:z.0f} % at q > 10",
    )


@claim(
    "C17",
    "figure",
    "eigenfunctions under (3cos(2x+π)+4.5)/9π, too, oscillate faster where p is larger",
    "they do",
    "two layers with bias, even points",
    {"3000 points, 12 of them": {"points": 3000, "count": 12}},
)
def measure_continuous(points=12_567, count=6):
    """C17: eigenvectors under the paper's continuous density against the population's."""
    return measure_eigenfunctions(CONTINUOUS, points, count)


@claim(
    "C16",
    "figure",
    "the local frequency measured by FFT in every region matches (13), two-layer and depth 10",
    "up to a gap that falls like 1/q or faster, within what an FFT over the region resolves",
    "1:2:4, two layers with bias, 10 hidden layers without",
    {"11:1:3": {"density": PiecewiseConstant.equal_pieces([11, 1, 3])}},
)
def measure_local_frequency(count=81, density=ONE_TWO_FOUR, predicted_for=None, depths=(1, 10)):
    """C16: FFT in every region against q√p_j/Z, for two-layer and deep kernels."""
    figures, misses = [], []
    for L in depths:
        # one hidden layer has a bias, as in the lecture; deep networks have none, as in the paper
        kernel = KERNEL if L == 1 else DeepNTK(L)
        table = experiments.region_frequencies(
            predicted_for or density, fredholm.solve(kernel, density, count)
        )
        table["error"] = (table.measured / table.predicted - 1).abs()
        seen = table[table.periods >= 2]
        typical = seen[seen.q >= 4].groupby("q").error.median()
        law = experiments.fit_power(typical.index.to_numpy(), typical.to_numpy())
        high = float(seen[seen.q >= 10].error.max())
        misses.append((high, law))
        figures.append(
            f"{L} hidden layer{'s' if L > 1 else ''}: within {100 * high:z.1f} % for q from 10 to "
            f"{seen.q.max()}, {100 * seen[seen.q < 10].error.max():z.0f} % below, q^({law})"
        )
    worst, law = max(misses, key=lambda miss: miss[0])
    return Measurement(
        printed=float(max(table.error[table.periods >= 2].max(), worst)),
        tolerance=0.01,
        rate=Rate("q", law, -1.25, margin=0.5),
        figure="; ".join(figures),
    )
