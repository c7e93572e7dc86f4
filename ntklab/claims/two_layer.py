"""Claims on the two-layer kernel."""

import numpy as np

from ntklab import fredholm
from ntklab.claims.ledger import Measurement, claim
from ntklab.densities import uniform
from ntklab.experiments import two_layer
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK

KERNEL = TwoLayerNTK(bias=True)
NO_BIAS = TwoLayerNTK(bias=False, normalization="network")


@claim(
    "C06",
    "(5) (6)",
    "squared loss and its gradient for the two-layer network with bias",
    "as printed",
    "50 neurons with random biases, 20 random points",
    {"another network": {"seed": 16}},
)
def measure_gradient(scale=1.0, seed=6):
    """C06: the gradient of (5) for (6) written by hand, against autograd."""
    import torch  # no other claim of this lecture needs it

    from ntklab.networks import TwoLayerReLU

    rng = np.random.default_rng(seed)
    X, y = to_circle(rng.uniform(-np.pi, np.pi, 20)), rng.standard_normal(20)
    draws = torch.Generator().manual_seed(seed)
    network = TwoLayerReLU(50, 2, generator=draws, device="cpu")
    with torch.no_grad():
        network.b += 0.3 * torch.randn(50, generator=draws, dtype=torch.float64)
    residual = network(torch.from_numpy(X)) - torch.from_numpy(y)
    loss = 0.5 * residual @ residual
    right = torch.autograd.grad(loss, (network.W, network.b))
    W, b, a = (value.detach().numpy() for value in (network.W, network.b, network.a))
    _, *hand = two_layer.gradient_by_hand(W, b, a, X, y)
    pairs = zip(hand, right, strict=True)
    off = max(float(np.abs(scale * h - r.numpy()).max() / r.abs().max()) for h, r in pairs)
    distance = "within 1e-10 of" if off < 1e-10 else f"{off:z.1g} away from"
    return Measurement(
        printed=off,
        tolerance=1e-10,
        figure=f"50 neurons, 20 points: every partial derivative by hand is {distance} autograd's",
    )


@claim(
    "C07",
    "(7)",
    "k(x, x') = x·x'(π - arccos x·x')/4π for the two-layer network",
    "1/2π without bias; (x·x' + 1)(π - arccos)/2π with one that starts at 0; 1/4π belongs to "
    "the input (x, 1)/√2",
    "ReLU, w ~ N(0, I), biases 0 at the start, unit inputs",
    {"with bias": {"corrected": TwoLayerNTK(bias=True, normalization="network"), "bias": True}},
)
def measure_constant(corrected=NO_BIAS, bias=False):
    """C07: E⟨∂f, ∂f⟩ of the network (6) by integration over the direction of w."""
    theta = np.pi * (np.arange(1, 8)) / 8
    phi = 2 * np.pi * (np.arange(80_000) + 0.5) / 80_000
    both = (np.cos(phi) > 0) & (np.cos(phi - theta[:, None]) > 0)
    right = (np.cos(theta) + bias) * both.mean(axis=1)  # of E⟨∂f/∂w, ∂f/∂w⟩ (+ ∂f/∂b ∂f/∂b)
    printed = TwoLayerNTK(bias=bias).profile(theta)
    seen = np.abs(right) > 1e-12  # at θ = π/2 both are zero without bias
    off = float(np.abs(corrected.profile(theta) - right).max())
    ratio = right[seen] / printed[seen]
    return Measurement(
        printed=float(np.abs(ratio - 1).max()),
        tolerance=1e-3,
        corrected=off,
        figure=f"the gradients of (6) {'with a' if bias else 'without'} bias have "
        f"{ratio.min():z.3f} to {ratio.max():z.3f} times the inner product that "
        f"{'(cos θ + 1)(π - θ)/4π says' if bias else '(7) prints'}; 1/2π in place of 1/4π is "
        f"{'within 1e-4' if off < 1e-4 else f'off by {off:z.1g}'}",
    )


@claim(
    "C09",
    "(10) (11)",
    "k(x, z) = (cos(x-z) + 1)(π - |x-z|)/4π in angles",
    "over the range of the integral (10); for two angles of one turn the difference must be "
    "wrapped to [0, π]",
    "200 random x, 100 random z in [x-π, x+π] each",
    {"another seed": {"seed": 10}},
)
def measure_wrapping(distance=np.abs, seed=9):
    """C09: (11) over the integral's own range, and for two angles of one turn."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-np.pi, np.pi, (200, 1))

    def off(z):
        chord = np.linalg.norm(to_circle(x) - to_circle(z), axis=-1)
        theta = 2 * np.arcsin(np.minimum(chord / 2, 1))
        d = distance(x - z)
        printed = (1 + np.cos(d)) * (np.pi - d) / (4 * np.pi)
        return np.abs(printed - (1 + np.cos(theta)) * (np.pi - theta) / (4 * np.pi))

    near = off(x + rng.uniform(-np.pi, np.pi, (200, 100)))  # z in [x - π, x + π], as (10) says
    turn = off(x.T)
    return Measurement(
        printed=float(near.max()),
        tolerance=1e-12,
        figure="z in [x-π, x+π], the range of (10): (11) is "
        f"{'exact' if near.max() < 1e-12 else f'off by {near.max():z.1g}'}; both angles in "
        f"[-π, π): {100 * np.mean(turn > 1e-12):z.0f} % of the pairs are off, by up to "
        f"{turn.max():z.3f}, "
        "unless the difference is wrapped to [0, π]",
    )


@claim(
    "C24",
    "contribution",
    "under uniform data the eigenfunctions are spherical harmonics",
    "they are, on circle and sphere; for two layers without bias odd frequencies from 3 on "
    "have eigenvalue 0",
    "two layers with bias; circle and S²",
    {"more of them": {"highest": 10}},
)
def measure_harmonics(kernel=KERNEL, density=None, highest=6):
    """C24: waves on the circle, zonal harmonics on the sphere; odd ones without bias."""
    density = uniform() if density is None else density
    spectrum = fredholm.solve(kernel, density, 2 * highest + 1)
    x, w = spectrum.points, spectrum.weights
    q = np.arange(1, highest + 1)
    waves = np.sqrt(2) * np.hstack([np.cos(np.outer(x, q)), np.sin(np.outer(x, q))])
    waves = np.hstack([np.ones((len(x), 1)), waves])
    # the span of the first eigenfunctions is that of the first waves
    overlap = np.linalg.svd((spectrum.values * w[:, None]).T @ waves, compute_uv=False).min()
    sphere = max(two_layer.sphere_residual(kernel, degree) for degree in range(highest))
    no_bias = TwoLayerNTK(bias=False)
    odd = np.array([3, 5, 7])
    lost = max(np.abs(no_bias.harmonic_eigenvalues(odd, dimension=d)).max() for d in (2, 3))
    worst = max(float(1 - overlap), sphere, lost)
    shown = [("< 1e-9" if v < 1e-9 else f"{v:z.1g}") for v in (1 - overlap, sphere, lost)]
    return Measurement(
        printed=worst,
        tolerance=1e-9,
        figure=f"circle: distance of the first {2 * highest + 1} eigenfunctions' span from that of "
        f"waves {shown[0]}; sphere: residual of zonal harmonics up to degree {highest - 1} "
        f"{shown[1]}; without bias the eigenvalues of frequencies 3, 5, 7 are {shown[2]} on both",
    )


@claim(
    "C25",
    "(18)",
    "H∞ = Σ λ_i v_i v_iᵀ with least eigenvalue λ_0 > 0",
    "with bias and different points; without, more than d pairs of opposites in d dimensions "
    "make it 0",
    "circle, points that come with their opposites",
    {"8 points": {"points": 8}, "200 points": {"points": 200, "shift": 0.0}},
)
def measure_decomposition(kernel=KERNEL, points=40, shift=0.1):
    """C25: H∞ = Σ λ v vᵀ and its least eigenvalue, on points that come with their opposites."""
    if points % 2:
        raise ValueError(f"points: must be even, or none has its opposite, got {points}")
    x = np.linspace(-np.pi, np.pi, points, endpoint=False) + shift
    H = kernel.at_angles(x)
    eigenvalues, v = np.linalg.eigh(H)
    rebuilt = float(np.abs((v * eigenvalues) @ v.T - H).max())
    least = eigenvalues[0] / eigenvalues[-1]
    without = np.linalg.eigvalsh(TwoLayerNTK(bias=False).at_angles(x))
    zeros = int(np.sum(without < 1e-12 * without[-1]))
    return Measurement(
        # an eigenvalue at rounding level is none that (18)'s users could divide by
        printed=rebuilt if least > 1e-12 else 1.0,
        tolerance=1e-12,
        figure=f"{points} even points: H is rebuilt "
        f"{'within 1e-12' if rebuilt <= 1e-12 else f'to {rebuilt:z.0e}'}; least eigenvalue over "
        f"the largest {least:z.1e} with bias; without, {zeros} of {points} are 0 to rounding, one "
        f"for each pair of opposites beyond d = 2",
    )
