"""Products with the Gram matrix K_ij = k(x_i, x_j) of n angles: exact to rounding, of cost O(n).

`CircleGram`, for the two-layer kernel. Fold each angle x to φ in [-π/2, π/2] and a side σ = ±1:
φ = x, σ = 1 on the right half of the circle, φ = x ∓ π, σ = -1 on the left. With δ = |φ - φ'| the
angle θ between two points is δ on the same side and π - δ on opposite sides, so that

    π - θ = π/2 + σσ'(π/2 - δ)      and      cos θ = σσ' cos δ,

    k/c = (π - θ)(β + cos θ)
        = (π/2)(β + σσ' cos δ) + βσσ'(π/2 - δ) + cos δ (π/2 - δ).

Since cos δ = cos φ cos φ' + sin φ sin φ', the first term has rank 3 at most and the others are the
"ramp" π/2 - |φ - φ'| between the factors σσ', cos φ cos φ' and sin φ sin φ'. A product with the
ramp needs only running sums over the sorted φ: with C_m(φ) = Σ_{φ_j > φ} φ_j^m w_j -
Σ_{φ_j <= φ} φ_j^m w_j,

    Σ_j (π/2 - |φ - φ_j|) w_j = φ C_0(φ) - C_1(φ) + (π/2) Σ_j w_j.

The ramp is continuous, so repeated and antipodal points (δ = 0) need no care.

`ZonalGram`, for any kernel K(θ) smooth between 0 and π. Cut the circle into N equal cells of width
h, and let u in [-1/2, 1/2] be the place within a cell. For x in cell a, z in cell b, s = u_z - u_x

    k(x, z) = Σ_m α_{b-a,m} s^m,    s^m = Σ_l C(m, l) (-u_x)^l u_z^{m-l},

a short polynomial for each distance of cells, so that sums over z go through the moments
Σ_{j in b} u_j^k v_j of each cell and a convolution over cells. In the cell itself and in the one
opposite K runs over 0 or π, where it may have a kink: there the polynomial is one of |s|, whose odd
powers are sign(s) s^m, and their sums running ones over the sorted u.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.polynomial import chebyshev
from scipy.fft import irfft, rfft
from scipy.sparse.linalg import LinearOperator

from ntklab._arguments import finite_array, instance_of, real_array, sample_of_angles
from ntklab._panels import chebyshev_to_powers
from ntklab.geometry import wrap
from ntklab.kernels import TwoLayerNTK, ZonalKernel

ROWS = 64
"""Most rows of the table of points: more would cost more than the running sums over columns."""

COLUMNS = 1024
"""Fewer columns would leave a row's work below the cost of calling it."""

BLOCK = 256
"""Terms summed one after another before partial sums are combined."""

DEGREE = 7
"""Of the polynomials that stand for a kernel from cell to cell."""

CELLS = (2**10, 2**12, 2**14)
"""Numbers of cells tried in turn, until the polynomials are the kernel to rounding."""

MOST_OFF = 1e-10
"""Largest error of those polynomials, relative to K(0), that is accepted; it is told."""


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

    error = 0.0  # of the kernel itself: the formula is exact

    def __init__(self, angles, kernel):
        self.kernel = instance_of("kernel", kernel, TwoLayerNTK)
        angles = sample_of_angles("angles", angles)
        if len(angles) < 2:
            raise ValueError(f"angles: must hold at least 2 points, got {len(angles)}")
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
        at_or_below = np.searchsorted(sample.offset, places.offset, side="right")
        order = np.append(self._order.T.ravel()[: self.shape[1] - 1], self._order[-1, -1])
        return _by_columns(
            v, order, len(x), lambda column: self._elsewhere(column, sample, places, at_or_below)
        )

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


class ZonalGram(LinearOperator):
    """K_ij = k(x_i, x_j) for n angles and any zonal kernel, as an operator of linear cost.

    As `CircleGram`, some ten times slower. `error` is the largest difference found between the
    polynomials that it uses and the kernel, about 1e-15 K(0) for deep kernels.

    Parameters
    ----------
    angles : array_like, shape (n,)
        Points on the circle in radians, in any order, repetitions allowed.
    kernel : ZonalKernel
    """

    def __init__(self, angles, kernel):
        self.kernel = instance_of("kernel", kernel, ZonalKernel)
        self.error, self._symbols, kinks = _cell_polynomials(kernel.profile)
        self._even, self._odd = (kinks[0] + kinks[1]) / 2, (kinks[0] - kinks[1]) / 2
        self._count = 2 * (self._symbols.shape[1] - 1)  # of cells
        cell, u = self._place(sample_of_angles("angles", angles))
        self._order = np.lexsort((u, cell % (self._count // 2)))
        self._cell, self._u = cell[self._order], u[self._order]
        self._sides = np.where(self._cell < self._count // 2, 1.0, -1.0)
        self._here = self._targets(self._cell, self._u, np.arange(len(u)))
        super().__init__(np.float64, (len(u), len(u)))

    def at(self, x, v):
        """Σ_j k(x_i, x_j) v_j at angles x (m,), for coefficients v (n,) or (n, k)."""
        cell, u = self._place(finite_array("x", x, ndim=1))
        half = self._count // 2
        # places in the order of the sample: by pairs of opposite cells, then by u in [-1/2, 1/2]
        below = np.searchsorted(self._cell % half + self._u / 2, cell % half + u / 2)
        targets = self._targets(cell, u, below)
        return _by_columns(v, self._order, len(u), lambda column: self._product(column, *targets))

    def _targets(self, cell, u, below):
        """Of places: cell, u, side, points in the pairs of cells before and up to it, and below."""
        half = self._count // 2
        starts = np.searchsorted(self._cell % half, np.arange(half + 1))
        pair = cell % half
        return cell, u, np.where(cell < half, 1.0, -1.0), starts[pair], starts[pair + 1], below

    def _matvec(self, v):
        product = np.empty(len(self._u))
        v = np.asarray(v, dtype=float).reshape(-1)[self._order]
        product[self._order] = self._product(v, *self._here)
        return product

    def _adjoint(self):
        return self

    def _place(self, angles):
        """The cell of each angle and where in it, in [-1/2, 1/2]."""
        turned = (wrap(angles) + np.pi) * (self._count / (2 * np.pi))
        cell = np.minimum(turned.astype(int), self._count - 1)
        return cell, turned - cell - 0.5

    def _product(self, v, cell, u, own_side, first, last, below):
        """Σ_j k(x_i, x_j) v_j, coefficients in the order of the sample."""
        moments, alike, unlike = [], [], []
        for _ in range(DEGREE + 1):
            moments.append(rfft(np.bincount(self._cell, v, minlength=self._count)))
            for found, terms in ((alike, v), (unlike, self._sides * v)):
                sums = _running_sums(terms)
                found.append(sums[first] + sums[last] - 2 * sums[below])
            v = v * self._u
        total = np.zeros(len(u))
        for power in range(DEGREE, -1, -1):
            rest = range(DEGREE + 1 - power)
            far = sum(comb(power + k, k) * self._symbols[power + k] * moments[k] for k in rest)
            total *= -u
            total += irfft(far, self._count)[cell]
            for k in rest[(power + 1) % 2 :: 2]:  # odd powers of |s|
                total += comb(power + k, k) * self._even[power + k] * alike[k]
                total += own_side * (comb(power + k, k) * self._odd[power + k] * unlike[k])
        return total


def _cell_polynomials(profile):
    """How far off K is, the transforms of α_{d,m} over d, and the odd powers of |s| at 0 and π."""
    s = chebyshev.chebpts1(DEGREE + 1)
    to_powers = chebyshev_to_powers(DEGREE) @ np.linalg.inv(chebyshev.chebvander(s, DEGREE))
    at_kink = np.vander((1 + s) / 2, DEGREE + 1, increasing=True)
    between = np.linspace(-1, 1, DEGREE + 1)
    for cells in CELLS:
        width, half = 2 * np.pi / cells, cells // 2

        def inside(d, places, width=width):
            return profile(np.clip((d[:, None] + places) * width, 0, np.pi))

        ends = (1 + np.stack([s, between])) / 2 * width
        ends = np.stack([profile(ends), profile(np.pi - ends)])  # [0 or π, nodes or between]
        kinks = [np.linalg.solve(at_kink, end[0]) for end in ends]
        checked = np.unique(np.r_[1:9, half - 8 : half, np.linspace(1, half - 1, 64).astype(int)])
        found = inside(checked, s) @ to_powers.T @ np.vander(between, DEGREE + 1, increasing=True).T
        error = np.abs(found - inside(checked, between)).max()
        powers = np.vander((1 + between) / 2, DEGREE + 1, increasing=True)
        at_ends = [np.abs(powers @ c - e[1]).max() for c, e in zip(kinks, ends, strict=True)]
        error = max(error, *at_ends)
        if error <= 1e-14 * ends[0].max():
            break
    resolved = error <= MOST_OFF * ends[0].max()
    if resolved:
        inner = inside(np.arange(1, half), s) @ to_powers.T
        resolved = np.abs(inner[:, -2:]).max() <= MOST_OFF * ends[0].max()
    if not resolved:
        raise ValueError("kernel: must be smooth between 0 and π and not bend within 1/1000 radian")
    even = np.arange(DEGREE + 1) % 2 == 0
    whole = np.vstack([kinks[0] * even, inner, kinks[1] * even])
    mirrored = whole[half - 1 : 0 : -1] * np.where(even, 1, -1)
    symbols = np.conj(rfft(np.vstack([whole, mirrored]), axis=0)).T
    return error, symbols, [c * ~even for c in kinks]


def _by_columns(v, order, count, product):
    """product(c), shape (count,), of v (n,) in this order, or of each column of v (n, k)."""
    v, n = real_array("v", v), len(order)
    if v.ndim not in (1, 2) or len(v) != n:
        raise ValueError(f"v: must have shape ({n},) or ({n}, k), got {v.shape}")
    # column by column: the temporaries stay at a few arrays of n
    columns = (finite_array("v", column, ndim=1)[order] for column in np.atleast_2d(v.T))
    products = [product(column) for column in columns]
    return products[0] if v.ndim == 1 else np.reshape(products, (v.shape[1], count)).T


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
