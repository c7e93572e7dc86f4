r"""Eigenvalues that are proved: enclosures in ball arithmetic, and a count that proves their index.

**An eigenvalue in each interval.** Let f_e, f_o be the parts of f of period and antiperiod π, g_e,
g_o those of g = pf, and K the kernel (11) with bias at c = 1/4π, whose coefficients are
λ_q = (q²+1)/(2π²(q²-1)²) at even q, 1/(2π²q²) at odd q, and 1/8, 1/16 more at q = 0, ±1. So
λ f = K * g says, with w = (D²+1) f_e + g_e/(πλ),

    f_e'' = -f_e + w - g_e/(πλ),    w'' = -w + 2g_e/(πλ) + C/λ,    f_o'' = -g_o/(πλ) - s/λ,

C = ¼ ∫_0^π g_e, s(x) = ¼ ∫_0^π cos(x-z) g_o(z) dz, with f_e, w of period π and f_o of antiperiod
π. Where p and p(·+π) are constant this has constant coefficients in g_e = ½(p+p₊)f_e + ½(p-p₊)f_o,
g_o = ½(p-p₊)f_e + ½(p+p₊)f_o. Nine numbers at 0 (f_e, f_e', w, w', f_o, f_o', C, s, s') are carried
to π by exponentials of matrices; nine conditions there leave a determinant that is 0 at the
eigenvalues. Opposite signs at the ends of an interval prove an eigenvalue inside.

**No other.** In harmonics T is M = [[A, B], [B*, C]] >= 0, with A for |q| <= N. For any t > 0
M <= (1+t)A ⊕ (1+1/t)C, and ‖C‖ <= max p · 2π max_{q>N} λ_q. Where (1+1/t)‖C‖ <= s, M has no more
eigenvalues above s than A has above s/(1+t): the inertia of A - s/(1+t), which a congruence by
approximate eigenvectors shows, diagonally dominant to the last bit. As many disjoint intervals
above s as that are all, one eigenvalue in each.
"""

from dataclasses import dataclass
from functools import cmp_to_key

import numpy as np
from scipy.linalg import eigh

from ntklab import fredholm
from ntklab._arguments import instance_of, whole_number
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import TwoLayerNTK

try:
    import flint
    from flint import arb
except ModuleNotFoundError:
    flint = None

BITS = 160
FURTHER = 12  # eigenvalues beyond those asked for, among which a gap is looked for
WIDTH = 1e-12  # of an interval, over its eigenvalue, at first; ten times as wide at every trial
MOST = 120


@dataclass(frozen=True)
class Certificate:
    """λ_i lies in (lower_i, upper_i), i = 0, 1, …: proved.

    Attributes
    ----------
    lower, upper : ndarray, shape (k,)
        Descending, disjoint.
    level : float
        s: exactly `above` eigenvalues of T are larger.
    above : int
        At least k.
    harmonics : int
        N of the count.
    """

    lower: np.ndarray
    upper: np.ndarray
    level: float
    above: int
    harmonics: int

    def __str__(self):
        rows = [
            f"λ_{i} in ({low:.15g}, {high:.15g})"
            for i, (low, high) in enumerate(zip(self.lower, self.upper, strict=True))
        ]
        return "\n".join([*rows, f"exactly {self.above} eigenvalues exceed {self.level:.6g}"])


def certify(density, count=50):
    """Proved enclosures of the `count` largest eigenvalues of `TwoLayerNTK()` under a density.

    Parameters
    ----------
    density : PiecewiseConstant
        Its edges and values as given in float64 are taken as exact, normalised exactly.
    count : int
        At most 120.

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError
        Eigenvalues too close to be told apart by signs (double ones always are), or no gap that a
        count could use.
    ModuleNotFoundError
        python-flint is not installed: ``pip install "ntklab[certify]"``.
    """
    instance_of("density", density, PiecewiseConstant)
    count = whole_number("count", count, at_least=1, at_most=MOST)
    if flint is None:
        raise ModuleNotFoundError('certificates need python-flint: pip install "ntklab[certify]"')
    before, flint.ctx.prec = flint.ctx.prec, BITS
    try:
        values = fredholm.solve(TwoLayerNTK(), density, count + FURTHER).eigenvalues
        arcs = _arcs(density)
        # the widest gap is the cheapest to count at
        above = count + int(np.argmax(values[count - 1 : -1] / values[count:]))
        enclosed = [_enclose(arcs, values, i) for i in range(above)]
        lower, upper = np.array(enclosed).T
        if not (lower[:-1] > upper[1:]).all():
            i = int(np.argmax(~(lower[:-1] > upper[1:])))
            raise ValueError(f"density: eigenvalues {i} and {i + 1} are too close to be told apart")
        level = float(np.sqrt(values[above - 1] * values[above]))
        level = min(level, float(np.nextafter(lower[-1], 0)))
        harmonics = _count(density, arcs, level, above, values[above])
        return Certificate(lower[:count], upper[:count], level, above, harmonics)
    finally:
        flint.ctx.prec = before


def _exact(density):
    """Edges and values of a density as balls, the values normalised."""
    edges = [arb(float(e)) for e in density.edges]
    values = [arb(float(v)) for v in density.values]
    stops = [*edges[1:], edges[0] + 2 * arb.pi()]
    lengths = [b - a for a, b in zip(edges, stops, strict=True)]
    mass = sum(v * d for v, d in zip(values, lengths, strict=True))
    return edges, [v / mass for v in values]


def _arcs(density):
    """(length, p, p(·+π)) as balls, piece by piece over a half circle from edge 0 on."""
    pi, (edges, values) = arb.pi(), _exact(density)
    # edges on both halves, at exact places; which of two is first is plain unless balls overlap
    places = [(e - edges[0], v) for e, v in zip(edges, values, strict=True)]
    front = [(a, v) for a, v in places if a < pi]
    back = [(a - pi, v) for a, v in places if a > pi]
    if len(front) + len(back) < len(places):
        raise ValueError("density: an edge is opposite to the first one to all digits")
    # compared as balls: edges that are opposite but for rounding are nearer than floats tell
    ends = sorted([(a, 0, v) for a, v in front] + [(a, 1, v) for a, v in back],
                  key=cmp_to_key(lambda one, other: 1 if one[0] > other[0] else -1))
    now = [front[0][1], front[-1][1]]
    arcs = []
    for (a, side, v), (b, _, _) in zip(ends, [*ends[1:], (pi, 0, None)], strict=True):
        now[side] = v
        if not b > a:
            raise ValueError("density: two edges are opposite to all digits")
        arcs.append((b - a, *now))
    return arcs


def _determinant(arcs, lam):
    """The sign-changing function of the module's notes, at a ball λ."""
    mat, state = flint.arb_mat, flint.arb_mat(12, 9)
    for i in range(9):
        state[i, i] = 1
    # rows: f_e f_e' w w' f_o f_o' C s s', then ∫g_e, and y'' + y = g_o for ∫ sin z g_o, ∫ cos z g_o
    for length, p, opposite in arcs:
        A = mat(12, 12)
        even, odd, k = (p + opposite) / 2, (p - opposite) / 2, 1 / (arb.pi() * lam)
        for i in (0, 2, 4, 7, 10):
            A[i, i + 1] = 1
        A[1, 0], A[1, 4], A[1, 2] = -1 - k * even, -k * odd, 1
        A[3, 0], A[3, 4], A[3, 2], A[3, 6] = 2 * k * even, 2 * k * odd, -1, 1 / lam
        A[5, 0], A[5, 4], A[5, 7] = -k * odd, -k * even, -1 / lam
        A[8, 7] = -1
        A[9, 0], A[9, 4] = even, odd
        A[11, 0], A[11, 4], A[11, 10] = odd, even, -1
        state = (A * length).exp() * state
    conditions = mat(9, 9)
    for j in range(9):
        for i in range(6):
            conditions[i, j] = state[i, j] + (-1 if i < 4 else 1) * (i == j)
        conditions[6, j] = state[9, j] / 4 - (j == 6)
        # s(0) = ¼∫cos z g_o = -y'(π)/4, s'(0) = ¼∫sin z g_o = y(π)/4
        conditions[7, j] = -state[11, j] / 4 - (j == 7)
        conditions[8, j] = state[10, j] / 4 - (j == 8)
    return conditions.det()


def _enclose(arcs, values, i):
    """Ends between which the determinant changes its sign, as near to values[i] as it takes."""
    neighbours = [abs(values[j] - values[i]) for j in (i - 1, i + 1) if 0 <= j < len(values)]
    radius = WIDTH * values[i] / 2
    while radius < 0.5 * min(neighbours):
        low, high = float(values[i] - radius), float(values[i] + radius)
        if (_determinant(arcs, arb(low)) * _determinant(arcs, arb(high))) < 0:
            return low, high
        radius *= 10
    raise ValueError(
        f"density: no change of sign next to eigenvalue {i}, {values[i]:.12g}; "
        f"double eigenvalues have none"
    )


def _count(density, arcs, level, above, following):
    """N with which it is proved that at most `above` eigenvalues exceed `level`."""
    highest = max(density.values)
    t = 0.5 * (level / following - 1)
    # (1+1/t) max p (q²+1)/(π(q²-1)²) <= level, where for even and odd q > N >= 4 it is <= 1.2/q²
    N = int(np.ceil(np.sqrt(1.25 * (1 + 1 / t) * highest / (np.pi * level)))) + 2
    if N > 1000:
        raise ValueError(
            f"density: a count at {level:.4g} needs {N} harmonics, at most 1000 are accepted; "
            f"ask for fewer eigenvalues"
        )
    bound = (1 + 1 / arb(t)) * arb(highest) * arb("1.0000001") * arb("1.2")
    bound /= arb.pi() * arb(N + 1) ** 2
    if not (bound <= arb(level) and N >= 4):
        raise ValueError("density: no count is possible")
    A = _harmonic_matrix(density, N)
    n = 2 * N + 1
    middle = np.array([float(A[i, j].mid()) for i in range(n) for j in range(n)]).reshape(n, n)
    V = flint.arb_mat(n, n, [float(v) for v in eigh(middle)[1].ravel()])
    shifted = A - flint.arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)]) * (
        arb(level) / (1 + arb(t))
    )
    identity, inertia = V.transpose() * V, V.transpose() * shifted * V
    positive = 0
    for i in range(n):
        for matrix in (identity, inertia):
            rest = sum(abs(matrix[i, j]) for j in range(n) if j != i)
            if not abs(matrix[i, i]) > rest:
                raise ValueError(f"density: the count at {level:.6g} is undecided in {N} harmonics")
        positive += bool(inertia[i, i] > 0)
    if positive > above:
        raise ValueError(f"density: {positive} eigenvalues may exceed {level:.6g}, {above} found")
    return N


def _harmonic_matrix(density, N):
    """A on 1, √2 cos qx, √2 sin qx, q = 1, …, N, with balls as entries."""
    edges, values = _exact(density)
    jumps = [v - u for u, v in zip([values[-1], *values[:-1]], values, strict=True)]
    # ∫ p cos mx = -Σ jumps sin(m e)/m, ∫ p sin mx = Σ jumps cos(m e)/m
    cosine, sine = [arb(1)], [arb(0)]
    for m in range(1, 2 * N + 1):
        waves = [(m * e).sin_cos() for e in edges]
        cosine.append(-sum(j * s for j, (s, _) in zip(jumps, waves, strict=True)) / m)
        sine.append(sum(j * c for j, (_, c) in zip(jumps, waves, strict=True)) / m)
    twice = 2 * arb.pi() ** 2
    weights = [1 / (twice * q * q) if q % 2 else arb(q * q + 1) / (twice * (q * q - 1) ** 2)
               for q in range(N + 1)]
    weights[0] += arb(1) / 8
    weights[1] += arb(1) / 16
    root, two = [v.sqrt() for v in weights], arb(2).sqrt()
    A = flint.arb_mat(2 * N + 1, 2 * N + 1)
    for q in range(N + 1):
        for r in range(N + 1):
            scale = root[q] * root[r]
            if q == 0 or r == 0:
                scale = scale * (two if q + r else 1) / 2
            c, d = cosine[abs(q - r)], cosine[q + r]
            s = sine[abs(r - q)] * (1 if r >= q else -1)
            A[q, r] = scale * (c + d)
            if r:
                A[q, N + r] = A[N + r, q] = scale * (sine[q + r] + s)
            if q and r:
                A[N + q, N + r] = scale * (c - d)
    return A
