"""The spectrum of n sampled points: eigenpairs of k(x_i, x_j)/n, the sampled equation (9).

One door, `solve`. On the circle large samples take Lanczos iterations with products of linear cost
(`ntklab.circle_gram`); up to 5000 points in any dimension the n by n matrix is formed.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import LinearOperator, eigsh
from threadpoolctl import threadpool_limits

from ntklab._arguments import finite_array, instance_of, look_like_radians, whole_number
from ntklab._errors import error_bounds, fix_signs
from ntklab.circle_gram import CircleGram, ZonalGram
from ntklab.geometry import wrap
from ntklab.kernels import TwoLayerNTK, ZonalKernel
from ntklab.spectrum import Spectrum

DENSE_LIMIT = 5000
"""Most points for which the n by n matrix is formed: 200 MB, a few times that while solving."""

SMALL = 400
"""Up to this many points the dense matrix is as fast as Lanczos iterations."""

MANY = 1500
"""The same for kernels other than the two-layer one, whose products take longer."""

LARGE = 10_000_000
"""From this many numbers in the eigenvectors on, Lanczos iterations run over runs of points."""

RUNS_PER_PAIR = 512
"""Runs an eigenpair, so that an eigenfunction turns by about 2π/1000 within one."""

SHORTEST_RUN = 8
"""Fewer points a run would save too little over the points themselves."""

LARGEST_EPSILON = 1e-5
"""Largest residual accepted from runs: its square, 1e-10, is the error left in eigenfunctions."""

ROUNDING = 32 * np.finfo(float).eps
"""Of an eigenvalue, relative to the largest one; dense and Lanczos solvers stayed below a third."""


def solve(kernel, points, count=None):
    """Leading eigenpairs of (1/n) Σ_j k(x_i, x_j) v(x_j) = λ v(x_i), the sampled equation (9).

    For i.i.d. points they tend to the population's (`ntklab.fredholm.solve`) like n^-1/2. Angles
    take Lanczos iterations, in time and memory linear in n; few of them, or many eigenpairs, and
    points in any other dimension the n by n matrix.

    Parameters
    ----------
    kernel : ZonalKernel or callable
        For points (n, d) any function with k(X) and k(X, Y) matrices.
    points : array_like, shape (n,) or (n, d)
        Angles on the circle in radians, or points in d dimensions, in any order, repetitions
        allowed; n >= 2. Of (n, d) at most 5000.
    count : int, optional
        Number of eigenpairs, 1 to n; 50 or, with fewer points, n when left out.

    Returns
    -------
    Spectrum
        `points` are the points as given, `weights` 1/n, the eigenfunctions have
        (1/n) Σ_j v(x_j)² = 1. Elsewhere they are extended by the equation itself (Nyström):
        v(x) = (1/nλ) Σ_j k(x, x_j) v(x_j). Evaluating raises a ValueError where an eigenvalue is
        at rounding level, below λ_0 n ε (no-bias kernels and repeated points have such).

    Raises
    ------
    TypeError
        A kernel of the wrong kind, or a count that is no whole number.
    ValueError
        Points that are not finite, of other dimensions or fewer than two; count outside 1..n; more
        than 5000 points where the matrix is needed.

    Notes
    -----
    `errors` bounds how far each eigenvalue may be off, from the norm of the residual
    (1/n) K v - λ v of Lanczos iterations and 32 λ_0 ε for rounding.
    """
    x = finite_array("points", points)
    if x.ndim not in (1, 2) or len(x) < 2:
        raise ValueError(f"points: must have shape (n,) or (n, d) with n >= 2, got {x.shape}")
    n = len(x)
    count = min(50, n) if count is None else whole_number("count", count, at_least=1, at_most=n)
    if x.ndim == 1:
        instance_of("kernel", kernel, ZonalKernel)
        look_like_radians("points", x)
        eigenvalues, values, residuals, at = _on_the_circle(kernel, x, count)
    else:
        instance_of("kernel", kernel, Callable)
        if n > DENSE_LIMIT:
            raise ValueError(
                f"points: must be at most {DENSE_LIMIT} in {x.shape[1]} dimensions, got {n}; solve "
                f"for {DENSE_LIMIT} of them drawn at random (angles on the circle may be more)"
            )
        eigenvalues, values = _dense(_matrix(kernel, x), count)
        values = fix_signs(values) * np.sqrt(n)
        residuals, at = np.zeros(count), lambda y: kernel(y, x) @ values
    eigenvalues = eigenvalues / n
    bounds = error_bounds(eigenvalues, residuals / n, rounding=ROUNDING * abs(eigenvalues[0]))

    def evaluate(y):
        lost = np.flatnonzero(eigenvalues <= eigenvalues[0] * n * np.finfo(float).eps)
        if lost.size:
            raise ValueError(
                f"count: the extension divides by the eigenvalue, and that of index {lost[0]} is "
                f"{eigenvalues[lost[0]]:.3g}, at rounding level; solve with count <= {lost[0]}"
            )
        extended = at(y)
        extended /= n * eigenvalues
        return extended

    return Spectrum(eigenvalues, x, np.full(n, 1 / n), values, evaluate, *bounds)


def _on_the_circle(kernel, x, count):
    """Leading eigenvalues of K, √n times its eigenvectors, norms of residuals, and v -> K v at x.

    The signs are fixed along the circle, so that they don't depend on the order of the points.
    """
    n, two_layer = len(x), isinstance(kernel, TwoLayerNTK)
    by_angle = np.argsort(wrap(x), kind="stable")
    sorted_x = wrap(x)[by_angle]
    few = SMALL if two_layer else MANY
    gram = None
    if n > few and count <= (n // 8 if n <= DENSE_LIMIT else n // 3):
        try:
            gram = CircleGram(sorted_x, kernel) if two_layer else ZonalGram(sorted_x, kernel)
        except ValueError:  # a kernel that cells don't resolve
            if n > DENSE_LIMIT:
                raise
    if gram is None:
        if n > DENSE_LIMIT:
            raise ValueError(
                f"count: must be <= {n // 3} at {n} angles, got {count}; more need the dense "
                f"matrix, which is limited to {DENSE_LIMIT} points"
            )
        eigenvalues, values = _dense(kernel.at_angles(sorted_x), count)
        residuals = np.zeros(count)
    else:
        pairs = _lanczos_over_runs(gram, sorted_x, count) if n * count >= LARGE else None
        eigenvalues, values = pairs or _lanczos(gram, count)
        residuals = n * gram.error + np.array([
            np.linalg.norm(gram @ v - value * v)
            for value, v in zip(eigenvalues, values.T, strict=True)
        ])
    for column in values.T:  # one at a time and in place: `values` is the largest array by far
        column[by_angle] = fix_signs(column[:, None])[:, 0] * np.sqrt(n)

    def at(y):
        if gram is None:  # a thousand rows of the matrix at a time
            parts = np.array_split(y, len(y) // 1000 + 1)
            return np.concatenate([kernel.at_angles(part, x) @ values for part in parts])
        return gram.at(y, values[by_angle])

    return eigenvalues, values, residuals, at


def _matrix(kernel, X):
    try:
        matrix = finite_array("kernel", kernel(X), ndim=2)
    except ValueError as error:  # of the kernel's own argument, which has another name here
        raise ValueError(str(error).replace("X: ", "points: ", 1)) from None
    if matrix.shape != (len(X), len(X)):
        raise ValueError(f"kernel: must give a matrix of shape {(len(X),) * 2}, got {matrix.shape}")
    return matrix


def _dense(matrix, count):
    """Leading eigenpairs of a symmetric matrix, descending; overwrites it."""
    n = len(matrix)
    # of all pairs divide and conquer is the fastest, and its vectors are orthogonal to rounding
    way = {"driver": "evd"} if count == n else {"subset_by_index": (n - count, n - 1)}
    eigenvalues, values = eigh(matrix, overwrite_a=True, **way)
    return eigenvalues[::-1].copy(), np.asfortranarray(values[:, ::-1])


def _lanczos(operator, count):
    """Leading eigenpairs of a symmetric operator, descending; ARPACK's restarted Lanczos."""
    n = operator.shape[0]
    start = np.random.default_rng(0).standard_normal(n)
    # enough vectors for eigenvalues that fall like 1/q² to converge without a restart; double
    # eigenvalues (evenly spaced points) are found too
    vectors = min(n, 2 * count + 20)
    # products with few vectors: a second thread gains nothing, and waits where a core is wanted
    with threadpool_limits(1, user_api="blas"):
        eigenvalues, values = eigsh(operator, k=count, which="LA", v0=start, ncv=vectors)
    return _descending(eigenvalues, values)


def _lanczos_over_runs(gram, angles, count):
    """The same in less time and memory for very many points; None where its own check fails.

    Lanczos spends its time on orthogonalising vectors of n numbers, yet the leading eigenfunctions
    hardly bend from one of 10⁶ points to the next. So K is first restricted to functions that are
    quadratic over runs of neighbouring points: QᵀKQ c = λc, K itself exact. With f = Qc the
    residual Kf - λf, of norm ελ, is orthogonal to all such functions: it wiggles within the runs,
    where K all but annihilates it. Hence Kf/λ, the extension of f by the eigen-equation, has an
    error of order ε² only, and its squared norm 1 + ε² corrects λ to order ε⁴. ε is measured.
    """
    n = gram.shape[0]
    length = n // (RUNS_PER_PAIR * count)
    if length < SHORTEST_RUN:
        return None
    runs = _Runs(gram, angles, length)
    eigenvalues, coefficients = _lanczos(runs, count)
    if eigenvalues[-1] <= n * np.finfo(float).eps * eigenvalues[0]:
        return None
    values = np.empty((n, count), order="F")
    for i in range(count):
        function = runs.expand(coefficients[:, i])
        extended = gram.matvec(function)
        extended /= eigenvalues[i]
        function -= extended
        if np.linalg.norm(function) > LARGEST_EPSILON:
            return None
        norm = np.linalg.norm(extended)
        eigenvalues[i] *= norm**2
        np.divide(extended, norm, out=values[:, i])
    in_order = (np.diff(eigenvalues) <= 0).all()
    return (eigenvalues, values) if in_order else _descending(eigenvalues, values)


class _Runs(LinearOperator):
    """QᵀKQ, Q an orthonormal basis of the functions quadratic over runs of sorted angles."""

    def __init__(self, gram, angles, length):
        self._gram = gram
        self._covered = len(angles) // length * length  # each point left over is a function itself
        place = angles[: self._covered].reshape(-1, length)
        place = place - place.mean(axis=1, keepdims=True)
        place /= np.maximum(np.abs(place).max(axis=1, keepdims=True), np.finfo(float).tiny)
        # QR copes with repeated points: it completes a basis where the powers depend on each other
        basis = np.linalg.qr(np.stack([np.ones_like(place), place, place**2], axis=-1)).Q
        self._basis = np.ascontiguousarray(np.moveaxis(basis, -1, 0))
        size = 3 * len(place) + len(angles) - self._covered
        super().__init__(np.float64, (size, size))

    def expand(self, coefficients):
        """Qc at the n points."""
        function = np.empty(self._gram.shape[0])
        split = coefficients.size - (len(function) - self._covered)
        function[self._covered :] = coefficients[split:]
        pieces = function[: self._covered].reshape(self._basis.shape[1:])
        in_runs = coefficients[:split].reshape(3, -1, 1)
        np.multiply(self._basis[0], in_runs[0], out=pieces)
        for power in (1, 2):
            pieces += self._basis[power] * in_runs[power]
        return function

    def _matvec(self, coefficients):
        function = self._gram.matvec(self.expand(np.reshape(coefficients, -1)))
        pieces = function[: self._covered].reshape(self._basis.shape[1:])
        in_runs = np.einsum("drp,rp->dr", self._basis, pieces)
        return np.concatenate([in_runs.ravel(), function[self._covered :]])


def _descending(eigenvalues, values):
    order = np.argsort(-eigenvalues, kind="stable")
    return eigenvalues[order], np.asfortranarray(values[:, order])
