"""Errors on new data, each by a second route: dual iterations, Monte Carlo, Fourier, Gaussians."""

import numpy as np
import pytest
from scipy.linalg import expm, solve
from scipy.optimize import brentq
from scipy.special import erfc

from ntklab import generalization, gram
from ntklab.densities import PiecewiseConstant, Region, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK

KERNEL = TwoLayerNTK()
P = PiecewiseConstant.equal_pieces([1, 4])
Q = PiecewiseConstant.equal_pieces([3, 1, 2])
ARC = Region(0.63 * np.pi, 1.27 * np.pi)  # over π, its ends on the grid below


def target(x):
    return np.cos(3 * x) + 0.3 * np.sin(5 * x)


@pytest.fixture(scope="module")
def sample():
    return P.sample(40, np.random.default_rng(0))


def test_flow_predicts_as_the_matrix_exponential_does(sample):
    x = np.linspace(-3, 3, 17)
    found = generalization.learner(KERNEL, sample, target).predict([0, 3.0, 400.0], x)
    H = KERNEL.at_angles(sample) / 40
    for t, u in zip((0, 3.0, 400.0), found, strict=True):
        dual = solve(H, target(sample) - expm(-t * H) @ target(sample)) / 40
        np.testing.assert_allclose(u, KERNEL.at_angles(x, sample) @ dual, atol=1e-8)


def test_descent_predicts_as_iterations_do(sample):
    x, labels = np.linspace(-3, 3, 17), np.random.default_rng(1).normal(size=40)
    found = generalization.learner(KERNEL, sample, target, learning_rate=5.0)
    dual = np.zeros(40)
    for _ in range(50):
        dual += 5.0 / 40 * (labels - KERNEL.at_angles(sample) @ dual)
    u = found.predict([50], x, labels)[0]
    np.testing.assert_allclose(u, KERNEL.at_angles(x, sample) @ dual, atol=1e-11)


@pytest.mark.parametrize("kernel", [KERNEL, TwoLayerNTK(bias=False), DeepNTK(2)])
@pytest.mark.parametrize("region", [None, ARC])
def test_errors_are_those_of_a_fine_grid_and_of_drawn_noise(sample, kernel, region):
    """Trained with p, tested with q, over all and over an arc that runs over π."""
    learner = generalization.learner(kernel, sample, target, noise=1.0)
    found = learner.errors([5.0, 300.0], Q, region)
    x = (np.arange(3000) + 0.5) / 3000 * 2 * np.pi - np.pi
    weights = Q.pdf(x) * (1 if region is None else region.contains(x))
    weights /= weights.sum()
    times, clean = [5.0, 300.0], target(sample)
    smoother = np.stack([learner.predict(times, x, unit) for unit in np.eye(40)], axis=2)
    labels = clean[:, None] + np.random.default_rng(2).normal(size=(40, 2000))
    bias = (smoother @ clean - target(x)) ** 2 @ weights
    draws = [weights @ (rows @ labels - target(x)[:, None]) ** 2 for rows in smoother]
    draws = np.stack(draws, axis=1)
    np.testing.assert_allclose(found.bias, bias, rtol=2e-3)
    scatter = draws.std(axis=0) / np.sqrt(2000)
    assert (np.abs(found.rms**2 - draws.mean(axis=0)) < 4 * scatter).all()
    assert (scatter < 0.15 * found.variance).all()  # so that the line above can fail


def test_closed_form_on_even_points():
    """n even points alias κ to κ + nl: every mode of the sample is a comb of waves."""
    n, kappa, sigma, t = 12, 3, 0.5, 20.0
    comb = np.abs(np.arange(n)[:, None] + n * np.arange(-20_000, 20_001))
    waves = KERNEL.harmonic_eigenvalues(comb.ravel()).reshape(comb.shape)
    lam = waves.sum(axis=1)
    learned = 1 - np.exp(-lam * t)
    teeth = learned[kappa] * waves[kappa] / lam[kappa]
    bias = (teeth @ teeth - 2 * teeth.max() + 1) / 2
    variance = sigma**2 / n * np.sum(learned**2 * np.sum(waves**2, axis=1) / lam**2)
    points = np.arange(n) * 2 * np.pi / n - np.pi
    learner = generalization.learner(KERNEL, points, lambda x: np.cos(kappa * x), sigma)
    found = learner.errors([t], uniform())
    assert found.bias[0] == pytest.approx(bias, rel=1e-6)
    assert found.variance[0] == pytest.approx(variance, rel=1e-6)


def test_quadrature_is_exact_at_the_kinks(sample, monkeypatch):
    learner = generalization.learner(KERNEL, sample, lambda x: np.cos(40 * x), 0.3)
    coarse = learner.errors([1e3], Q)
    monkeypatch.setattr(generalization, "NODES", 12)
    fine = learner.errors([1e3], Q)
    np.testing.assert_allclose(coarse.bias, fine.bias, rtol=1e-6)
    np.testing.assert_allclose(coarse.variance, fine.variance, rtol=1e-10)


@pytest.mark.parametrize("kappa", [128, 192, 256, 1000])
def test_a_fast_target_is_resolved(kappa):
    points = np.array([0.1, 0.7, 2.0, -1.0, -2.0])
    learner = generalization.learner(KERNEL, points, lambda x: np.cos(kappa * x))
    x = (np.arange(40_000) + 0.5) / 40_000 * 2 * np.pi - np.pi
    expected = np.mean((learner.predict([0, 30.0], x) - np.cos(kappa * x)) ** 2, axis=1)
    np.testing.assert_allclose(learner.errors([0, 30.0], uniform()).bias, expected, rtol=1e-6)
    if kappa < 1000:
        curve = generalization.learning_curve(KERNEL, uniform(), learner.target, [3])
        assert curve.bias[0] == pytest.approx(0.5, rel=1e-5)


def test_a_target_that_jumps_is_resolved_and_a_hopeless_one_refused(sample):
    jumps = generalization.learner(KERNEL, sample, lambda x: np.sign(np.sin(3 * x + 0.1)))
    assert jumps.errors([0], uniform()).bias[0] == pytest.approx(1, rel=1e-12)
    hopeless = generalization.learner(KERNEL, sample, lambda x: np.cos(1e7 * x))
    with pytest.raises(ValueError, match="^target: "):
        hopeless.errors([0], uniform())


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_where_noise_is_all_one_stops_at_once(sample, size):
    learner = generalization.learner(KERNEL, sample, lambda x: size * target(x), noise=100.0)
    stop, start = learner.best_stop(P), learner.errors([0], P).rms[0]
    assert stop.rms <= start and stop.time < 1e-3
    assert size or stop == generalization.Stop(0.0, 0.0)
    times = np.append(0, np.geomspace(1e-9, 1, 3000))
    assert stop.rms <= learner.errors(times, P).rms.min() * (1 + 1e-12)


def test_ridge_regression_by_a_linear_solver(sample):
    learner = generalization.learner(KERNEL, sample, target, noise=0.4)
    found = learner.ridge_errors([0.0, 1e-3], P)
    x = (np.arange(20_000) + 0.5) / 20_000 * 2 * np.pi - np.pi
    weights = P.pdf(x) / P.pdf(x).sum()
    for i, ridge in enumerate((0.0, 1e-3)):
        smoother = solve(
            KERNEL.at_angles(sample) + 40 * ridge * np.eye(40), KERNEL.at_angles(sample, x)
        )
        bias = (target(sample) @ smoother - target(x)) ** 2 @ weights
        variance = 0.4**2 * np.sum(smoother**2, axis=0) @ weights
        np.testing.assert_allclose([found.bias[i], found.variance[i]], [bias, variance], rtol=1e-3)


@pytest.mark.parametrize("region", [None, *P.regions])
def test_best_stop_is_the_least_of_many_times(sample, region):
    learner = generalization.learner(KERNEL, sample, target, noise=0.5)
    stop = learner.best_stop(P, region)
    times = np.geomspace(1, 1e6, 4000)
    rms = learner.errors(times, P, region).rms
    assert stop.time == pytest.approx(times[rms.argmin()], rel=5e-3)
    assert stop.rms <= rms.min() * (1 + 1e-12)


def test_best_stop_in_whole_iterations_and_never(sample):
    learner = generalization.learner(KERNEL, sample, target, noise=0.5, learning_rate=4.0)
    rms = learner.errors(np.arange(3000), P).rms
    stop = learner.best_stop(P)
    assert (stop.time, stop.rms) == (rms.argmin(), pytest.approx(rms.min()))
    even = np.arange(40) * 2 * np.pi / 40 - np.pi
    clean = generalization.learner(KERNEL, even, np.cos)
    assert clean.best_stop(uniform()).time == np.inf


def test_one_stopping_time_is_too_early_for_the_sparse_and_too_late_for_the_dense():
    points = P.sample(200, np.random.default_rng(3))
    learner = generalization.learner(KERNEL, points, lambda x: np.cos(3 * x), noise=0.5)
    sparse, dense = (learner.best_stop(P, region).time for region in P.regions)
    assert dense < 0.7 * learner.best_stop(P).time < 0.7 * sparse


def test_learning_curve_where_its_assumption_is_true():
    """Ridge regression on independent Gaussian features in the place of eigenfunctions."""
    n, sigma, ridge = 20, 0.3, 2e-3
    predicted = generalization.learning_curve(
        KERNEL, uniform(), lambda x: np.cos(3 * x), n, noise=sigma, ridge=ridge
    )
    frequencies = (np.arange(600) + 1) // 2
    lam = KERNEL.harmonic_eigenvalues(frequencies)
    rng, errors = np.random.default_rng(4), []
    for _ in range(400):
        features = rng.normal(size=(n, 600))
        # cos 3x is the sixth function of 1, cos x, sin x, ... times √½
        y = features[:, 5] / np.sqrt(2) + sigma * rng.normal(size=n)
        scaled = features * lam
        weights = scaled.T @ solve(scaled @ features.T + n * ridge * np.eye(n), y)
        weights[5] -= 1 / np.sqrt(2)
        errors.append(weights @ weights)
    assert predicted.rms[0] ** 2 == pytest.approx(np.mean(errors), rel=0.06)
    assert np.std(errors) / 20 < 0.03 * np.mean(errors)


def test_learning_curve_closed_form_under_uniform_density():
    n, sigma, ridge = 16, 0.4, 1e-3
    lam = KERNEL.harmonic_eigenvalues(np.arange(20_000))
    many = np.append(1, np.full(len(lam) - 1, 2))
    kappa = brentq(lambda c: many @ (lam / (lam + c)) + n * ridge / c - n, 1e-8, 10)
    L = lam / (lam + kappa)
    total = ((1 - L[3]) ** 2 / 2 + sigma**2) / (1 - many @ L**2 / n)
    found = generalization.learning_curve(
        KERNEL, uniform(), lambda x: np.cos(3 * x), [n], noise=sigma, ridge=ridge
    )
    assert found.bias[0] == pytest.approx((1 - L[3]) ** 2 / 2, rel=0.01)
    assert found.rms[0] ** 2 == pytest.approx(total - sigma**2, rel=0.01)


def test_learning_curve_with_a_ridge_beside_samples():
    """Tested under another density than trained under, too; a slow wave, which gaps hardly hurt."""
    n, ridge, regions = 64, 1e-2, (None, P.regions[0])
    predicted = [
        generalization.learning_curve(
            KERNEL, P, np.cos, n, noise=0.5, ridge=ridge, test=Q, region=region
        ).rms[0] ** 2
        for region in regions
    ]
    rng, found = np.random.default_rng(5), []
    for _ in range(60):
        learner = generalization.learner(KERNEL, P.sample(n, rng), np.cos, 0.5)
        errors = (learner.ridge_errors(ridge, Q, region) for region in regions)
        found.append([error.rms[0] ** 2 for error in errors])
    np.testing.assert_allclose(predicted, np.mean(found, axis=0), rtol=0.1)
    assert (np.std(found, axis=0) / np.sqrt(60) < 0.05 * np.mean(found, axis=0)).all()


def test_interpolating_noise_costs_two_thirds_of_it():
    """Between two neighbours at s of their distance: (1 - s)² + s², 2/3 in the mean."""
    points = uniform().sample(300, np.random.default_rng(6))
    learner = generalization.learner(KERNEL, points, np.cos, noise=1.0)
    assert learner.ridge_errors(0.0, uniform()).variance[0] == pytest.approx(2 / 3, rel=0.01)


def test_norm_bound_by_a_linear_solver(sample):
    spectrum = gram.solve(KERNEL, sample, 40)
    y = target(sample)
    expected = np.sqrt(2 * y @ solve(KERNEL.at_angles(sample), y) / 40)
    assert generalization.norm_bound(spectrum, target) == pytest.approx(expected, rel=1e-9)
    assert generalization.norm_bound(spectrum, y) == pytest.approx(expected, rel=1e-9)


def test_random_labels_by_drawing_them(sample):
    spectrum = gram.solve(KERNEL, sample, 40)
    H = KERNEL.at_angles(sample) / 40
    signs = np.random.default_rng(7).choice([-1.0, 1.0], (40, 4000))
    left = expm(-30 * H) @ signs
    for region in P.regions:
        drawn = np.sqrt(np.mean(left[region.contains(sample)] ** 2))
        found = generalization.random_label_error(spectrum, [30.0], region)[0]
        assert found == pytest.approx(drawn, rel=0.01)


def test_random_labels_on_even_points_follow_white_noise_up_to_nyquist():
    """∫_0^1 exp(-2a/s²) ds with a = t/(π³ n² p), from k_κ ≈ 1/πκ²·p and κ = π n p s."""
    n = 800
    points = uniform().grid(n)
    spectrum = gram.solve(KERNEL, points, n)
    t = np.array([1e3, 1e4])
    a = t / (np.pi**3 * n**2 / (2 * np.pi))
    square = np.exp(-2 * a) - np.sqrt(2 * np.pi * a) * erfc(np.sqrt(2 * a))
    found = generalization.random_label_error(spectrum, t)
    np.testing.assert_allclose(found, np.sqrt(square), rtol=0.005)


def test_random_labels_come_later_where_data_are_dense():
    points = P.sample(300, np.random.default_rng(8))
    spectrum = gram.solve(KERNEL, points, 300)
    sparse, dense = (
        generalization.random_label_error(spectrum, [1e3, 1e4], region) for region in P.regions
    )
    assert (sparse < dense).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda x: generalization.learner(KERNEL, x[:1], target), "angles"),
        (lambda x: generalization.learner(KERNEL, np.zeros(1501), target), "angles"),
        (lambda x: generalization.learner(KERNEL, x, target, noise=-1), "noise"),
        (lambda x: generalization.learner(KERNEL, x, lambda x: 1.0), "target"),
        (lambda x: generalization.learner(KERNEL, x, target).ridge_errors(-1.0, P), "ridge"),
        (lambda x: generalization.learner(KERNEL, x, target).errors([-1.0], P), "t"),
        (lambda x: generalization.learner(KERNEL, x, target).errors(
            [1.0], PiecewiseConstant.equal_pieces([0, 1]), P.regions[0]), "region"),
        (lambda x: generalization.learning_curve(KERNEL, P, target, 0), "counts"),
        (lambda x: generalization.norm_bound(gram.solve(KERNEL, x, 5), target), "spectrum"),
        (lambda x: generalization.random_label_error(gram.solve(KERNEL, x, 5), [1.0]), "spectrum"),
    ],
)  # fmt: skip
def test_refusals(sample, call, named):
    with pytest.raises(ValueError, match=f"^{named}: "):
        call(sample)


def test_wrong_kinds(sample):
    with pytest.raises(TypeError, match="^target: must be callable"):
        generalization.learner(KERNEL, sample, 1.0)
    with pytest.raises(TypeError, match="^density: "):
        generalization.learner(KERNEL, sample, target).errors([1.0], 0.2)
