"""Claims on the two-layer kernel."""

import numpy as np

from ntklab import fredholm
from ntklab.claims.ledger import Claim, Measurement
from ntklab.densities import uniform
from ntklab.experiments import two_layer
from ntklab.geometry import angle_between, circle_distance, to_circle
from ntklab.kernels import TwoLayerNTK

LECTURE = "two_layer"
KERNEL = TwoLayerNTK(bias=True)
NO_BIAS = TwoLayerNTK(bias=False, normalization="network")


def measure_gradient(scale=1.0):
    """C06: the gradient of (5) for (6) written by hand, against autograd."""
    import torch  # no other claim of this lecture needs it

    from ntklab.networks import TwoLayerReLU

    rng = np.random.default_rng(6)
    X, y = to_circle(rng.uniform(-np.pi, np.pi, 20)), rng.standard_normal(20)
    seed = torch.Generator().manual_seed(6)
    network = TwoLayerReLU(50, 2, generator=seed, device="cpu")
    with torch.no_grad():
        network.b += 0.3 * torch.randn(50, generator=seed, dtype=torch.float64)
    residual = network(torch.from_numpy(X)) - torch.from_numpy(y)
    loss = 0.5 * residual @ residual
    right = torch.autograd.grad(loss, (network.W, network.b))
    W, b, a = (value.detach().numpy() for value in (network.W, network.b, network.a))
    _, *hand = two_layer.gradient_by_hand(W, b, a, X, y)
    pairs = zip(hand, right, strict=True)
    off = max(float(np.abs(scale * h - r.numpy()).max() / r.abs().max()) for h, r in pairs)
    told = "within 1e-10 of" if off < 1e-10 else f"{off:z.1g} away from"
    return Measurement(
        printed=off,
        tolerance=1e-10,
        figure=f"50 neurons, 20 points: every partial derivative by hand is {told} autograd's",
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
        figure=f"the gradients of (6) without bias have {ratio.min():z.3f} to {ratio.max():z.3f} "
        f"times the inner product that (7) prints; 1/2π in place of 1/4π is "
        f"{'within 1e-4' if off < 1e-4 else f'off by {off:z.1g}'}",
    )


def measure_wrapping(wrapped=circle_distance):
    """C09: (11) with |x - z| as printed and wrapped, against the kernel of the vectors."""
    x = np.random.default_rng(9).uniform(-np.pi, np.pi, 200)
    theta = angle_between(to_circle(x))
    right = (1 + np.cos(theta)) * (np.pi - theta) / (4 * np.pi)

    def angle_form(distance):
        return (1 + np.cos(distance)) * (np.pi - distance) / (4 * np.pi)

    gap = np.abs(x[:, None] - x)
    printed = angle_form(gap)
    corrected = float(np.abs(angle_form(wrapped(x[:, None], x)) - right).max())
    return Measurement(
        printed=float(np.abs(printed - right).max()),
        tolerance=1e-12,
        corrected=corrected,
        figure=f"200 random angles: with |x-z| as printed {100 * np.mean(gap > np.pi):z.0f} % of "
        f"the entries are wrong, by up to {np.abs(printed - right).max():z.3f} where the kernel is "
        f"at most {right.max():z.3f}; with the distance wrapped to [0, π] "
        f"{'none' if corrected < 1e-12 else 'some'}",
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
    told = [("< 1e-9" if v < 1e-9 else f"{v:z.1g}") for v in (1 - overlap, sphere, lost)]
    return Measurement(
        printed=worst,
        tolerance=1e-9,
        figure=f"circle: distance of the first {2 * highest + 1} eigenfunctions' span from that of "
        f"waves {told[0]}; sphere: residual of zonal harmonics up to degree {highest - 1} "
        f"{told[1]}; without bias the eigenvalues of frequencies 3, 5, 7 are {told[2]} on both",
    )


def measure_decomposition(kernel=KERNEL, points=40):
    """C25: H∞ = Σ λ v vᵀ and its least eigenvalue, on points that come with their opposites."""
    x = np.linspace(-np.pi, np.pi, points, endpoint=False) + 0.1
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
        figure=f"{points} even points: H is rebuilt within 1e-12; least eigenvalue over the "
        f"largest {least:z.1e} with bias; without, {zeros} of {points} are 0 to rounding",
    )


CLAIMS = (
    Claim(
        "C06",
        "(5) (6)",
        "squared loss and its gradient for the two-layer network with bias",
        "as printed",
        LECTURE,
        measure_gradient,
    ),
    Claim(
        "C07",
        "(7)",
        "k(x, x') = x·x'(π - arccos x·x')/4π for the two-layer network",
        "1/2π without bias; (x·x' + 1)(π - arccos)/2π with; 1/4π belongs to the input (x, 1)/√2",
        LECTURE,
        measure_constant,
    ),
    Claim(
        "C09",
        "(10) (11)",
        "k(x, z) = (cos(x-z) + 1)(π - |x-z|)/4π in angles",
        "the difference must be wrapped to [0, π]",
        LECTURE,
        measure_wrapping,
    ),
    Claim(
        "C24",
        "contribution",
        "under uniform data the eigenfunctions are spherical harmonics",
        "they are, on circle and sphere; without bias odd frequencies from 3 on have eigenvalue 0",
        LECTURE,
        measure_harmonics,
    ),
    Claim(
        "C25",
        "(18)",
        "H∞ = Σ λ_i v_i v_iᵀ with least eigenvalue λ_0 > 0",
        "with bias; without, points that come with their opposites make it 0",
        LECTURE,
        measure_decomposition,
    ),
)
