"""Points and angles on the circle and the sphere, to rounding.

The angle between two points is never taken as arccos of a dot product: near 0 and π that loses
half of the digits. Differences of angles and 2·atan2(‖x-y‖, ‖x+y‖) keep them all.
"""

import numpy as np

from ntklab._arguments import LARGEST, broadcast, finite_array, size

UNIT_TOLERANCE = 1e-6  # rows that were normalised in float32 are off by a few 1e-7
UNIT_TO_ROUNDING = 1e-14
LARGEST_NORM = LARGEST  # products of two squared norms stay within float64
SHORT = 0.25  # below this, |x|² + |y|² - 2 x·y has lost more than four of its 53 bits
FEW = 4  # coordinates; of so few all squares are made sooner than the short ones are found
BLOCK = 2**16  # entries that stay in cache


def wrap(theta, *, name="theta"):
    """θ - 2πk in [-π, π).

    Parameters
    ----------
    theta : array_like
        Angles in radians.
    name : str
        What an error calls them.

    Returns
    -------
    ndarray
        Same shape; angles already in [-π, π) come back bit for bit.
    """
    theta = finite_array(name, theta)
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
    broadcast(x=x, z=z)
    half = np.abs(x / 2 - z / 2)  # halves are exact, and their difference cannot overflow
    far = half > np.pi
    if far.any():
        half = np.where(far, np.mod(half, np.pi), half)
    return 2 * np.minimum(half, np.pi - half)


def to_circle(theta):
    """(cos θ, sin θ): angles of shape (n,) to unit vectors of shape (n, 2)."""
    theta = finite_array("theta", theta)
    return np.stack([np.cos(theta), np.sin(theta)], axis=-1)


def unit_vectors(name, points, *, dimension=None):
    """`points` as a float64 array (n, d) with rows of norm 1, or a ValueError naming the row.

    Rows of norm 1 to 1e-6, as float32 leaves them, are divided by their norm; those of norm 1 to
    1e-14 stay as they are, bit for bit.
    """
    if dimension is not None:
        dimension = size("dimension", dimension, at_least=2)
    points = finite_array(name, points, ndim=2)
    if points.shape[0] == 0 or points.shape[1] < 2 or dimension not in (None, points.shape[1]):
        wanted = f"(n, {dimension})" if dimension else "(n, d) with d >= 2"
        raise ValueError(f"{name}: must have shape {wanted} with n >= 1, got {points.shape}")
    with np.errstate(over="ignore"):  # a norm of inf is refused below
        norms = np.linalg.norm(points, axis=1)
    off = np.abs(norms - 1) > UNIT_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise ValueError(
            f"{name}: rows must be unit vectors, got norm {norms[row]:.6g} in row {row}"
        )
    off = np.abs(norms - 1) > UNIT_TO_ROUNDING
    if off.any():
        points[off] /= norms[off, None]
    return points


def directions_and_norms(name, points):
    """Unit vectors u_i and |x_i| of the rows x_i = |x_i| u_i of `points` (n, d), of any norm.

    A row of norm 1 to rounding stays as it is, bit for bit. A row of zeros, or of a norm below
    1e-75, has norm 0 and an arbitrary direction. One column counts as the first of two.

    Raises
    ------
    ValueError
        NaN, an empty array, or entries beyond 1e75.
    """
    points = finite_array(name, points, ndim=2)
    if 0 in points.shape:
        raise ValueError(f"{name}: must have shape (n, d) with n, d >= 1, got {points.shape}")
    if points.shape[1] == 1:
        points = np.hstack([points, np.zeros_like(points)])
    size = np.abs(points).max(axis=1, keepdims=True)
    if size.max() > LARGEST_NORM:
        raise ValueError(f"{name}: must be <= {LARGEST_NORM:g} in size, got {size.max():.6g}")
    zero = size < 1 / LARGEST_NORM
    points = np.where(zero, np.eye(points.shape[1])[0], points)
    size = np.where(zero, 1.0, size)
    scaled = points / size  # so that no square under- or overflows
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    norms = lengths * size
    unit = np.abs(norms - 1) <= UNIT_TO_ROUNDING
    directions = np.where(unit, points, scaled / lengths)
    return directions, np.where(zero, 0.0, np.where(unit, 1.0, norms))[:, 0]


def angle_between(X, Y=None):
    """θ_ij = 2 atan2(‖x_i - y_j‖, ‖x_i + y_j‖) in [0, π].

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit vectors, d >= 2; rows that are unit to float32 (1e-6) are rescaled.
    Y : array_like, shape (m, d), optional
        Unit vectors; X itself when left out.

    Returns
    -------
    ndarray, shape (n, m)
        Angles, with a relative error of about 2e-15 at any angle.

    Raises
    ------
    ValueError
        Rows that are not unit vectors, NaN, or dimensions that differ.
    """
    X = unit_vectors("X", X)
    Y = X if Y is None else unit_vectors("Y", Y, dimension=X.shape[1])
    rows = max(1, BLOCK // len(Y))
    if X.shape[1] <= FEW:
        angles = np.empty((len(X), len(Y)))
        squares = _squares_of_few(X, Y, rows)
    else:
        angles = X @ Y.T  # block by block it gives way to the angles
        squares = _squares_of_many(X, Y, angles, rows)
    for i, (minus, plus) in zip(range(0, len(X), rows), squares, strict=True):
        with np.errstate(divide="ignore"):  # opposite vectors: 2 arctan(∞) = π
            angles[i : i + rows] = 2 * np.arctan(np.sqrt(minus / plus))
    return angles


def _squares_of_few(X, Y, rows):
    """‖x_i - y_j‖² and ‖x_i + y_j‖², some rows at a time, coordinate by coordinate."""
    for i in range(0, len(X), rows):
        pairs = [(X[i : i + rows, k, None], Y[:, k]) for k in range(X.shape[1])]
        yield sum((x - y) ** 2 for x, y in pairs), sum((x + y) ** 2 for x, y in pairs)


def _squares_of_many(X, Y, products, rows):
    """The same from the products of all, which are symmetric where Y is X."""
    opposite = -Y
    square_x, square_y = np.sum(X**2, axis=1), np.sum(Y**2, axis=1)
    for i in range(0, len(X), rows):
        part = slice(i, i + rows)
        squares = square_x[part, None] + square_y
        minus, plus = squares - 2 * products[part], squares + 2 * products[part]
        _square_norms_of_short(minus, X[part], opposite)
        _square_norms_of_short(plus, X[part], Y)
        yield minus, plus


def _square_norms_of_short(squares, X, Y):
    """Puts ‖x_i + y_j‖² in place of those `squares` that are small, hence left with few digits."""
    i, j = np.nonzero(squares < SHORT)
    step = max(1, BLOCK // X.shape[1])
    for k in range(0, len(i), step):
        some = i[k : k + step], j[k : k + step]
        sums = X[some[0]] + Y[some[1]]
        squares[some] = np.einsum("kd,kd->k", sums, sums)
