"""A small valid call of every public function, class and method: the ground of test_fuzz.py.

`CALLS[name]` holds arguments; those left out have their defaults. `self` is the object of a method.
"""

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from ntklab import asymptotics, dynamics, experiments, fredholm, gram, sphere
from ntklab.densities import FromFunction, PiecewiseConstant, TrigPolynomial
from ntklab.experiments import (
    beyond,
    convergence,
    depth,
    digits,
    hemispheres,
    lazy,
    motivation,
    parity,
)
from ntklab.explorers import bias, density_editor, first_fit, losses, sample_size, theorem, width
from ntklab.explorers import depth as depth_explorer
from ntklab.explorers import hemispheres as hemispheres_explorer
from ntklab.figures import style
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.networks import TwoLayerReLU


def seed():
    return torch.Generator().manual_seed(0)


def flat(x):
    return np.full(np.shape(x), 1 / (2 * np.pi))


def even(X):
    return 1 + X[:, 2] ** 2


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
DESCENT = dynamics.gradient_descent(SAMPLE, np.cos(ANGLES), 1.0)
NETWORK = TwoLayerReLU(4, 2, generator=seed(), device="cpu")
LOSS = beyond.Loss("ordinary", ANGLES, beyond.loss_matrix(ANGLES))
TEN = np.linspace(-np.pi, np.pi, 10, endpoint=False)
TIMES = np.array([0.0, 1.0, 4.0])

# records that figures draw
RUN = motivation.predict(2.0, (1, 2), motivation.Setting(40, 1, 8, 4), points=20)
DIGITS = digits.learn(20, 0, 4, rng=np.random.default_rng(0))
PARITY = parity.with_and_without_bias(
    1, 8, 8, 3, rng=np.random.default_rng(0), device="cpu"
)
SETTING = convergence.Setting((1, 2, 3), 1, 8, 1.0, True, 0.005, 3, 1)
ORDER = convergence.order(SETTING, rng=np.random.default_rng(0), density=DENSITY, frequency=2)
EXACT = convergence.population_times(DENSITY, (1, 2, 3), 0.1, 1.0)
TRAINED = EXACT.assign(trained=EXACT.exact, theory=EXACT.exact, draw=0)
LEMMA = convergence.lemma_table(DENSITY, 1, 9)
HALVES = hemispheres.population((2,), (1, 2), degree=6)
DRAWS = HALVES.assign(draw=0)
COMPARED = beyond.compare(2.0, (1.0,), (1,), points=40, times=TIMES[1:], rng=RNG)
DECAY = depth.eigenvalue_decay((1, 2), 12)
AMPLITUDES = experiments.region_amplitudes(DENSITY, SPECTRUM)
ONES = np.ones(8)
WIDTHS = pd.DataFrame(
    {"start_kind": "random", "hidden_layers": L, "layer": L, "width": m, "seed": 0, "iteration": t}
    | dict.fromkeys("start drift residual deviation printed counted trained".split(), m**-0.5)
    | dict.fromkeys("excess error expected mean angle".split(), 1.0)
    for L in (1, 2) for m in (4, 16) for t in (0, 1)
)
AXES = Figure().subplots()
LABELLED = Figure(figsize=(1, 1))
LABELLED.set_label("alt")

CALLS = {
    "geometry.wrap": dict(theta=ANGLES),
    "geometry.circle_distance": dict(x=ANGLES, z=ANGLES),
    "geometry.to_circle": dict(theta=WHOLE),
    "geometry.to_angle": dict(points=CORNERS),
    "geometry.unit_vectors": dict(name="points", points=CORNERS),
    "geometry.directions_and_norms": dict(name="points", points=2 * CORNERS),
    "geometry.angle_between": dict(X=CORNERS, Y=CORNERS),
    "densities.Region": dict(start=-1.0, stop=2.0),
    "densities.Region.contains": dict(self=REGION, x=ANGLES),
    "densities.Region.points": dict(self=REGION, count=3),
    "densities.CircleDensity.cdf": dict(self=DENSITY, x=ANGLES),
    "densities.CircleDensity.phase": dict(self=DENSITY, x=ANGLES),
    "densities.CircleDensity.quantile": dict(self=DENSITY, u=np.array([0.0, 0.25, 0.5])),
    "densities.CircleDensity.sample": dict(self=DENSITY, count=3, rng=RNG),
    "densities.CircleDensity.grid": dict(self=DENSITY, count=3),
    "densities.PiecewiseConstant": dict(edges=DENSITY.edges, values=DENSITY.values),
    "densities.PiecewiseConstant.proportional": dict(edges=WHOLE, weights=np.arange(4.0)),
    "densities.PiecewiseConstant.equal_pieces": dict(weights=np.arange(4.0)),
    "densities.PiecewiseConstant.pdf": dict(self=DENSITY, x=ANGLES),
    "densities.PiecewiseConstant.rotated": dict(self=DENSITY, by=0.5),
    "densities.uniform": dict(),
    "densities.TrigPolynomial": dict(cosine=np.array([0.5]), sine=np.array([0.0, 0.25])),
    "densities.TrigPolynomial.pdf": dict(self=TrigPolynomial([0.5]), x=ANGLES),
    "densities.TrigPolynomial.rotated": dict(self=TrigPolynomial([0.5]), by=0.5),
    "densities.FromFunction": dict(function=flat, breakpoints=np.array([0.0, 1.0])),
    "densities.FromFunction.pdf": dict(self=FromFunction(flat), x=ANGLES),
    "densities.FromFunction.rotated": dict(self=FromFunction(flat), by=0.5),
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
    "spectrum.Spectrum.inner_products": dict(self=SPECTRUM),
    "spectrum.Spectrum.project": dict(self=SAMPLE, target=np.arange(6.0)),
    "spectrum.Spectrum.local_frequency": dict(self=SPECTRUM, region=REGION, samples=16),
    "spectrum.fix_signs": dict(values=np.array([[1.0, -2.0], [0.0, 1.0]])),
    "fredholm.solve": dict(kernel=KERNEL, density=DENSITY, count=3),
    "fredholm.quadrature": dict(density=DENSITY, frequency=1),
    "gram.CircleGram": dict(angles=ANGLES, kernel=KERNEL),
    "gram.CircleGram.at": dict(self=gram.CircleGram(ANGLES, KERNEL), x=ANGLES, v=np.arange(6.0)),
    "gram.solve": dict(kernel=KERNEL, angles=ANGLES, count=3),
    "gram.solve_harmonics": dict(kernel=KERNEL, angles=ANGLES, count=3, highest=4),
    "gram.harmonic_eigenvalues": dict(kernel=KERNEL, angles=ANGLES, count=3, highest=4),
    "gram.fourier_coefficients": dict(angles=ANGLES, highest=3),
    "gram.cut_off": dict(kernel=KERNEL, highest=3),
    "gram.solve_points": dict(kernel=KERNEL, X=CORNERS),
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
    "sphere.solve_smooth": dict(kernel=KERNEL, pdf=even, count=3, degree=2),
    "asymptotics.eigenvalue_printed": dict(q=np.arange(4.0), Z=0.5),
    "asymptotics.eigenvalue_corrected": dict(q=np.arange(4.0), Z=0.5),
    "asymptotics.eigenfunction": dict(x=ANGLES, q=2.0, density=DENSITY),
    "asymptotics.local_frequency": dict(q=np.arange(4.0), density=DENSITY),
    "asymptotics.effective_frequency": dict(spectrum=SPECTRUM, density=DENSITY),
    "asymptotics.pair_ratios": dict(spectrum=SPECTRUM, density=DENSITY),
    "asymptotics.law_residuals": dict(spectrum=SPECTRUM, density=DENSITY, highest=3),
    "asymptotics.hill_eigenvalues": dict(density=DENSITY, count=2),
    "asymptotics.end_slopes": dict(hidden_layers=2),
    "asymptotics.deep_eigenvalue": dict(q=np.arange(4.0), hidden_layers=2),
    "bounds.multiplier": dict(kernel=KERNEL, frequency=2),
    "bounds.source": dict(kernel=KERNEL, density=DENSITY, frequency=2),
    "bounds.amplitude_constant": dict(density=DENSITY),
    "bounds.coefficient_printed": dict(q=np.arange(4.0), frequency=1, density=DENSITY, B=1.0),
    "bounds.coefficient": dict(eigenvalues=np.array([1.0, 0.5]), source=2.0),
    "bounds.reciprocal_tail_printed": dict(n=np.array([2.0, 3.0])),
    "bounds.reciprocal_tail": dict(n=np.array([2.0, 3.0])),
    "bounds.tail": dict(next_eigenvalue=0.5, source=2.0),
    "bounds.modes_printed": dict(tolerance=0.5, frequency=1, density=DENSITY, B=1.0),
    "bounds.modes": dict(tolerance=0.5, eigenvalues=np.array([1.0, 0.5, 0.125]), source=2.0),
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
    "dynamics.resolve": dict(kernel=KERNEL, density=DENSITY, target=np.cos, tolerance=0.5, most=4),
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
    "gradients.alike": dict(networks=[NETWORK, NETWORK]),
    "training.train": dict(
        networks=[NETWORK], X=CORNERS, targets=np.arange(3.0), learning_rate=0.5, iterations=3,
        batch_size=2, generator=seed(), regions=np.eye(3, dtype=bool), threshold=0.5,
    ),
    "experiments.beyond.quadrature_weights": dict(angles=ANGLES, exact=1),
    "experiments.beyond.loss_matrix": dict(angles=TEN, loss="sobolev", highest=2),
    "experiments.beyond.Loss": dict(name="mine", angles=ANGLES, matrix=np.eye(6)),
    "experiments.beyond.Loss.fastest": dict(self=LOSS, kernel=KERNEL),
    "experiments.beyond.Loss.predict": dict(self=LOSS, target=np.arange(6.0), times=TIMES),
    "experiments.beyond.Loss.train": dict(
        self=LOSS, target=np.arange(6.0), times=TIMES, width=4, generator=seed(), device="cpu"
    ),
    "experiments.beyond.compare": dict(
        ratio=2.0, orders=(1.0,), frequencies=(1,), points=40, times=TIMES, train_width=0, rng=RNG,
        device="cpu",
    ),
    "experiments.beyond.speeds": dict(angles=TEN, loss="sobolev", highest=2),
    "experiments.convergence.Setting": dict(zip(SETTING._fields, SETTING, strict=True)),
    "experiments.convergence.place": dict(density=DENSITY, points=6, rng=RNG),
    "experiments.convergence.mass": dict(density=DENSITY, region=REGION),
    "experiments.convergence.region_counts": dict(density=DENSITY, x=TEN),
    "experiments.convergence.check_frequencies": dict(density=DENSITY, x=TEN, frequencies=(1, 2)),
    "experiments.convergence.predicted_times": dict(
        density=DENSITY, x=TEN, frequencies=(1,), threshold=0.01, learning_rate=1.0
    ),
    "experiments.convergence.population_times": dict(
        density=DENSITY, frequencies=(1,), threshold=0.1, learning_rate=1.0
    ),
    "experiments.convergence.lemma_table": dict(density=DENSITY, frequency=1, modes=5),
    "experiments.convergence.error_table": dict(
        density=DENSITY, frequency=1, iterations=np.array([1.0, 4.0])
    ),
    "experiments.convergence.thinning": dict(
        weights=(1.0,), frequency=1, threshold=0.1, learning_rate=1.0, setting=SETTING, rng=RNG
    ),
    "experiments.convergence.theory": dict(
        size=SETTING, layout="random", rng=RNG, density=DENSITY, frequencies=(1,)
    ),
    "experiments.convergence.trained": dict(size=SETTING, rng=RNG, density=DENSITY),
    "experiments.convergence.median_ratios": dict(frame=TRAINED, column="theory"),
    "experiments.convergence.slopes": dict(frame=TRAINED, column="theory"),
    "experiments.convergence.Order.sequence": dict(self=ORDER),
    "experiments.convergence.order": dict(size=SETTING, rng=RNG, density=DENSITY, frequency=2),
    "experiments.convergence.setting_of": dict(size="wide"),
    "experiments.depth.eigenvalue_decay": dict(depths=(1, 2), highest=4),
    "experiments.depth.decay_slopes": dict(decay=DECAY, window=(1, 12)),
    "experiments.depth.parity_ratio": dict(hidden_layers=2, frequency=4),
    "experiments.depth.learning_times": dict(density=DENSITY, frequencies=(1,), threshold=0.5),
    "experiments.depth.eigenspace_overlaps": dict(density=DENSITY, hidden_layers=2, count=3),
    "experiments.digits.load": dict(points=20, rng=RNG),
    "experiments.digits.log_density": dict(X=POLES, concentration=2.0),
    "experiments.digits.Digits.errors": dict(self=DIGITS, outputs=np.zeros((2, 20))),
    "experiments.digits.Digits.learned": dict(self=DIGITS, outputs=np.eye(3, 20), count=2),
    "experiments.digits.learn": dict(points=20, width=2, iterations=2, rng=RNG, device="cpu"),
    "experiments.hemispheres.population": dict(ratios=(2.0,), frequencies=(1,), degree=4),
    "experiments.hemispheres.tilted": dict(ratio=2.0, frequency=1, tilt=0.5, degree=4),
    "experiments.hemispheres.sampled": dict(
        ratios=(2.0,), frequencies=(1,), draws=1, per_half=4, rng=RNG
    ),
    "experiments.hemispheres.points": dict(ratio=2.0, per_half=2, rng=RNG),
    "experiments.hemispheres.Setting": dict(
        width=4, per_half=4, frequencies=(1,), seeds=1, iterations=3
    ),
    "experiments.hemispheres.trained": dict(
        ratios=(2.0,), size=hemispheres.Setting(4, 4, (1,), 1, 3), rng=RNG, device="cpu"
    ),
    "experiments.hemispheres.decomposition": dict(exact=HALVES, samples=DRAWS, frequencies=(1, 2)),
    "experiments.lazy.Size": dict(widths=(2, 4), networks=2),
    "experiments.lazy.target": dict(x=ANGLES),
    "experiments.lazy.training": dict(
        size=lazy.Size((2,), 2), points=4, iterations=2, rng=RNG, device="cpu"
    ),
    "experiments.lazy.curves": dict(widths=(2,), points=4, iterations=2, rng=RNG, device="cpu"),
    "experiments.lazy.two_layer": dict(width=2, kind="paired", rng=RNG, device="cpu"),
    "experiments.lazy.step": dict(before=NETWORK, after=NETWORK, X=CORNERS),
    "experiments.lazy.concentration": dict(
        size=lazy.Size((2,), 2), depths=(1,), points=4, rng=RNG, device="cpu"
    ),
    "experiments.lazy.preactivations": dict(
        X=CORNERS, width=2, hidden_layers=2, networks=2, rng=RNG, device="cpu"
    ),
    "experiments.lazy.kurtosis": dict(hidden_layer=2, width=np.array([4.0, 8.0])),
    "experiments.lazy.gaussianity": dict(
        size=lazy.Size((2,), 9), hidden_layers=1, rng=RNG, device="cpu"
    ),
    "experiments.lazy.slope": dict(theta=np.array([0.0, 1.0, 3.0])),
    "experiments.lazy.printed_slope": dict(theta=np.array([0.0, 1.0, 3.0])),
    "experiments.lazy.slope_products": dict(samples=4, angles=np.array([0.0, 1.0]), rng=RNG),
    "experiments.lazy.layer_parts": dict(
        hidden_layers=1, width=2, networks=2, rng=RNG, device="cpu"
    ),
    "experiments.lazy.rms": dict(table=WIDTHS, column="drift"),
    "experiments.lazy_depth.lazy_training": dict(
        depths=(1,), widths=(2,), seeds=1, points=4, iterations=2, rng=RNG, device="cpu"
    ),
    "experiments.lazy_depth.required_width": dict(points=10, hidden_layers=2),
    "experiments.motivation.Setting": dict(
        points=8, hidden_layers=1, width=2, iterations=2, batch_size=4, learning_rate=0.125
    ),
    "experiments.motivation.Learning.at": dict(self=RUN, iteration=2),
    "experiments.motivation.Learning.learned": dict(self=RUN),
    "experiments.motivation.Learning.half_learned": dict(self=RUN),
    "experiments.motivation.components": dict(x=ANGLES, frequencies=(1, 2)),
    "experiments.motivation.learn": dict(
        ratio=2.0, frequencies=(1, 2), size=motivation.Setting(8, 1, 2, 2), rng=RNG, device="cpu"
    ),
    "experiments.motivation.predict": dict(
        ratio=2.0, frequencies=(1, 2), size=motivation.Setting(8, 1, 2, 2), points=20
    ),
    "experiments.parity.active_together": dict(angles=np.array([0.0, 1.0]), samples=4, rng=RNG),
    "experiments.parity.gradient_by_hand": dict(
        W=CORNERS, b=np.arange(3.0), a=np.ones(3), X=CORNERS, y=np.arange(3.0)
    ),
    "experiments.parity.with_and_without_bias": dict(
        frequency=1, width=4, points=8, iterations=2, rng=RNG, device="cpu"
    ),
    "experiments.parity.uniform_spectra": dict(highest=2),
    "experiments.parity.sphere_residual": dict(kernel=KERNEL, degree=2, points=2),
    "experiments.power.fit_power": dict(x=np.array([1.0, 2.0, 4.0]), y=np.array([4.0, 2.0, 1.5])),
    "experiments.spectra.lecture_densities": dict(),
    "experiments.spectra.eigenvalue_table": dict(
        densities={"two": DENSITY}, frequencies=1, points=8
    ),
    "experiments.spectra.sampling_error": dict(
        density=DENSITY, rng=RNG, sizes=(8,), draws=1, count=3
    ),
    "experiments.spectra.region_frequencies": dict(density=DENSITY, spectrum=SPECTRUM),
    "experiments.spectra.region_amplitudes": dict(density=DENSITY, spectrum=SPECTRUM, samples=4),
    "figures.beyond.fractions_by_loss": dict(table=COMPARED),
    "figures.beyond.speeds_by_loss": dict(
        frequencies=ONES, speeds={"ordinary": ONES}, ratio=2.0
    ),
    "figures.beyond.digit_gallery": dict(digits=DIGITS, count=1),
    "figures.beyond.digit_learning": dict(digits=DIGITS, directions=(1, 2)),
    "figures.convergence.named": dict(densities=[0.5, 1.0]),
    "figures.convergence.frequency_axis": dict(ax=AXES, frequencies=[1, 2]),
    "figures.convergence.order_of_regions": dict(order=ORDER, moments=1),
    "figures.convergence.coefficients_and_bounds": dict(table=LEMMA, frequency=1),
    "figures.convergence.tails_and_bounds": dict(table=LEMMA),
    "figures.convergence.errors_and_bounds": dict(
        table=convergence.error_table(DENSITY, 1, np.array([1.0, 4.0]))
    ),
    "figures.convergence.iteration_bounds": dict(
        table=EXACT.assign(printed=1.0, corrected=1.0, direct=1.0)
    ),
    "figures.convergence.finishing_times": dict(exact=EXACT, trained=TRAINED),
    "figures.convergence.sampled_times": dict(grid=TRAINED, random=TRAINED),
    "figures.convergence.laziness": dict(table=TRAINED.assign(setting="lazy")),
    "figures.convergence.theorem_board": dict(
        density=DENSITY, t=TIMES, curves=np.ones((3, 2)), threshold=0.5,
        table=EXACT[:2].assign(floor=0.0), frequency=1,
    ),
    "figures.depth.profiles_and_decay": dict(
        theta=np.arange(3.0), profiles={1: np.ones(3)}, decay=DECAY
    ),
    "figures.depth.laziness": dict(
        table=WIDTHS, laws=dict.fromkeys(("start", "drift", "residual"), "-1")
    ),
    "figures.depth.compared_eigenfunctions": dict(
        density=DENSITY, x=TIMES, shallow=np.ones((3, 1)), deep=np.ones((3, 1)),
        titles=("one", "two"),
    ),
    "figures.depth.kernel_and_spectrum": dict(seen=depth_explorer.compute(2)),
    "figures.lazy.network_and_limit": dict(seen=width.compute(16, 1)),
    "figures.lazy.error_curves": dict(table=WIDTHS),
    "figures.lazy.training_gap": dict(
        table=WIDTHS, laws={("random", "printed"): "-1", ("random", "drift"): "-1"}
    ),
    "figures.lazy.deviations": dict(table=WIDTHS, laws={1: "-1", 2: "-1"}),
    "figures.lazy.gaussian_layers": dict(samples={4: ANGLES}, table=WIDTHS),
    "figures.lazy.slopes": dict(table=WIDTHS, right=thirds, printed=np.cos),
    "figures.motivation.wave": dict(frequency=2),
    "figures.motivation.snapshots": dict(learning=RUN, iterations=[0, 1]),
    "figures.motivation.learned_fractions": dict(learning=RUN),
    "figures.motivation.moment": dict(learning=RUN, iteration=1, title="exact"),
    "figures.spectra.eigenfunction_gallery": dict(
        density=DENSITY, spectrum=SPECTRUM, indices=[0, 1]
    ),
    "figures.spectra.density_and_spectrum": dict(density=DENSITY, spectrum=SPECTRUM, index=1),
    "figures.spectra.sample_and_population": dict(
        density=DENSITY, points=3, x=TIMES, sampled=np.arange(3.0), population=np.arange(3.0),
        relative=np.ones(2),
    ),
    "figures.spectra.eigenvalue_formulas": dict(
        table=experiments.eigenvalue_table({"two": DENSITY}, 2, 8)
    ),
    "figures.spectra.sampling_convergence": dict(
        errors=experiments.sampling_error(DENSITY, np.random.default_rng(0), (8, 16), 1, 3),
        law=experiments.fit_power([1, 2, 3], [3, 2, 1]),
    ),
    "figures.spectra.local_frequencies": dict(
        table=experiments.region_frequencies(DENSITY, SPECTRUM)
    ),
    "figures.spectra.lemma_residual": dict(
        q=np.arange(1.0, 4.0), residual=np.arange(1.0, 4.0), exact=np.arange(1.0, 4.0)
    ),
    "figures.spectra.pair_splitting": dict(
        ratios=asymptotics.pair_ratios(SPECTRUM, DENSITY), hill_ratios=np.full((4, 2), 2.0)
    ),
    "figures.spectra.amplitude_clouds": dict(density=DENSITY, amplitudes=AMPLITUDES, start=1),
    "figures.sphere.draw_sphere": dict(
        ax=Figure().add_subplot(projection="3d"), function=sphere.harmonic(1)
    ),
    "figures.sphere.halves_learning": dict(seen=hemispheres_explorer.compute(2.0, 1)),
    "figures.sphere.quotients": dict(exact=HALVES, samples=DRAWS, paper={2: 1.76}),
    "figures.sphere.gap_explained": dict(
        table=hemispheres.decomposition(HALVES, DRAWS, frequencies=(1, 2))
    ),
    "figures.style.show": dict(figure=LABELLED),
    "figures.style.styled": dict(draw=style.new),
    "figures.style.new": dict(),
    "figures.style.angle_axis": dict(ax=AXES),
    "figures.style.shade_regions": dict(ax=AXES, density=DENSITY),
    "figures.style.draw_density": dict(ax=AXES, density=DENSITY),
    "figures.two_layer.active_neurons": dict(
        theta=1.0, table=parity.active_together([0.5, 1.0], 9, rng=np.random.default_rng(0))
    ),
    "figures.two_layer.wrapped_and_not": dict(d=TIMES, printed=TIMES, wrapped=TIMES),
    "figures.two_layer.uniform_eigenvalues": dict(table=parity.uniform_spectra(2)),
    "figures.two_layer.learned_or_not": dict(parity=PARITY),
    "figures.two_layer.bias_switch": dict(seen=bias.compute()),
    "explorers.bias.compute": dict(),
    "explorers.bias.draw": dict(switched=bias.compute()),
    "explorers.density_editor.compute": dict(),
    "explorers.density_editor.draw": dict(edited=density_editor.compute()),
    "explorers.depth.compute": dict(hidden_layers=2),
    "explorers.depth.draw": dict(seen=depth_explorer.compute(2)),
    "explorers.first_fit.compute": dict(high=2),
    "explorers.first_fit.draw": dict(seen=first_fit.compute(high=2)),
    "explorers.hemispheres.compute": dict(),
    "explorers.hemispheres.draw": dict(halves=hemispheres_explorer.compute()),
    "explorers.losses.compute": dict(high=4),
    "explorers.losses.draw": dict(compared=losses.compute()),
    "explorers.sample_size.compute": dict(points=20),
    "explorers.sample_size.draw": dict(compared=sample_size.compute(20)),
    "explorers.theorem.compute": dict(frequency=2),
    "explorers.theorem.draw": dict(learning=theorem.compute()),
    "explorers.width.Width.errors": dict(self=width.compute(16, 1), outputs=np.ones((2, 24))),
    "explorers.width.compute": dict(width=16, hidden_layers=1),
    "explorers.width.draw": dict(seen=width.compute(16, 1)),
}

# Settings are checked where they are used
SETTINGS = {
    "experiments.convergence.Setting": lambda setting: convergence.order(
        setting, rng=np.random.default_rng(0), density=DENSITY, frequency=2
    ),
    "experiments.hemispheres.Setting": lambda setting: hemispheres.trained(
        (2.0,), setting, rng=np.random.default_rng(0), device="cpu"
    ),
    "experiments.lazy.Size": lambda size: lazy.gaussianity(
        size, hidden_layers=1, rng=np.random.default_rng(0), device="cpu"
    ),
    "experiments.motivation.Setting": lambda setting: motivation.learn(
        2.0, (1, 2), setting, rng=np.random.default_rng(0), device="cpu"
    ),
}
