"""Points and angles on the circle and the sphere, to rounding.

The angle between two points is never taken as arccos of a dot product: near 0 and π that loses
half of the digits. Differences of angles and 2·atan2(‖x-y‖, ‖x+y‖) keep them all.
"""

import numpy as np

from ntklab._arguments import finite_array

UNIT_TOLERANCE = 1e-8


def wrap(theta):
    """θ - 2πk in [-π, π).

    Parameters
    ----------
    theta : array_like
        Angles in radians.

    Returns
    -------
    ndarray
        Same shape; angles already in [-π, π) come back bit for bit.
    """
    theta = finite_array("theta", theta)
    inside = (theta >= -np.pi) & (theta < np.pi)
    wrapped = np.mod(theta + np.pi, 2 * np.pi) - np.pi
    # mod may round up to 2π itself for a tiny negative argument
    wrapped = np.where(wrapped >= np.pi, -np.pi, wrapped)
    return np.where(inside, theta, wrapped)


def circle_distance(x, z):
    """d(x, z) = min_k |x - z + 2πk| in [0, π], the angle between two points of the circle.

    Equation (11) of the lecture writes |x - z|; it holds only after this wrapping.

    Parameters
    ----------
    x, z : array_like
        Angles in radians, shapes that broadcast.
    """
    x, z = finite_array("x", x), finite_array("z", z)
    gap = np.abs(x - z)
    far = gap > 2 * np.pi
    if far.any():
        gap = np.where(far, np.mod(gap, 2 * np.pi), gap)
    return np.minimum(gap, 2 * np.pi - gap)


def to_circle(theta):
    """(cos θ, sin θ): angles of shape (n,) to unit vectors of shape (n, 2)."""
    theta = finite_array("theta", theta)
    return np.stack([np.cos(theta), np.sin(theta)], axis=-1)


def to_angle(points):
    """atan2(y, x) in [-π, π): points of shape (n, 2) to angles of shape (n,)."""
    points = unit_vectors("points", points, dimension=2)
    return wrap(np.arctan2(points[:, 1], points[:, 0]))


def unit_vectors(name, points, *, dimension=None):
    """`points` as a float64 array (n, d) with rows of norm 1, or a ValueError naming the row."""
    points = finite_array(name, points, ndim=2)
    if points.shape[0] == 0 or points.shape[1] < 2 or dimension not in (None, points.shape[1]):
        wanted = f"(n, {dimension})" if dimension else "(n, d) with d >= 2"
        raise ValueError(f"{name}: must have shape {wanted} with n >= 1, got {points.shape}")
    norms = np.linalg.norm(points, axis=1)
    off = np.abs(norms - 1) > UNIT_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise ValueError(
            f"{name}: rows must be unit vectors, got norm {norms[row]:.6g} in row {row}"
        )
    return points


def angle_between(X, Y=None):
    """θ_ij = 2 atan2(‖x_i - y_j‖, ‖x_i + y_j‖) in [0, π].

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit vectors, d >= 2.
    Y : array_like, shape (m, d), optional
        Unit vectors; X itself when left out.

    Returns
    -------
    ndarray, shape (n, m)
        Angles, accurate to a few units in the last place at any angle.

    Raises
    ------
    ValueError
        Rows that are not unit vectors, NaN, or dimensions that differ.
    """
    X = unit_vectors("X", X)
    Y = X if Y is None else unit_vectors("Y", Y, dimension=X.shape[1])
    minus = np.zeros((len(X), len(Y)))
    plus = np.zeros((len(X), len(Y)))
    # coordinate by coordinate: differences before squares, so no digit is lost to 1 - x·y
    for a, b in zip(X.T, Y.T, strict=True):
        minus += np.subtract.outer(a, b) ** 2
        plus += np.add.outer(a, b) ** 2
    return 2 * np.arctan2(np.sqrt(minus), np.sqrt(plus))
