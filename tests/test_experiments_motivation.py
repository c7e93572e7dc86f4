"""The motivating experiment: measured on networks, computed for infinite width."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from ntklab.experiments import motivation
from ntklab.experiments.motivation import Learning, Setting
from ntklab.experiments.trained import motivation as trained
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected
from ntklab.tangent import empirical_ntk

SMALL = Setting(points=200, hidden_layers=2, width=64, iterations=60, batch_size=50)


def learned(outputs, iterations, frequencies=(1, 8), points=200):
    density = motivation.halves(1.0, frequencies, points)
    x = np.sort(density.grid(points))
    return Learning(density, frequencies, SMALL, x, np.asarray(iterations), outputs(x))


def test_fractions_of_a_known_output():
    curve = np.array([0.0, 0.3, 0.9])

    def outputs(x):
        low, high = motivation.components(x, (1, 8))
        return np.outer(curve, low) + np.outer(curve**2, high) + np.where(x < 0, 3.0, -1.0)

    table = learned(outputs, [0, 1, 2]).learned()
    for _, part in table.groupby(["half", "frequency"]):
        expected = curve if part.frequency.iloc[0] == 1 else curve**2
        np.testing.assert_allclose(part.fraction, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("fractions", "time"),
    [
        ([0, 0.25, 0.75, 1], 15.0),  # half-way between iterations 10 and 20
        ([0, 0.6, 0.4, 0.6], 25.0),  # for good only after the last look below
        ([0.6, 0.7, 0.8, 0.9], 0.0),
        ([0, 0.9, 0.9, 0.4], np.inf),
    ],
)
def test_half_learned_is_for_good(fractions, time):
    curve = pd.DataFrame({"iteration": [0, 10, 20, 30], "fraction": fractions})
    assert motivation._crossing(curve) == pytest.approx(time)


def test_prediction_against_plain_steps():
    """The spectrum's curve is that of stepping r <- r - ηTr with the dense matrix."""
    setting = replace_setting(iterations=7)
    run = motivation.predict(3.0, (1, 4), setting, points=60)
    T = DeepNTK(2).at_angles(run.points) / 60
    y = run.components.sum(0)
    u = np.zeros(60)
    for t in range(8):
        if t in run.iterations:
            np.testing.assert_allclose(run.at(t)[1], u, atol=1e-12)
        u = u - setting.learning_rate * T @ (u - y)


def replace_setting(**changes):
    return SMALL._replace(**changes)


def test_a_wide_network_follows_the_prediction_of_its_own_kernel():
    """One full-batch step of a network is one step of the linear theory, up to 1/√width."""
    rng = np.random.default_rng(3)
    setting = Setting(60, 2, 512, iterations=20, batch_size=60, learning_rate=0.1)
    run = trained.learn(2.0, (1, 4), setting, rng=rng, device="cpu")
    rng = np.random.default_rng(3)
    x = np.sort(run.density.sample(60, rng))
    np.testing.assert_array_equal(x, run.points)
    seed = int(rng.integers(2**32, size=2)[0])
    network = FullyConnected(
        2, 512, 2, generator=torch.Generator().manual_seed(seed), device="cpu"
    )
    with torch.no_grad():
        u = network(torch.from_numpy(to_circle(x))).numpy()
    np.testing.assert_allclose(run.outputs[0], u, atol=1e-5)
    y, H = run.components.sum(0), empirical_ntk(network, to_circle(x)) / 60
    residual = np.linalg.matrix_power(np.eye(60) - 0.1 * H, 20) @ (u - y)
    assert run.iterations[-1] == 20
    change = np.linalg.norm(run.outputs[-1] - u)
    assert np.linalg.norm(run.outputs[-1] - y - residual) < 0.05 * change


def test_the_same_seed_is_the_same_training():
    first, second = (
        trained.learn(2.0, (1, 4), SMALL, rng=np.random.default_rng(5), device="cpu")
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.outputs, second.outputs)
    other = trained.learn(2.0, (1, 4), SMALL, rng=np.random.default_rng(6), device="cpu")
    assert np.abs(other.outputs[-1] - first.outputs[-1]).max() > 1e-3


def test_sizes_of_the_papers_figure():
    paper = motivation.SETTINGS["paper"]
    assert (paper.points, paper.hidden_layers, paper.width) == (10_000, 10, 256)
    assert paper.iterations * paper.batch_size == 40 * paper.points  # epoch 40


def test_both_times_grow_with_frequency_and_with_sparseness():
    deep = SMALL._replace(hidden_layers=10, iterations=10**5)
    times = {
        (ratio, k): motivation.predict(ratio, (1, k), deep).half_learned()[k].to_numpy()
        for ratio in (1, 4)
        for k in (8, 16)
    }
    assert times[1, 16][0] / times[1, 8][0] == pytest.approx(4, rel=0.1)
    dense, sparse = times[4, 16]
    assert sparse / dense == pytest.approx(4, rel=0.1)
    assert times[1, 16][0] == pytest.approx(times[1, 16][1])


def test_looking_at_a_moment_takes_the_nearest_record():
    run = motivation.predict(1.0, (1, 4), SMALL, points=40)
    assert run.at(0)[0] == 0 and run.at(10**9)[0] == 60
    assert replace(run, iterations=run.iterations + 0).at(1)[0] == 1


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda rng: trained.learn(40, (5, 5), rng=rng), "frequencies"),
        (lambda rng: trained.learn(40, size="huge", rng=rng), "size"),
        (lambda rng: trained.learn(rng=0), "rng"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call(np.random.default_rng(0))
