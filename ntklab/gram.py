"""The spectrum of n sampled points on the circle: eigenpairs of k(x_i, x_j)/n, equation (9).

For the two-layer kernel the product with the n by n Gram matrix is exact and costs O(n).

Fold each angle x to φ in [-π/2, π/2] and a side σ = ±1: φ = x, σ = 1 on the right half of the
circle, φ = x ∓ π, σ = -1 on the left. With δ = |φ - φ'| the angle θ between two points is δ on the
same side and π - δ on opposite sides, so that

    π - θ = π/2 + σσ'(π/2 - δ)      and      cos θ = σσ' cos δ,

    k/c = (π - θ)(β + cos θ)
        = (π/2)(β + σσ' cos δ) + βσσ'(π/2 - δ) + cos δ (π/2 - δ).

Since cos δ = cos φ cos φ' + sin φ sin φ', the first term has rank 3 at most and the others are the
"ramp" π/2 - |φ - φ'| between the factors σσ', cos φ cos φ' and sin φ sin φ'. A product with the
ramp needs only running sums over the sorted φ: with C_m(φ) = Σ_{φ_j > φ} φ_j^m w_j -
Σ_{φ_j <= φ} φ_j^m w_j,

    Σ_j (π/2 - |φ - φ_j|) w_j = φ C_0(φ) - C_1(φ) + (π/2) Σ_j w_j.

The ramp is continuous, so repeated and antipodal points (δ = 0) need no care.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.fft import next_fast_len, rfft
from scipy.linalg import eigh, eigvalsh, toeplitz
from scipy.sparse.linalg import LinearOperator, eigsh

from ntklab._arguments import MOST, finite_array, instance_of, real_array, whole_number
from ntklab.geometry import wrap
from ntklab.kernels import TwoLayerNTK, ZonalKernel
from ntklab.spectrum import Spectrum, fix_signs

DENSE_LIMIT = 5000
"""Most points for which the n by n matrix is formed: 200 MB, a few times that while solving."""

SMALL = 400
"""Up to this many points the dense matrix is as fast as Lanczos iterations."""

LARGE = 10_000_000
"""From this many numbers in the eigenvectors on, Lanczos iterations run over runs of points."""

RUNS_PER_PAIR = 512
"""Runs an eigenpair, so that an eigenfunction turns by about 2π/1000 within one."""

SHORTEST_RUN = 8
"""Fewer points a run would save too little over the points themselves."""

LARGEST_EPSILON = 1e-5
"""Largest residual accepted from runs: its square, 1e-10, is the error left in eigenfunctions."""

MOST_HARMONICS = 10_000
"""Largest frequency of a matrix of harmonics, whose side is twice that."""

ROWS = 64
"""Most rows of the table of points: more would cost more than the running sums over columns."""

COLUMNS = 1024
"""Fewer columns would leave a row's work below the cost of calling it."""

BLOCK = 256
"""Terms summed one after another before partial sums are combined."""


class CircleGram(LinearOperator):
    """K_ij = k(x_i, x_j) for n angles, as a SciPy LinearOperator of linear cost.

    Products equal those with ``kernel.at_angles(angles)`` to rounding; time and memory are O(n)
    after one sort. The entries are not divided by n.

    Parameters
    ----------
    angles : array_like, shape (n,)
        Points on the circle in radians, in any order, repetitions allowed; n >= 2.
    kernel : TwoLayerNTK

    Raises
    ------
    TypeError
        A kernel that is no TwoLayerNTK.
    ValueError
        Angles that are not finite, not one-dimensional or fewer than two.
    """

    def __init__(self, angles, kernel):
        self.kernel = instance_of("kernel", kernel, TwoLayerNTK)
        angles = _sample(angles)
        n = len(angles)
        order = np.argsort(_fold(angles).offset, kind="stable")
        self._angles = angles = angles[order]
        # sorted points run down the columns of a table, so that a running sum adds whole rows;
        # the last point fills up the last column
        rows = min(max(n // COLUMNS, 1), ROWS)
        place = np.arange(-(-n // rows) * rows).reshape(-1, rows).T
        self._filled = max(0, place.size - n)
        place = np.minimum(place, n - 1, order="C")  # a row lies together in memory
        self._order, angles = order[place], angles[place]
        folded = _fold(angles)
        del order, place, angles  # memory is what bounds n
        self._factors = np.stack([folded.cosine, folded.sine, folded.side], axis=1)
        edges = np.append(folded.offset[0, 1:], folded.offset[-1, -1])
        # way to the head of the next column
        self._ahead = np.subtract(edges, folded.offset, out=folded.offset)
        super().__init__(np.float64, (n, n))

    def at(self, x, v):
        """Σ_j k(x_i, x_j) v_j at any angles x: the rectangular product.

        Parameters
        ----------
        x : array_like, shape (m,)
            Angles in radians.
        v : array_like, shape (n,) or (n, k)
            Coefficients of the n points, in the order they were given.

        Returns
        -------
        ndarray, shape (m,) or (m, k)
            In O(n k + m (k + log n)) time.
        """
        places, sample = _fold(finite_array("x", x, ndim=1)), _fold(self._angles)
        v = real_array("v", v)
        if v.ndim not in (1, 2) or len(v) != self.shape[1]:
            n = self.shape[1]
            raise ValueError(f"v: must have shape ({n},) or ({n}, k), got {v.shape}")
        at_or_below = np.searchsorted(sample.offset, places.offset, side="right")
        order = np.append(self._order.T.ravel()[: len(v) - 1], self._order[-1, -1])
        # column by column: the temporaries stay at a few arrays of n
        columns = (finite_array("v", column, ndim=1)[order] for column in np.atleast_2d(v.T))
        products = [self._elsewhere(column, sample, places, at_or_below) for column in columns]
        return products[0] if v.ndim == 1 else np.reshape(products, (v.shape[1], len(x))).T

    def _matvec(self, v):
        v = np.asarray(v).reshape(-1)
        if np.iscomplexobj(v):
            return self._matvec(v.real) + 1j * self._matvec(v.imag)
        product = np.empty(len(v))
        product[self._order] = self._table(v.astype(np.float64, copy=False)[self._order])
        return product

    def _adjoint(self):
        return self

    def _transpose(self):
        return self

    def _table(self, v):
        """Σ_j k(x_i, x_j) v_j, points and coefficients in the table; overwrites v.

        The ramp r(φ) = Σ_j (π/2 - |φ - φ_j|) w_j runs in straight lines from point to point. At a
        point its slope C_0 falls by 2w_j. All columns are gone down together, a row at a time.
        """
        if self._filled:
            v[-self._filled :, -1] = 0
        bias = self.kernel.bias
        factors, side = self._factors[:, : 2 + bias], self._factors[:, 2]
        product = side * v
        first = np.einsum("ifb,ib->f", factors[:, :2], product)
        constant = bias * v.sum()
        mass = np.einsum("ifb,ib->fb", factors, v)
        moment = np.einsum("ifb,ib->fb", factors, np.multiply(self._ahead, v, out=product))
        below = np.array([_running_sums(row) for row in mass])
        total = below[:, -1:]
        slope = total - 2 * below[:, :-1]
        risen = np.array([_running_sums(row) for row in slope * self._ahead[0] - 2 * moment])
        # r(φ_1) + r(φ_n) = (π - (φ_n - φ_1)) Σ w
        span = np.sum(self._ahead[0])
        ramp = risen[:, :-1] + ((np.pi - span) * total - risen[:, -1:]) / 2
        work, v = np.empty_like(ramp), np.multiply(v, -2, out=v)
        before = self._ahead[0]
        for factor, s, ahead, w, row in zip(
            factors, side, self._ahead, v, product, strict=True
        ):
            ramp += np.multiply(slope, before - ahead, out=work)
            np.add.reduce(np.multiply(factor, ramp, out=work), axis=0, out=row)
            # first term: (π/2)(β + σσ' cos δ)
            row += np.pi / 2 * (constant + s * (first @ factor[:2]))
            slope += np.multiply(factor, w, out=work)
            before = ahead
        product *= self.kernel.constant
        return product

    def _elsewhere(self, v, sample, places, at_or_below):
        """The same at folded places, given how many of the sorted φ_j lie at or below."""
        bias = self.kernel.bias
        # first term: (π/2)(β + σσ' cos δ)
        w = sample.side * v
        product = places.cosine * (w * sample.cosine).sum()
        product += places.sine * (w * sample.sine).sum()
        product *= places.side
        product += bias * v.sum()
        product *= np.pi / 2
        # the others: the ramp between cos φ cos φ', sin φ sin φ' and βσσ'
        factors = [(sample.cosine, places.cosine), (sample.sine, places.sine)]
        if bias:
            factors.append((sample.side, places.side))
        for source, target in factors:
            np.multiply(source, v, out=w)
            mass, moment = _running_sums(w), _running_sums(w * sample.offset)
            ramp = places.offset * (mass[-1] - 2 * mass[at_or_below])
            ramp += 2 * moment[at_or_below] + np.pi / 2 * mass[-1] - moment[-1]
            product += target * ramp
        product *= self.kernel.constant
        return product


@dataclass(frozen=True)
class _Folded:
    """Angles x folded to offset φ in [-π/2, π/2] and side σ, with x = φ or x = φ ± π."""

    offset: np.ndarray
    side: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray


def _fold(angles):
    x = wrap(angles)
    left = np.abs(x) > np.pi / 2
    offset = np.where(left, x - np.copysign(np.pi, x), x)
    return _Folded(offset, np.where(left, -1.0, 1.0), np.cos(offset), np.sin(offset))


def _running_sums(w):
    """(0, w_1, w_1 + w_2, ...), with an error that grows like log n and not like n.

    Sums run within blocks and then over the blocks, recursively. One plain running sum of 10⁶
    terms 0.1 is wrong in the 11th digit, because long stretches of steps round the same way.
    """
    sums = np.empty(len(w) + 1)
    sums[0] = 0
    if len(w) <= BLOCK:
        np.cumsum(w, out=sums[1:])
        return sums
    whole = len(w) - len(w) % BLOCK
    blocks, rest = sums[1 : whole + 1].reshape(-1, BLOCK), sums[whole + 1 :]
    np.cumsum(w[:whole].reshape(-1, BLOCK), axis=1, out=blocks)
    np.cumsum(w[whole:], out=rest)
    before = _running_sums(blocks[:, -1])
    blocks += before[:-1, None]
    rest += before[-1]
    return sums


def solve(kernel, angles, count=50):
    """Leading eigenpairs of (1/n) Σ_j k(x_i, x_j) v(x_j) = λ v(x_i), the sampled equation (9).

    For i.i.d. points they tend to the population's (`ntklab.fredholm.solve`) like n^-1/2. The
    two-layer kernel takes Lanczos iterations with `CircleGram`, in time and memory linear in n;
    any other zonal kernel, and few points or many eigenpairs, the dense matrix.

    Parameters
    ----------
    kernel : ZonalKernel
    angles : array_like, shape (n,)
        Points on the circle in radians, in any order, repetitions allowed; n >= 2.
    count : int
        Number of eigenpairs, 1 to n.

    Returns
    -------
    Spectrum
        `points` are the angles as given, `weights` 1/n, the eigenfunctions have
        (1/n) Σ_j v(x_j)² = 1. Elsewhere they are extended by the equation itself (Nyström):
        v(x) = (1/nλ) Σ_j k(x, x_j) v(x_j). Evaluating raises a ValueError where an eigenvalue is
        at rounding level, below λ_0 n ε (no-bias kernels and repeated points have such).

    Raises
    ------
    TypeError
        A kernel that is no ZonalKernel, or a count that is no whole number.
    ValueError
        Angles that are not finite, not one-dimensional or fewer than two; count outside 1..n; more
        than 5000 points where the dense matrix is needed.
    """
    instance_of("kernel", kernel, ZonalKernel)
    angles = _sample(angles)
    n = len(angles)
    count = whole_number("count", count, at_least=1, at_most=n)
    by_angle = np.argsort(wrap(angles), kind="stable")
    eigenvalues, values = _leading(kernel, wrap(angles)[by_angle], count)
    eigenvalues /= n
    for column in values.T:  # one at a time and in place: `values` is the largest array by far
        column[by_angle] = fix_signs(column[:, None])[:, 0] * np.sqrt(n)
    two_layer = isinstance(kernel, TwoLayerNTK)
    at = CircleGram(angles, kernel).at if two_layer else partial(_dense_at, kernel, angles)

    def evaluate(x):
        lost = np.flatnonzero(eigenvalues <= eigenvalues[0] * n * np.finfo(float).eps)
        if lost.size:
            raise ValueError(
                f"count: the extension divides by the eigenvalue, and that of index {lost[0]} is "
                f"{eigenvalues[lost[0]]:.3g}, at rounding level; solve with count <= {lost[0]}"
            )
        extended = at(x, values)
        extended /= n * eigenvalues
        return extended

    return Spectrum(eigenvalues, angles, np.full(n, 1 / n), values, evaluate)


def solve_harmonics(kernel, angles, count=50, highest=400):
    r"""The same for any zonal kernel and up to millions of points, through harmonics up to K.

    k(x, z) = Σ_q λ_q e^{iq(x-z)} turns the sampled equation (9) into the matrix

        √λ_q ĉ_{q-q'} √λ_q',    ĉ_m = (1/n) Σ_j e^{-imx_j},    |q|, |q'| <= K,

    of the sample's empirical Fourier coefficients: time n count K for the eigenfunctions, and for
    the eigenvalues alone (`harmonic_eigenvalues`) n, whatever the kernel.

    Parameters
    ----------
    kernel : ZonalKernel
    angles : array_like, shape (n,)
        Points on the circle in radians; n >= 2.
    count : int
        Number of eigenpairs, at most min(n, 2K+1).
    highest : int
        K <= 10000. Every eigenvalue is too small by at most c = `cut_off(kernel, K)`, which falls
        like 1/K; for i.i.d. points all by about c/n, for what is cut off is then nearly c times the
        identity among them.

    Returns
    -------
    Spectrum
        Orthonormal at the points up to the cut; evaluated anywhere by its Fourier series. Pairs
        whose eigenvalue is 0 are not returned, so there may be fewer than `count`.
    """
    instance_of("kernel", kernel, ZonalKernel)
    x = wrap(_sample(angles))
    K = whole_number("highest", highest, at_least=1, at_most=MOST_HARMONICS)
    count = whole_number("count", count, at_least=1, at_most=min(len(x), 2 * K + 1))
    root, matrix = _in_harmonics(kernel, x, K)
    eigenvalues, u = eigh(matrix, subset_by_index=(2 * K + 1 - count, 2 * K))
    kept = np.flatnonzero(eigenvalues > 1e-14 * eigenvalues[-1])[::-1]
    eigenvalues = eigenvalues[kept]
    series = root[:, None] * u[:, kept] / np.sqrt(eigenvalues)
    # each eigenfunction is real up to a phase, which its largest coefficient tells
    largest = np.argmax(np.abs(series), axis=0)
    opposite = series[2 * K - largest, np.arange(len(kept))]
    phase = np.angle(series[largest, np.arange(len(kept))]) / 2 + np.angle(opposite) / 2
    series = series * np.exp(-1j * phase)
    real = np.vstack([series[K].real, 2 * series[K + 1 :].real, -2 * series[K + 1 :].imag])

    def evaluate(at):
        at, q = finite_array("x", at, ndim=1), np.arange(1, K + 1)
        parts = np.array_split(at, len(at) * K // 2**22 + 1)
        blocks = [np.outer(part, q) for part in parts]
        return np.concatenate([
            real[0] + np.cos(block) @ real[1 : K + 1] + np.sin(block) @ real[K + 1 :]
            for block in blocks
        ])

    values = evaluate(x)
    signed = fix_signs(values)
    flip = np.where(np.einsum("ij,ij->j", signed, values) < 0, -1.0, 1.0)
    n = len(x)
    return Spectrum(
        eigenvalues, np.asarray(angles, dtype=float), np.full(n, 1 / n), signed,
        lambda at: flip * evaluate(at),
    )


def harmonic_eigenvalues(kernel, angles, count=50, highest=400):
    """The eigenvalues of `solve_harmonics` without their eigenfunctions: tens of times faster.

    Parameters as there. Descending, shape (count,); those that are 0 to rounding are among them.
    """
    instance_of("kernel", kernel, ZonalKernel)
    x = wrap(_sample(angles))
    K = whole_number("highest", highest, at_least=1, at_most=MOST_HARMONICS)
    count = whole_number("count", count, at_least=1, at_most=min(len(x), 2 * K + 1))
    _, matrix = _in_harmonics(kernel, x, K)
    return eigvalsh(matrix, subset_by_index=(2 * K + 1 - count, 2 * K))[::-1]


def _in_harmonics(kernel, x, K):
    """√λ_q, |q| <= K, and the matrix √λ_q ĉ_{q-q'} √λ_q'."""
    root = np.sqrt(np.maximum(kernel.harmonic_eigenvalues(np.abs(np.arange(-K, K + 1))), 0))
    return root, root[:, None] * toeplitz(fourier_coefficients(x, 2 * K)) * root


def fourier_coefficients(angles, highest):
    r"""ĉ_m = (1/n) Σ_j e^{-imx_j}, m = 0 ... M, of a sample, to rounding, in time n + M log M.

    Each point is put into one of N >= 64 M equal cells with middle g and offset d = x - g; in
    Σ_j e^{-imx_j} = Σ_g e^{-img} Σ_p (-im)^p/p! Σ_{j in g} d_j^p the sums over cells are Fourier
    transforms, and with |md| <= π/64 terms from p = 9 on are below 1e-17.
    """
    x = wrap(finite_array("angles", angles, ndim=1))
    if not len(x):
        raise ValueError("angles: must hold a point at least, got none")
    M = whole_number("highest", highest, at_least=0, at_most=10**6)
    N = next_fast_len(max(64 * M, 64))
    width = 2 * np.pi / N
    cell = np.floor((x + np.pi) / width).astype(int).clip(0, N - 1)
    d = (x + np.pi) - (cell + 0.5) * width
    m, power, total, factor = np.arange(M + 1), np.ones(len(x)), 0, 1
    for p in range(9):
        total = total + factor * rfft(np.bincount(cell, power, minlength=N))[: M + 1]
        power *= d
        factor = factor * (-1j * m) / (p + 1)
    return total * np.exp(-1j * m * (width / 2 - np.pi)) / len(x)


def cut_off(kernel, highest):
    """Σ_{|q| > K} λ_q = k(0) - Σ_{|q| <= K} λ_q: no eigenvalue of Gram/n loses more by the cut.

    What is cut off is a positive kernel whose matrix over n points, divided by n, has this trace.
    """
    K = whole_number("highest", highest, at_least=0, at_most=MOST)
    values = instance_of("kernel", kernel, ZonalKernel).harmonic_eigenvalues(np.arange(K + 1))
    return float(kernel.profile(np.zeros(1))[0] - values[0] - 2 * values[1:].sum())


def solve_points(kernel, X, count=None):
    """The same for points in any dimension, from the dense matrix of at most 5000 points.

    Parameters
    ----------
    kernel : callable
        k(X) and k(X, Y) give matrices, as kernels of `ntklab.kernels` do.
    X : array_like, shape (n, d)
        Points.
    count : int, optional
        Number of eigenpairs; all n when left out.

    Returns
    -------
    Spectrum
        As from `solve`, with `points` (n, d).
    """
    instance_of("kernel", kernel, Callable)
    X = finite_array("X", X, ndim=2)
    n = len(X)
    if not 2 <= n <= DENSE_LIMIT:
        raise ValueError(f"X: must hold 2 to {DENSE_LIMIT} points, got {n}")
    count = n if count is None else whole_number("count", count, at_least=1, at_most=n)
    leading = None if count == n else (n - count, n - 1)
    matrix = finite_array("kernel", kernel(X), ndim=2)
    if matrix.shape != (n, n):
        raise ValueError(f"kernel: must give a matrix of shape {(n, n)}, got {matrix.shape}")
    matrix /= n
    eigenvalues, values = eigh(matrix, subset_by_index=leading, overwrite_a=True)
    eigenvalues = eigenvalues[::-1].copy()
    values = fix_signs(values[:, ::-1]) * np.sqrt(n)

    def evaluate(x):
        if eigenvalues[-1] <= eigenvalues[0] * n * np.finfo(float).eps:
            raise ValueError("count: the extension divides by eigenvalues at rounding level")
        return kernel(x, X) @ values / (n * eigenvalues)

    return Spectrum(eigenvalues, X, np.full(n, 1 / n), values, evaluate)


def _leading(kernel, angles, count):
    """Leading eigenpairs of K at sorted angles, descending, by the quickest way there is."""
    n = len(angles)
    iterate = count <= n // 8 if n <= DENSE_LIMIT else count <= n // 3
    if not isinstance(kernel, TwoLayerNTK) or n <= SMALL or not iterate:
        return _dense(kernel, angles, count)
    gram = CircleGram(angles, kernel)
    pairs = _lanczos_over_runs(gram, angles, count) if n * count >= LARGE else None
    return pairs or _lanczos(gram, count)


def _lanczos(operator, count):
    """Leading eigenpairs of a symmetric operator, descending; ARPACK's restarted Lanczos."""
    n = operator.shape[0]
    start = np.random.default_rng(0).standard_normal(n)
    # enough vectors for eigenvalues that fall like 1/q² to converge without a restart; double
    # eigenvalues (evenly spaced points) are found too
    vectors = min(n, 2 * count + 20)
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


def _dense(kernel, angles, count):
    """The same for any zonal kernel, from the n by n matrix."""
    n = len(angles)
    if n > DENSE_LIMIT:
        raise ValueError(
            f"angles: {count} eigenpairs of {kernel!r} at {n} points need the dense matrix, "
            f"which is limited to {DENSE_LIMIT} points"
        )
    leading = None if count == n else (n - count, n - 1)
    matrix = kernel.at_angles(angles)
    eigenvalues, values = eigh(matrix, subset_by_index=leading, overwrite_a=True)
    return eigenvalues[::-1].copy(), np.asfortranarray(values[:, ::-1])


def _dense_at(kernel, angles, x, v):
    """Σ_j k(x_i, x_j) v_j, a thousand rows of the matrix at a time."""
    parts = np.array_split(finite_array("x", x, ndim=1), len(x) // 1000 + 1)
    return np.concatenate([kernel.at_angles(part, angles) @ v for part in parts])


def _sample(angles):
    angles = finite_array("angles", angles, ndim=1)
    if len(angles) < 2:
        raise ValueError(f"angles: must hold at least 2 points, got {len(angles)}")
    return angles
