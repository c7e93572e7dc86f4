"""Points of the circle where the neurons of a two-layer ReLU network are active: arcs.

Neuron r is active at angle θ where |θ - φ_r| < arccos(-b_r/|w_r|), φ_r the angle of w_r. So sums
over the neurons that are active at a point, or at both of two points,

    Σ_r c_r 1_r(x),    Σ_r c_r 1_r(x) 1_r(y),

are prefix sums of steps at the ends of arcs, along one axis or two, over points in the order of
their angles: O(m log n + n) and O(m log n + n²) for n points instead of O(mn) and O(mn²).
"""

import math

import torch


def angle(vectors):
    """θ of vectors (..., 2)."""
    return torch.atan2(vectors[..., 1], vectors[..., 0])


def three_turns(theta):
    """Angles in ascending order, (..., n), once more a turn below and a turn above."""
    return torch.cat([theta - 2 * math.pi, theta, theta + 2 * math.pi], dim=-1)


def ends(w, turns):
    """(N, m) twice: first points on, and first points past, every arc, counted over three turns.

    Neurons w, (N, 2 or 3, m), are vectors with or without a bias below; both numbers are equal
    where no point is on the arc.
    """
    phi, n = angle(w[:, :2].mT), turns.shape[-1] // 3
    if w.shape[1] == 3:
        cosine = -w[:, 2] / torch.hypot(w[:, 0], w[:, 1])
        # where cosine is -1 it is active everywhere but opposite to φ
        half, everywhere = torch.acos(cosine.clamp(-1, 1)), cosine < -1
    else:
        # a neuron that is zero is nowhere active
        half, everywhere = math.pi / 2 * w.any(dim=1).to(w.dtype), None
    # no number gets a place, where it shows in the output
    low, high = ((phi + side * half).nan_to_num_(0.0).contiguous() for side in (-1, 1))
    start = torch.searchsorted(turns, low, right=True)
    stop = torch.searchsorted(turns, high)  # at an end it is not active
    stop = stop.maximum(start).minimum(start + n)
    if everywhere is not None:
        stop = torch.where(everywhere, start + n, stop)
    return start.clamp_(max=3 * n), stop.clamp_(max=3 * n)


def joint_sums(c, w, x, y):
    """Σ_r c_r 1_r(x_i) 1_r(y_j), (k, n, n'), for c (k, m), neurons w (2 or 3, m), points (n, 2)."""
    (rows, places), (columns, others) = _steps(w, x), _steps(w, y)
    shape = len(x) + 1, len(y) + 1
    steps = c.new_zeros(len(c), shape[0] * shape[1])
    for i, up in rows:
        for j, across in columns:
            steps.scatter_add_(1, (i * shape[1] + j).expand(len(c), -1), c * (up * across))
    sums = steps.view(-1, *shape).cumsum(1).cumsum(2)
    return sums[:, places[:, None], others]


def _steps(w, x):
    """[(place, step)] of 1_r along the points of one turn, (m,) each; the points' own places."""
    theta, order = angle(x).sort()
    start, stop = (index[0] for index in ends(w[None], three_turns(theta)[None]))
    n, on = len(x), (start < stop).long()  # where it is nowhere active, no rounding is left either
    begun = start // n != stop // n  # its arc has begun before the turn
    steps = [(start % n, on), (stop % n, -on), (torch.zeros_like(start), begun)]
    return steps, order.argsort()
