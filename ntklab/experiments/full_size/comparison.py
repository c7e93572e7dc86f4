"""Trained networks beside the paper's medians, linear theory, and other readings of its settings.

The paper states η = 0.004, τ and a rule δ/n, but not the size of its targets, nor whether η belongs
to a sum or a mean. Three readings are compared:

norm 1     targets of norm 1 over the points, η of the sum: the protocol (`experiments.convergence`)
rms 1      plain targets (harmonics of rms 1, sin κx itself of rms 1/√2), η of the sum
η of mean  targets of norm 1, η of the mean: 1/n of the steps, so that gradient flow describes it

and, beside them, lazy networks: weights and width so large that linear theory holds.
"""

import numpy as np
import pandas as pd
from scipy.special import bdtr

from ntklab import dynamics, gram, sphere
from ntklab._arguments import finite_array
from ntklab.experiments import convergence
from ntklab.experiments import sphere as halves
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR

PAPER = {  # medians that are printed, by figure and pair of regions
    "7": {"1:4": 3.89, "2:4": 1.96},
    "9": {f"1:{ratio}": median for ratio, median in halves.PAPER.items()},
}
LEAVES = 1.1  # times of networks over those of linear theory beyond which they are lazy no more


def interval(values):
    """An interval for the median of a distribution, by ranks: (low, high, their coverage).

    The k-th smallest and largest of N values have the median between them with probability
    1 - 2 P(B < k), B binomial (N, 1/2), whatever the distribution. k is the largest for which that
    is at least 0.95, or 1: few values cover less.

    Raises
    ------
    ValueError
        No value, or one that is not finite.
    """
    ordered = np.sort(finite_array("values", values, ndim=1))
    if not len(ordered):
        raise ValueError("values: must hold one at least, got none")
    count = len(ordered)
    fewer = bdtr(np.arange(count), count, 0.5)  # P(B <= k) for k = 0 … N - 1
    k = max(1, int(np.searchsorted(fewer, 0.025)))
    coverage = 1 - 2 * fewer[k - 1]
    return float(ordered[k - 1]), float(ordered[-k]), float(max(coverage, 0.0))


def pairs(table):
    """Times in both regions of every pair that is compared, from a table of circle or sphere.

    Returns
    -------
    pandas.DataFrame
        pair ("1:4", ...), seed, frequency, and slow, fast, theory_slow, theory_fast, zero_slow,
        zero_fast, theory: iterations in the sparse and in the dense region by networks, by linear
        theory from the same u(0), from 0, and the quotient of the second; nan where there is none.
    """
    found = _of_sphere(table) if "ratio" in table else _of_circle(table)
    exact = ["theory_slow", "theory_fast", "zero_slow", "zero_fast"]
    found[exact] = found.reindex(columns=exact).replace(np.inf, np.nan)
    if "theory" not in found:
        found["theory"] = found.theory_slow / found.theory_fast
    return found.reset_index(drop=True)


def _of_sphere(table):
    starts = {"": "", "predicted_": "theory_", "zero_": "zero_"}
    halves_ = {"sparse": "slow", "dense": "fast"}
    names = {a + c: b + d for a, b in starts.items() for c, d in halves_.items()}
    names["predicted"] = "theory"
    kept = ["seed", "frequency", *(name for name in names if name in table)]
    return table[kept].rename(columns=names).assign(pair="1:" + table.ratio.astype(str))


def _of_circle(table):
    """Regions 0, 1 and 2 of 1:2:4, each sparse one beside the densest."""
    starts = {"trained": "", "theory": "theory_", "from_zero": "zero_"}
    named = {old: new for old, new in starts.items() if old in table}
    wide = table.pivot(index=["seed", "frequency"], columns="region", values=list(named))
    frames = []
    for region, pair in ((0, "1:4"), (1, "2:4")):
        names = {(old, region): f"{new}slow" for old, new in named.items()}
        names |= {(old, 2): f"{new}fast" for old, new in named.items()}
        frame = wide[list(names)].set_axis(list(names.values()), axis=1)
        frames.append(frame.reset_index().assign(pair=pair))
    return pd.concat(frames, ignore_index=True)


def medians(table, below=np.inf):
    """Medians of sparse over dense, over all κ < `below` that are learned in all regions.

    Returns
    -------
    pandas.DataFrame
        pair, networks (median over κ and seeds), low, high and coverage (`interval` of the medians
        that single seeds have), theory and from_zero (medians over the same κ and seeds), seeds,
        learned and runs (how many of how many κ and seeds).
    """
    times, rows = pairs(table), []
    times = times[times.frequency < below]
    # on the circle all three regions are one network's
    together = ["seed", "frequency", *(["pair"] if "ratio" in table else [])]
    ends = times.groupby(together)[["slow", "fast"]].transform("max").max(axis=1)
    for pair, every in times.groupby("pair"):
        part = every[np.isfinite(ends[every.index])]
        row = {"pair": pair, "seeds": every.seed.nunique(), "learned": len(part),
               "runs": len(every)}
        if len(part):
            quotient = part.slow / part.fast
            each = quotient.groupby(part.seed).median()
            row["networks"] = quotient.median()
            row["low"], row["high"], row["coverage"] = interval(each)
            row["theory"] = part.theory.median()
            row["from_zero"] = (part.zero_slow / part.zero_fast).median()
        rows.append(row)
    columns = ["pair", "networks", "low", "high", "coverage", "theory", "from_zero", "seeds",
               "learned", "runs"]
    return pd.DataFrame(rows, columns=columns)


def departures(table):
    """Times of networks over those of linear theory from the same u(0), against κ.

    Returns
    -------
    pandas.DataFrame
        frequency, departure (median over seeds and regions; inf where most are not learned in
        time), low and high (least and largest of single seeds' medians).
    """
    times = pairs(table)
    both = [times[["seed", "frequency"]].assign(ratio=times[part] / times[f"theory_{part}"])
            for part in ("slow", "fast")]
    long = pd.concat(both).dropna()
    each = long.groupby(["frequency", "seed"]).ratio.median()
    found = long.groupby("frequency").ratio.median().rename("departure").to_frame()
    found["low"], found["high"] = each.groupby("frequency").min(), each.groupby("frequency").max()
    return found.reset_index()


def leaves(table):
    """The κ from which on networks are slower than linear theory by more than `LEAVES`.

    Returns
    -------
    (frequency, low, high)
        By the medians over seeds and regions, and the earliest and latest of single seeds; inf
        where it does not happen up to the largest κ.
    """
    seeds = [_first(departures(rows)) for _, rows in table.groupby("seed")]
    return _first(departures(table)), min(seeds), max(seeds)


def _first(found):
    """The least κ from which on every departure is beyond `LEAVES`."""
    last = found.frequency[found.departure <= LEAVES].max()  # nan where there is none
    rest = found.frequency[~(found.frequency <= last)]
    return float(rest.min()) if len(rest) else np.inf


def in_order(table):
    """(networks that finish their regions in the order of the densities, all): Figure 6."""
    wide = table.pivot(index=["seed", "frequency"], columns="region", values="trained")
    densities = table.groupby("region").density.first().sort_values(ascending=False)
    times = wide[densities.index].to_numpy()
    sorted_ = (times[:, :-1] < times[:, 1:]).all(axis=1)
    return int(sorted_.sum()), len(times)


def of_the_mean(rng):
    """The reading "η of mean" by linear theory from 0: nothing has to be trained to refute it.

    Returns
    -------
    pandas.DataFrame
        figure, pair, from_zero (median of the quotients), first (iterations in the sparse region at
        the smallest κ: how many the paper's 20 000 would have to be).
    """
    setting = convergence.PROTOCOL
    x = convergence.place(ONE_TWO_FOUR, convergence.POINTS)
    times = convergence.predicted_times(
        ONE_TWO_FOUR, x, setting.frequencies, setting.threshold, convergence.SUM_RATE,
        normalised=True,
    )
    wide = times.pivot(index="frequency", columns="region", values="theory")
    rows = [
        ("7", pair, (wide[region] / wide[2]).median(), wide[region].iloc[0])
        for region, pair in ((0, "1:4"), (1, "2:4"))
    ]
    for ratio in halves.RATIOS:
        slow, fast = _flow(ratio, rng).T
        rows.append(("9", f"1:{ratio}", np.median(slow / fast), slow[0]))
    return pd.DataFrame(rows, columns=["figure", "pair", "from_zero", "first"])


def _flow(ratio, rng):
    """Iterations at η = 0.004 of the mean for one draw of the paper's points, (K, 2)."""
    density, X = sphere.hemispheres(ratio), halves.points(ratio, 300, rng)
    spectrum = gram.solve(halves.NETWORK, X, len(X))
    found = []
    for k in range(2, 8):
        y = sphere.harmonic(k)(X)
        descent = dynamics.gradient_descent(spectrum, y, convergence.SUM_RATE)
        scale = np.linalg.norm(y) / np.sqrt(len(X))
        found.append(halves.halves(descent, density, X, halves.PROTOCOL * scale)[:2])
    return np.array(found, dtype=float)


READINGS = (
    ("7", "norm 1", "circle_protocol"),
    ("7", "norm 1, 10 hidden layers", "circle_deep"),
    ("7", "rms 1", "circle_rms_1"),
    ("7", "lazy", "circle_lazy"),
    ("9", "norm 1", "sphere_protocol"),
    ("9", "rms 1", "sphere_rms_1"),
    ("9", "lazy", "sphere_lazy"),
)


def beside_the_paper(tables, rng, source=None):
    """Figures 7 and 9 in one table: the paper, networks, linear theory, and all readings.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Those of `READINGS` that there are.
    rng : numpy.random.Generator
        Of the points for which "η of mean" is predicted.
    source : mapping of str to str, optional
        Where each table comes from.

    Returns
    -------
    pandas.DataFrame
        figure, reading, pair, paper, the columns of `medians` and `of_the_mean`, source.
    """
    frames, source = [], source or {}
    for figure, reading, name in READINGS:
        if name not in tables:
            continue
        table = tables[name]
        origin = source.get(name, "")
        frames.append(_row(medians(table), figure, reading).assign(source=origin))
        if (figure, reading) == ("7", "norm 1") and (last := leaves(table)[0]) < np.inf:
            lazy = _row(medians(table, last), figure, f"norm 1, κ < {last:zg}")
            frames.append(lazy.assign(source=origin))
    for figure, part in of_the_mean(rng).groupby("figure"):
        exact = _row(part[["pair", "from_zero", "first"]], figure, "η of mean, theory")
        frames.append(exact.assign(source="linear theory"))
    return pd.concat(frames, ignore_index=True).sort_values("figure", kind="stable")


def _row(found, figure, reading):
    printed = {} if "layers" in reading else PAPER[figure]
    found = found.assign(figure=figure, reading=reading, paper=found.pair.map(printed))
    first = ["figure", "reading", "pair", "paper"]
    return found[[*first, *(name for name in found if name not in first)]]
