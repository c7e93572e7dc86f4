"""Common to all solvers: bounds on the errors of eigenpairs, and fixed signs of eigenvectors."""

import numpy as np

EPS = np.finfo(float).eps
UNDETERMINED = np.sqrt(2)  # between unit functions of free sign: no bound is larger


def error_bounds(eigenvalues, residuals, following=np.inf, rounding=0.0):
    """Bounds on errors of eigenvalues and eigenfunctions, from r_i = ‖T v_i - λ_i v_i‖ in L²(p).

    Neighbours whose intervals λ_i ± r_i meet form a cluster; R² is its sum of r_i², γ its distance
    from the intervals of all others. A self-adjoint T has as many eigenvalues within R of the
    cluster's λ_i as the cluster has members, and within R²/γ where the λ_i are Rayleigh-Ritz values
    (Temple, Kato). The eigenfunction of a cluster of one is off by at most √2 R/γ (Davis, Kahan).

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        Descending Rayleigh-Ritz values; the largest of T, which no residual can tell.
    residuals : ndarray, shape (k,)
        r_i or a bound on it. Where T is replaced by T', ‖T - T'‖ is one.
    following : float
        The upper end of the interval of the eigenvalue after the last; inf where nothing is known,
        and then the last cluster has the bound R alone; 0 where T has no other.
    rounding : float or ndarray, shape (k,)
        Added to the bounds of eigenvalues, and to the residuals of eigenfunctions.

    Returns
    -------
    errors, function_errors : ndarray, shape (k,)
    """
    low, high = eigenvalues - residuals, eigenvalues + residuals
    # of eigenvalues in descending order a cluster begins where all before lie above all that follow
    floor, roof = np.minimum.accumulate(low), np.maximum.accumulate(high[::-1])[::-1]
    starts = np.flatnonzero(np.append(True, floor[:-1] > roof[1:]))
    stops = np.append(starts[1:], len(eigenvalues))
    errors, functions = np.empty((2, len(eigenvalues)))
    for a, b in zip(starts, stops, strict=True):
        R = np.linalg.norm(residuals[a:b])
        above = floor[a - 1] - eigenvalues[a] if a else np.inf
        below = eigenvalues[b - 1] - (roof[b] if b < len(eigenvalues) else following)
        gap = min(above, below)
        errors[a:b] = min(R, R**2 / gap) if gap > 0 else R
        alone = b == a + 1 and gap > 0
        functions[a:b] = np.sqrt(2) * (R + np.max(rounding)) / gap if alone else UNDETERMINED
    return errors + rounding, np.minimum(functions, UNDETERMINED)


def above_rounding(values, count, fewer):
    """How many eigenvalues exceed rounding; refuses a count beyond, unless `fewer` will do."""
    good = np.count_nonzero(values > 100 * EPS * values[0])
    if count > good and not fewer:
        raise ValueError(f"count: only {good} eigenvalues exceed rounding, got {count}")
    return good


def fix_signs(values):
    """`values` (N, k) with each column's first entry of full size positive."""
    return values * signs(values)


def signs(values):
    """1 or -1 for each column of `values` (N, k): the sign of its first entry of full size.

    An eigenfunction's sign is free; fixing it makes pictures and printed figures repeatable.
    """
    height = np.abs(values)
    # "of full size" with a margin, so that rounding among equal extrema cannot flip the choice
    first = np.argmax(height > 0.9 * height.max(axis=0), axis=0)
    return np.where(values[first, np.arange(values.shape[1])] < 0, -1.0, 1.0)
