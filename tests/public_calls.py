"""A small valid call of every public function, class and method: the ground of test_fuzz.py.

`CALLS[name]` holds arguments; those left out have their defaults. `self` is the object of a method.
"""

import importlib.util

import numpy as np
import torch

from ntklab import circle_gram, dynamics, estimation, fredholm, generalization, gram, sphere
from ntklab.densities import FromFunction, PiecewiseConstant, TrigPolynomial
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.networks import TwoLayerReLU


def seed():
    return torch.Generator().manual_seed(0)


def flat(x):
    return np.full(np.shape(x), 1 / (2 * np.pi))


def thirds(theta):
    return theta / 3


ANGLES = np.array([-3.0, -1.5, -0.5, 0.25, 1.0, 2.0])
WHOLE = np.array([-3.0, -1.0, 0.0, 2.0])
CORNERS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
POLES = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
RNG = np.random.default_rng(0)
DENSITY = PiecewiseConstant.equal_pieces([1, 2])
REGION = DENSITY.regions[0]
BANDS = sphere.hemispheres(2)
KERNEL = TwoLayerNTK()
DEEP = DeepNTK(2)
SPECTRUM = fredholm.solve(KERNEL, DENSITY, 9)
SAMPLE = gram.solve(KERNEL, ANGLES, 6)
ESTIMATE = estimation.estimate(ANGLES, 3, 3)
DESCENT = dynamics.gradient_descent(SAMPLE, np.cos(ANGLES), 1.0)
LEARNER = generalization.learner(KERNEL, ANGLES, np.cos, 0.5)
NETWORK = TwoLayerReLU(4, 2, generator=seed(), device="cpu")
TIMES = np.array([0.0, 1.0, 4.0])

CALLS = {
    "geometry.wrap": dict(theta=ANGLES),
    "geometry.circle_distance": dict(x=ANGLES, z=ANGLES),
    "geometry.to_circle": dict(theta=WHOLE),
    "geometry.unit_vectors": dict(name="points", points=CORNERS),
    "geometry.directions_and_norms": dict(name="points", points=2 * CORNERS),
    "geometry.angle_between": dict(X=CORNERS, Y=CORNERS),
    "densities.Region": dict(start=-1.0, stop=2.0),
    "densities.Region.contains": dict(self=REGION, x=ANGLES),
    "densities.Region.points": dict(self=REGION, count=3),
    "densities.CircleDensity.phase": dict(self=DENSITY, x=ANGLES),
    "densities.CircleDensity.sample": dict(self=DENSITY, count=3, rng=RNG),
    "densities.CircleDensity.mass": dict(self=DENSITY, region=REGION),
    "densities.CircleDensity.grid": dict(self=DENSITY, count=3),
    "densities.PiecewiseConstant": dict(edges=DENSITY.edges, values=DENSITY.values),
    "densities.PiecewiseConstant.proportional": dict(edges=WHOLE, weights=np.arange(4.0)),
    "densities.PiecewiseConstant.equal_pieces": dict(weights=np.arange(4.0)),
    "densities.PiecewiseConstant.pdf": dict(self=DENSITY, x=ANGLES),
    "densities.PiecewiseConstant.histogram": dict(angles=ANGLES, bins=4),
    "densities.uniform": dict(),
    "densities.von_mises": dict(
        means=np.array([-1.0, 1.0]), concentrations=np.array([2.0, 0.0]),
        weights=np.array([1.0, 3.0]),
    ),
    "densities.TrigPolynomial": dict(cosine=np.array([0.5]), sine=np.array([0.0, 0.25])),
    "densities.TrigPolynomial.pdf": dict(self=TrigPolynomial([0.5]), x=ANGLES),
    "densities.FromFunction": dict(function=flat, breakpoints=np.array([0.0, 1.0])),
    "densities.FromFunction.pdf": dict(self=FromFunction(flat), x=ANGLES),
    "activations.HermiteSeries": dict(activation=np.tanh),
    "activations.dual_activation": dict(activation=np.sin, most_nodes=256),
    "kernels.ZonalKernel.profile": dict(self=KERNEL, theta=np.array([0.0, 1.0, 3.0])),
    "kernels.ZonalKernel.__call__": dict(self=KERNEL, X=CORNERS),
    "kernels.ZonalKernel.diag": dict(self=KERNEL, X=CORNERS),
    "kernels.ZonalKernel.at_angles": dict(self=KERNEL, x=ANGLES),
    "kernels.ZonalKernel.harmonic_eigenvalues": dict(self=DEEP, frequencies=np.arange(4.0)),
    "kernels.TwoLayerNTK": dict(),
    "kernels.TwoLayerNTK.harmonic_eigenvalues": dict(self=KERNEL, frequencies=np.arange(4.0)),
    "kernels.DeepNTK": dict(hidden_layers=2),
    "kernels.NNGP": dict(hidden_layers=2),
    "spectrum.Spectrum.__call__": dict(self=SPECTRUM, x=ANGLES),
    "spectrum.Spectrum.project": dict(self=SAMPLE, target=np.arange(6.0)),
    "spectrum.Spectrum.local_frequency": dict(self=SPECTRUM, region=REGION, samples=16),
    "fredholm.solve": dict(kernel=KERNEL, density=DENSITY, count=3),
    "fredholm.eigenvalues": dict(kernel=KERNEL, density=DENSITY, count=3),
    "fredholm.quadrature": dict(density=DENSITY, frequency=1),
    "circle_gram.CircleGram": dict(angles=ANGLES, kernel=KERNEL),
    "circle_gram.CircleGram.at": dict(
        self=circle_gram.CircleGram(ANGLES, KERNEL), x=ANGLES, v=np.arange(6.0)
    ),
    "circle_gram.ZonalGram": dict(angles=ANGLES, kernel=DEEP),
    "circle_gram.ZonalGram.at": dict(
        self=circle_gram.ZonalGram(ANGLES, DEEP), x=ANGLES, v=np.arange(6.0)
    ),
    "gram.solve": dict(kernel=KERNEL, points=ANGLES, count=3),
    "estimation.Estimate.table": dict(self=ESTIMATE),
    "estimation.estimate": dict(angles=ANGLES, bins=3, count=2),
    "estimation.digit_angles": dict(),
    "sphere.Band": dict(low=-0.5, high=1.0),
    "sphere.Band.contains": dict(self=BANDS.regions[0], X=POLES),
    "sphere.Bands": dict(edges=BANDS.edges, values=BANDS.values),
    "sphere.Bands.proportional": dict(edges=np.array([0.0]), weights=np.array([1.0, 2.0])),
    "sphere.Bands.pdf": dict(self=BANDS, X=POLES),
    "sphere.Bands.sample": dict(self=BANDS, n=3, rng=RNG),
    "sphere.Bands.sample_in_bands": dict(self=BANDS, counts=[1, 2], rng=RNG),
    "sphere.hemispheres": dict(ratio=2.0),
    "sphere.at_height": dict(z=np.array([-1.0, 0.0, 0.5]), longitude=np.arange(3.0)),
    "sphere.harmonic": dict(degree=2),
    "sphere.solve": dict(kernel=KERNEL, density=BANDS, count=3, orders=(0, 1), degree=4),
    "asymptotics.eigenvalue_printed": dict(q=np.arange(4.0), Z=0.5),
    "asymptotics.eigenvalue_corrected": dict(q=np.arange(4.0), Z=0.5),
    "asymptotics.local_frequency": dict(q=np.arange(4.0), density=DENSITY),
    "asymptotics.effective_frequency": dict(spectrum=SPECTRUM, density=DENSITY),
    "asymptotics.pair_ratios": dict(spectrum=SPECTRUM, density=DENSITY),
    "asymptotics.law_residuals": dict(spectrum=SPECTRUM, density=DENSITY, highest=3),
    "asymptotics.hill_eigenvalues": dict(density=DENSITY, count=2),
    "asymptotics.antipodal_hill_eigenvalues": dict(density=DENSITY, count=2),
    "asymptotics.end_slopes": dict(hidden_layers=2),
    "asymptotics.deep_eigenvalue": dict(q=np.arange(4.0), hidden_layers=2),
    "bounds.multiplier": dict(kernel=KERNEL, frequency=2),
    "bounds.source": dict(kernel=KERNEL, density=DENSITY, frequency=2),
    "bounds.amplitude_constant": dict(density=DENSITY),
    "bounds.coefficient_printed": dict(q=np.arange(4.0), frequency=1, density=DENSITY),
    "bounds.coefficient": dict(eigenvalues=np.array([1.0, 0.5]), source=2.0),
    "bounds.reciprocal_tail_printed": dict(n=np.array([2.0, 3.0])),
    "bounds.reciprocal_tail": dict(n=np.array([2.0, 3.0])),
    "bounds.tail": dict(next_eigenvalue=0.5, source=2.0),
    "bounds.modes_printed": dict(tolerance=0.5, frequency=1, density=DENSITY),
    "bounds.head_printed": dict(
        t=TIMES, n=1, learning_rate=0.5, eigenvalues=np.array([1.0, 0.5])
    ),
    "bounds.head": dict(t=TIMES, n=1, learning_rate=0.5, eigenvalues=np.array([1.0, 0.5])),
    "bounds.iterations_printed": dict(threshold=0.5, n=1, learning_rate=0.5, eigenvalue=0.5),
    "bounds.iterations_corrected": dict(threshold=0.5, learning_rate=0.5, eigenvalue=0.5),
    "bounds.error": dict(t=TIMES[1:], learning_rate=1.5, source=2.0, largest=1.0),
    "bounds.iterations": dict(threshold=0.5, learning_rate=0.5, source=2.0),
    "bounds.local_time": dict(
        threshold=0.5, learning_rate=0.5, kernel=KERNEL, frequency=2, density=DENSITY, region=REGION
    ),
    "dynamics.Dynamics.decay": dict(self=DESCENT, t=TIMES),
    "dynamics.Dynamics.residual_at": dict(self=DESCENT, t=TIMES),
    "dynamics.Dynamics.error": dict(self=DESCENT, t=TIMES, region=REGION),
    "dynamics.Dynamics.time_to_reach": dict(self=DESCENT, threshold=0.5),
    "dynamics.gradient_descent": dict(spectrum=SAMPLE, target=np.arange(6.0), learning_rate=1.0),
    "dynamics.gradient_flow": dict(spectrum=SAMPLE, target=np.arange(6.0), start=np.ones(6)),
    "fredholm.resolve": dict(kernel=KERNEL, density=DENSITY, target=np.cos, tolerance=0.5, most=4),
    "generalization.learner": dict(kernel=KERNEL, angles=ANGLES, target=np.cos, noise=0.5),
    "generalization.Learner.of": dict(self=LEARNER, target=np.cos, noise=0.5),
    "generalization.Learner.predict": dict(self=LEARNER, t=TIMES, x=WHOLE, labels=np.arange(6.0)),
    "generalization.Learner.errors": dict(self=LEARNER, t=TIMES, density=DENSITY, region=REGION),
    "generalization.Learner.ridge_errors": dict(self=LEARNER, ridge=TIMES, density=DENSITY),
    "generalization.Learner.best_stop": dict(self=LEARNER, density=DENSITY, region=REGION),
    "generalization.learning_curve": dict(
        kernel=KERNEL, density=DENSITY, target=np.cos, counts=np.array([2, 3]), noise=0.5
    ),
    "generalization.norm_bound": dict(spectrum=SAMPLE, labels=np.arange(6.0)),
    "generalization.random_label_error": dict(spectrum=SAMPLE, t=TIMES, region=REGION),
    "networks.pick_device": dict(),
    "networks.LayeredNetwork.forward": dict(self=NETWORK, x=torch.eye(2, dtype=torch.float64)),
    "networks.LayeredNetwork.gradient_factors": dict(
        self=NETWORK, x=torch.eye(2, dtype=torch.float64)
    ),
    "networks.TwoLayerReLU": dict(width=4, dimension=2, generator=seed(), device="cpu"),
    "networks.FullyConnected": dict(
        hidden_layers=2, width=4, dimension=2, generator=seed(), device="cpu"
    ),
    "tangent.empirical_ntk": dict(network=NETWORK, X=CORNERS),
    "tangent.empirical_ntk_by_layer": dict(network=NETWORK, X=CORNERS),
    "tangent.ntk_vector_product": dict(network=NETWORK, X=CORNERS, v=np.arange(3.0)),
    "tangent.ntk_drift": dict(
        initial=NETWORK, trained=NETWORK, X=CORNERS, memory=2**20, route="auto", progress=False
    ),
    "training.train": dict(
        networks=[NETWORK], X=CORNERS, targets=np.arange(3.0), learning_rate=0.5, iterations=3,
        batch_size=2, generator=seed(), regions=np.eye(3, dtype=bool), threshold=0.5,
    ),
    "explorers.two_layer.compute": dict(),
    "explorers.eigenfunctions.compute": dict(),
    "explorers.deep_kernels.compute": dict(hidden_layers=2),
    "explorers.depth.compute": dict(hidden_layers=2),
    "explorers.generalization.compute": dict(contrast=2.0),
    "explorers.motivation.compute": dict(high=2),
    "explorers.sphere.compute": dict(),
    "explorers.beyond.compute": dict(high=4),
    "explorers.eigenfunctions_sampled.compute": dict(points=20),
    "explorers.convergence.compute": dict(frequency=2),
    "explorers.tangent_kernel.compute": dict(width=16, hidden_layers=1),
}

if importlib.util.find_spec("flint"):  # proofs need python-flint, an extra
    CALLS["certificates.certify"] = dict(
        density=PiecewiseConstant.equal_pieces([1, 2, 4]), count=2
    )
