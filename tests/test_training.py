"""Training many networks: against torch's SGD, linear dynamics, NumPy, itself after a kill."""

import copy
import dataclasses
import functools
import os
import pickle
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from ntklab import _gradients as gradients
from ntklab import _graphs, training
from ntklab.dynamics import gradient_descent
from ntklab.geometry import to_circle
from ntklab.gram import solve
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.tangent import empirical_ntk
from ntklab.training import DivergenceError, train

torch.set_num_threads(1)

N, n = 3, 40
ANGLES = np.random.default_rng(0).uniform(-np.pi, np.pi, n)
CIRCLE = to_circle(ANGLES)
SPACE = np.random.default_rng(1).normal(size=(N, n, 3))
TARGETS = np.sin(np.multiply.outer(range(1, N + 1), ANGLES))
HALVES = np.stack([ANGLES < 0, ANGLES >= 0])
EVERY = 5_000  # records a decade: every iteration up to some thousand


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def two_layer(width=200, dimension=2, **options):
    options = {"device": "cpu", **options}
    return [TwoLayerReLU(width, dimension, generator=seeded(i), **options) for i in range(N)]


def deep(**options):
    options = {"device": "cpu", **options}
    return [FullyConnected(2, (30, 20), 3, generator=seeded(i), **options) for i in range(N)]


def same(one, other):
    """Bit for bit."""
    for field in dataclasses.fields(one):
        if field.name != "networks":
            mine, yours = getattr(one, field.name), getattr(other, field.name)
            np.testing.assert_array_equal(mine, yours, err_msg=field.name, strict=mine is not None)
    for mine, yours in zip(one.networks, other.networks, strict=True):
        pair = tuple(mine.parameters()), tuple(yours.parameters())
        torch.testing.assert_close(*pair, rtol=0, atol=0, equal_nan=True)


def by_sgd(network, X, y, learning_rate, batches):
    """The same steps by torch.optim.SGD and autograd; outputs before each step and after all."""
    network = copy.deepcopy(network)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate)
    outputs = []
    for batch in batches:
        outputs.append(network(X).detach().numpy())
        optimizer.zero_grad()
        ((network(X[batch]) - y[batch]).square().mean() / 2).backward()
        optimizer.step()
    return network, np.stack([*outputs, network(X).detach().numpy()])


def epochs(batch_size, generator, steps):
    """Mini-batches as documented."""
    batches = []
    while len(batches) < steps:
        batches += torch.randperm(n, generator=generator).split(batch_size)
    return batches[:steps]


SETTINGS = {
    "circle": (two_layer, CIRCLE, TARGETS),
    "all trained": (lambda: two_layer(train_output=True), CIRCLE, TARGETS),
    "no bias": (lambda: two_layer(bias=False), CIRCLE, TARGETS[0]),
    "space": (lambda: two_layer(dimension=3), SPACE, TARGETS),
    "shared in space": (lambda: two_layer(dimension=3), SPACE[0], TARGETS),
    "deep": (lambda: deep(bias_variance=0.2), SPACE, TARGETS),
    "deep, part trained": (lambda: deep(trained="hidden", activation="erf"), SPACE[0], TARGETS[0]),
}


@pytest.mark.parametrize("batch_size", [None, 40, 16, 1])
@pytest.mark.parametrize("name", SETTINGS)
def test_steps_are_those_of_torch_sgd(name, batch_size):
    make, X, targets = SETTINGS[name]
    steps = 12
    batches = [slice(None)] * steps
    if batch_size is not None:
        batches = epochs(batch_size, seeded(7), steps)
    generator = None if batch_size is None else seeded(7)
    found = train(
        make(), X, targets, 0.1, steps,
        batch_size=batch_size, generator=generator, record=EVERY, outputs=True,
    )  # fmt: skip
    assert found.iterations.tolist() == list(range(steps + 1))
    for i, network in enumerate(make()):
        X_i, y = X if X.ndim == 2 else X[i], np.broadcast_to(targets, (N, n))[i].copy()
        network, outputs = by_sgd(network, X_i, y, 0.1, batches)
        np.testing.assert_allclose(found.outputs[:, i], outputs, rtol=1e-11, atol=1e-11)
        errors = np.sqrt(((outputs - y) ** 2).mean(axis=1))
        np.testing.assert_allclose(found.errors[:, i, 0], errors, rtol=1e-10)
        np.testing.assert_allclose(found.losses[:, i], errors**2 / 2, rtol=1e-10)
        for one, other in zip(
            found.networks[i].parameters(), network.parameters(), strict=True
        ):
            torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("bias", [True, False])
def test_wide_networks_follow_the_linear_dynamics(bias):
    x = np.linspace(-np.pi, np.pi, 60, endpoint=False) + 0.01
    spectrum = solve(TwoLayerNTK(bias, normalization="network"), x, 60)
    distances = []
    for width in (500, 32_000):
        networks = [
            TwoLayerReLU(width, 2, bias=bias, generator=seeded(i), device="cpu") for i in range(3)
        ]
        y = np.cos(x) - np.sin(2 * x)
        found = train(networks, to_circle(x), y, 2.0, 100, outputs=True, record=4)
        size = np.linalg.norm(y)
        linear = [
            gradient_descent(spectrum, y, 2.0, start=start).residual_at(found.iterations)
            for start in found.outputs[0]
        ]
        away = found.outputs - y - np.stack(linear, axis=1)
        distances.append(np.linalg.norm(away, axis=-1).max(axis=0).mean() / size)
    assert distances[1] < 0.02
    assert 3 < distances[0] / distances[1] < 20  # √64 = 8


def test_mini_batches_follow_their_generator():
    def run(seed, batch_size=16):
        return train(
            two_layer(), CIRCLE, TARGETS, 0.2, 50,
            batch_size=batch_size, generator=seeded(seed), outputs=True,
        )  # fmt: skip

    found = run(1)
    same(found, run(1))
    assert not np.allclose(found.final_outputs, run(2).final_outputs, atol=1e-4)
    whole = train(two_layer(), CIRCLE, TARGETS, 0.2, 50, outputs=True)
    np.testing.assert_allclose(run(1, n).outputs, whole.outputs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["circle", "space", "deep"])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_stopping_changes_nothing_until_the_stop(name, batch_size):
    make, X, targets = SETTINGS[name]
    threshold = {"circle": [0.5, 0.6], "space": [0.66, 0.66], "deep": [0.5, 0.6]}[name]
    most = 300

    def run(stop_early, networks, X, targets, most=most, record=EVERY):
        generator = None if batch_size is None else seeded(3)
        return train(
            networks, X, targets, 0.2, most, regions=HALVES, threshold=threshold,
            stop_early=stop_early, record=record, outputs=True,
            batch_size=batch_size, generator=generator,
        )  # fmt: skip

    stopping, going = (run(early, make(), X, targets) for early in (True, False))
    np.testing.assert_array_equal(stopping.reached, going.reached)
    assert (going.steps == most).all() and going.iterations.tolist() == list(range(most + 1))
    below = going.errors <= threshold  # reached: the first of them, found again from the history
    first = np.where(below.any(axis=0), below.argmax(axis=0), np.inf)
    np.testing.assert_array_equal(going.reached, first)
    sparse = run(True, make(), X, targets, record=1)
    np.testing.assert_array_equal(sparse.reached, stopping.reached)
    exact = run(True, make(), X, targets, int(stopping.steps[0]))  # down at the very last step
    assert exact.steps[0] == exact.reached[0].max() == stopping.steps[0]
    assert len(set(stopping.steps)) == N and stopping.steps[0] < most  # each in its own time
    np.testing.assert_array_equal(stopping.steps, np.minimum(first.max(axis=1), most))
    for i, steps in enumerate(stopping.steps):
        np.testing.assert_allclose(
            stopping.outputs[: steps + 1, i], going.outputs[: steps + 1, i], rtol=0, atol=1e-11
        )
        assert np.isnan(stopping.outputs[steps + 1 :, i]).all()
        for history in (stopping.errors, stopping.losses):
            assert np.isfinite(history[: steps + 1, i]).all()
            assert np.isnan(history[steps + 1 :, i]).all()
        np.testing.assert_allclose(stopping.final_errors[i], going.errors[steps, i], rtol=1e-9)
        # the network is that of a training of so many steps
        X_i = X if np.ndim(X) == 2 else X[i]
        alone = run(False, make()[i : i + 1], X_i, targets[i], int(steps))
        for one, other in zip(
            stopping.networks[i].parameters(), alone.networks[0].parameters(), strict=True
        ):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-11)
        np.testing.assert_allclose(stopping.final_outputs[i], alone.final_outputs[0], atol=1e-11)


def test_never_and_at_once():
    found = train(two_layer(), CIRCLE, TARGETS, 0.1, 50, regions=HALVES, threshold=[1e-9, 1e3])
    assert np.isinf(found.reached[:, 0]).all() and (found.reached[:, 1] == 0).all()
    assert (found.steps == 50).all()
    found = train(two_layer(), CIRCLE, TARGETS, 0.1, 50, threshold=1e3)
    assert (found.steps == 0).all() and (found.reached == 0).all()
    assert found.iterations.tolist() == [0]
    for before, after in zip(two_layer(), found.networks, strict=True):
        assert all(map(torch.equal, before.parameters(), after.parameters()))


@pytest.mark.parametrize("norm, measure", [
    ("rms", lambda r, inside: np.sqrt((r[inside] ** 2).mean())),
    ("l2", lambda r, inside: np.sqrt((r[inside] ** 2).sum() / n)),
    ("half_mse", lambda r, inside: (r[inside] ** 2).mean() / 2),
])  # fmt: skip
@pytest.mark.parametrize("own", [False, True])
def test_errors_by_region(norm, measure, own):
    regions = np.random.default_rng(4).random((N, 4, n)) < 0.4  # they may overlap
    regions = torch.from_numpy(regions) if own else regions[0]
    found = train(
        two_layer(), CIRCLE, TARGETS, 0.1, 30, regions=regions, norm=norm, outputs=True
    )
    regions = np.broadcast_to(regions, (N, 4, n))
    for t, i, j in np.ndindex(found.errors.shape):
        expected = measure(found.outputs[t, i] - TARGETS[i], regions[i, j])
        assert found.errors[t, i, j] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(found.errors[-1], found.final_errors)
    np.testing.assert_array_equal(found.outputs[-1], found.final_outputs)
    assert (found.steps == 30).all() and np.isinf(found.reached).all()  # without a threshold


@pytest.mark.parametrize("record, iterations, expected", [
    (1, 1000, [0, 1, 10, 100, 1000]),
    (2, 50, [0, 1, 3, 10, 32, 50]),
    (3, 1, [0, 1]),
])  # fmt: skip
def test_history_is_even_in_the_logarithm(record, iterations, expected):
    found = train(two_layer(10), CIRCLE, TARGETS, 0.1, iterations, record=record, outputs=True)
    assert found.iterations.tolist() == expected
    assert found.errors.shape == (len(expected), N, 1)
    assert found.outputs.shape == (len(expected), N, n)
    if iterations > 10:
        shorter = train(two_layer(10), CIRCLE, TARGETS, 0.1, 10)
        at = expected.index(10)
        np.testing.assert_array_equal(found.outputs[at], shorter.final_outputs)
        np.testing.assert_array_equal(found.errors[at], shorter.final_errors)


def test_networks_come_back_as_copies():
    networks = two_layer(train_output=True)
    found = train(networks, CIRCLE, TARGETS, 0.5, 20)
    assert found.outputs is None
    for given, fresh, trained, u in zip(
        networks, two_layer(train_output=True), found.networks, found.final_outputs, strict=True
    ):
        assert all(map(torch.equal, given.parameters(), fresh.parameters()))
        assert trained.trained_parameters == ("W", "b", "a")
        assert not torch.equal(trained.W, given.W)
        output = trained(torch.from_numpy(CIRCLE)).detach()
        np.testing.assert_allclose(output, u, rtol=0, atol=1e-12)


def test_one_network_or_many():
    many = train(two_layer(), CIRCLE, TARGETS, 0.5, 20)
    for i, network in enumerate(two_layer()):
        one = train([network], CIRCLE, TARGETS[i], 0.5, 20)
        np.testing.assert_allclose(one.final_outputs[0], many.final_outputs[i], atol=1e-13)


def test_single_precision():
    networks = two_layer(dtype=torch.float32)
    found = train(networks, torch.from_numpy(CIRCLE), torch.from_numpy(TARGETS), 0.5, 50)
    exact = train(two_layer(), CIRCLE, TARGETS, 0.5, 50)
    assert found.final_outputs.dtype == np.float32
    assert found.networks[0].W.dtype == torch.float32
    np.testing.assert_allclose(found.final_outputs, exact.final_outputs, atol=1e-4)


# Too large a learning rate

TOO_LARGE = r"learning_rate: (\S+) took the loss of network (\d) from (\S+) to (\S+); .*"
TOO_LARGE += r"2/λ_1, about (\S+) at the start .*; (?:the loss ended at (\S+)|it came down again)"


def limits(networks, X):
    """2/λ_1 from all of the matrix."""
    points = np.broadcast_to(X, (len(networks), *np.shape(X)[-2:]))
    pairs = zip(networks, points, strict=True)
    return [2 * n / np.linalg.eigvalsh(empirical_ntk(*pair))[-1] for pair in pairs]


@pytest.mark.parametrize("name, finite", [("no bias", False), ("circle", True), ("deep", None)])
@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize(
    "dtype", [torch.float32, pytest.param(torch.float64, marks=pytest.mark.slow)]
)
def test_divergence_names_the_limit(name, finite, batch_size, dtype):
    make, X, targets = SETTINGS[name]
    networks = [network.to(dtype) for network in make()]
    generator = None if batch_size is None else seeded(1)
    with pytest.raises(DivergenceError) as caught:
        train(networks, X, targets, 90, 600, batch_size=batch_size, generator=generator)
    rate, i, start, top, limit, end = re.search(TOO_LARGE, str(caught.value)).groups()
    i, found = int(i), caught.value.training
    assert rate == "90" and float(limit) == pytest.approx(limits(make(), X)[i], rel=0.02)
    assert float(start) == pytest.approx(found.losses[0, i], rel=0.01)
    assert np.isfinite(float(end)) == np.isfinite(found.final_errors[i]).all()
    assert not float(top) < 4 * float(start) and not float(end) < float(start) / 4
    assert np.isfinite(found.losses[:2]).all()
    if finite is not None:  # without bias it grows for ever; with bias the neurons die
        assert np.isfinite(float(end)) == finite
    if finite:
        assert abs(found.final_outputs[i]).max() < 1e-9
    if finite is False:
        assert found.iterations[-1] < 600  # it does not go on


def test_growth_that_is_still_finite_is_divergence_too():
    networks, y = two_layer(bias=False), TARGETS
    rate = 1.6 * max(limits(networks, CIRCLE))
    with pytest.raises(DivergenceError, match=TOO_LARGE) as caught:
        train(networks, CIRCLE, y, rate, 40)
    back = pickle.loads(pickle.dumps(caught.value))
    assert type(back) is DivergenceError and str(back) == str(caught.value)
    same(back.training, caught.value.training)
    found = caught.value.training
    assert (found.steps == 40).all() and np.isfinite(found.losses).all()
    assert (found.losses[-1] > 1e3 * found.losses[0]).any()


def test_a_loss_that_rose_and_came_down_is_warned_of():
    networks = two_layer(4_000)
    rate = 1.5 * min(limits(networks, CIRCLE))
    with pytest.warns(RuntimeWarning, match=TOO_LARGE) as caught:
        found = train(networks, CIRCLE, TARGETS, rate, 100)
    assert caught[0].filename == __file__ and "came down again" in str(caught[0].message)
    assert (found.losses.max(axis=0) > 20 * found.losses[0]).all()
    assert (found.losses[-1] < found.losses[0] / 10).all()


def test_the_limit_parts_growth_from_decay():
    networks = two_layer(20_000)
    limit = np.array(limits(networks, CIRCLE))
    below = train(networks, CIRCLE, TARGETS, 0.95 * limit.min(), 40, record=EVERY)
    assert (np.diff(below.losses, axis=0) < 0).all()
    with pytest.raises(DivergenceError, match=TOO_LARGE):
        train(networks, CIRCLE, TARGETS, 1.3 * limit.max(), 10)


def test_rounding_is_no_divergence():
    networks = two_layer()
    y = np.stack([net(torch.from_numpy(CIRCLE)).detach().numpy() for net in networks])
    found = train(networks, CIRCLE, y + 1e-17, 1.0, 100)
    assert (found.losses < 1e-28).all()


# Checkpoints

RUN = """
import sys
import numpy as np, torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from ntklab import _checkpoints
from test_training import checkpointed, training
training.SAVE = 0  # a save before every step
{before}
checkpointed({path!r})
"""


def checkpointed(path=None, iterations=1_500, name="circle", batch_size=16, **options):
    """A training with all that a checkpoint must carry: stops, epochs, records."""
    make, X, targets = SETTINGS[name]
    if batch_size is not None:
        options |= {"batch_size": batch_size, "generator": seeded(9)}
    options = {"threshold": [0.4, 0.45], "regions": HALVES, "outputs": True} | options
    return train(make(), X, targets, 0.1, iterations, checkpoint=path, **options)


@functools.cache
def at_one_go():
    """What all that is interrupted must come to; to be compared, not changed."""
    return checkpointed()


def in_process(path, before=""):
    script = RUN.format(tests=os.path.dirname(__file__), path=str(path), before=before)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", script], env=environment)


def test_what_the_checkpoint_tests_train_has_stops_on_the_way():
    found = at_one_go()
    assert len(set(found.steps)) == N and found.steps.min() < 500 < found.steps.max()


DIE = """
import os
save, calls = _checkpoints.save, []
def dying(*arguments, **content):
    save(*arguments, **content)
    calls.append(1)
    if len(calls) == 57:
        os._exit(9)
_checkpoints.save = dying
"""


@pytest.mark.slow
def test_resume_after_exit_is_bitwise(tmp_path):
    path = tmp_path / "training"
    assert in_process(path, DIE).wait(60) == 9
    resumed = checkpointed(path)
    same(resumed, at_one_go())
    same(checkpointed(path), resumed)  # nothing left to do


@pytest.mark.slow
def test_resume_after_kill_at_any_moment_is_bitwise(tmp_path):
    path = tmp_path / "training"
    for delay in (0.0, 0.11):
        process = in_process(path)
        end = time.monotonic() + 60
        before = path.read_bytes() if path.exists() else None
        while (path.read_bytes() if path.exists() else None) == before:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.005)
        time.sleep(delay)
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
    same(checkpointed(path), at_one_go())


@pytest.mark.parametrize("name", ["circle", "space", "deep"])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_resume_after_interrupt_is_bitwise(tmp_path, monkeypatch, name, batch_size):
    route = type(gradients.route(SETTINGS[name][0]()[0], torch.from_numpy(SETTINGS[name][1])))
    step, calls = route.gradients, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) in (40, 113):
            signal.raise_signal(signal.SIGINT)
        return step(self, *arguments)

    options = {"iterations": 150, "name": name, "batch_size": batch_size}
    path = tmp_path / "training"
    monkeypatch.setattr(route, "gradients", interrupted)
    for steps in (40, 113):
        with pytest.raises(KeyboardInterrupt):
            checkpointed(path, **options)
        assert len(calls) == steps
        assert [file.name for file in tmp_path.iterdir()] == ["training"]
    resumed = checkpointed(path, **options)
    assert len(calls) < 160  # every step once, but for the two interrupted
    assert resumed.iterations[-1] == 150
    same(resumed, checkpointed(**options))


def test_interrupt_without_checkpoint_is_raised(monkeypatch):
    monkeypatch.setattr(gradients.Arcs, "gradients", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        train(two_layer(), CIRCLE, TARGETS, 0.1, 10)


def test_training_on(tmp_path):
    path = tmp_path / "training"
    for iterations in (100, 100, 700, 1_500):
        found = checkpointed(path, iterations)
    same(found, at_one_go())
    with pytest.raises(ValueError, match=r"iterations: must be >= \d+ of '.*training', got 50"):
        checkpointed(path, 50)


@pytest.mark.slow
def test_interrupt_in_the_middle_of_a_save_leaves_the_one_before(tmp_path, monkeypatch):
    path, syncs = tmp_path / "training", []
    sync = os.fsync

    def interrupted(file):
        syncs.append(1)
        if len(syncs) in (20, 21):  # again in the save that follows the first
            raise KeyboardInterrupt
        sync(file)

    monkeypatch.setattr(training, "SAVE", 0)
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpointed(path)
    monkeypatch.undo()
    same(checkpointed(path), at_one_go())


@pytest.mark.parametrize("damage", [
    lambda data: b"",
    lambda data: data[:10],
    lambda data: data[:-1],
    lambda data: data[: len(data) // 2],
    lambda data: data + b"0",
    lambda data: data[:5_000] + bytes([data[5_000] ^ 1]) + data[5_001:],
    lambda data: b"iteration,error\n0,1.0\n",
])  # fmt: skip
def test_damaged_checkpoint_is_named_and_kept(tmp_path, damage):
    path = tmp_path / "training"
    checkpointed(path, 50)
    data = damage(path.read_bytes())
    path.write_bytes(data)
    words = f"checkpoint: {str(path)!r} is damaged or no checkpoint of `train`; it was left as it"
    with pytest.raises(ValueError, match=re.escape(words)):
        checkpointed(path, 60)
    assert path.read_bytes() == data


PLAIN = {
    "networks": two_layer, "X": lambda: CIRCLE, "targets": lambda: TARGETS,
    "learning_rate": lambda: 0.1, "iterations": lambda: 10, "threshold": lambda: 0.01,
    "regions": lambda: HALVES, "batch_size": lambda: 8, "generator": seeded,
}  # fmt: skip


def with_other(**others):
    return train(**{name: value() for name, value in PLAIN.items()} | others)


@pytest.mark.parametrize("name, value", [
    ("networks", lambda: two_layer(weight_scale=1.01)),
    ("networks", lambda: two_layer(train_output=True)),
    ("networks", lambda: two_layer(width=201)),
    ("networks", lambda: two_layer(dtype=torch.float32)),
    ("X", lambda: to_circle(ANGLES + 1e-9)),
    ("targets", lambda: TARGETS + 1e-15),
    ("learning_rate", lambda: 0.1001),
    ("threshold", lambda: None),
    ("regions", lambda: ~HALVES),
    ("regions", lambda: None),
    ("batch_size", lambda: 9),
    ("generator", lambda: seeded(1)),
    ("norm", lambda: "l2"),
    ("stop_early", lambda: False),
    ("record", lambda: 3),
    ("outputs", lambda: True),
])  # fmt: skip
def test_checkpoint_of_other_settings_is_named_and_kept(tmp_path, name, value):
    path = tmp_path / "training"
    with_other(checkpoint=path)
    data = path.read_bytes()
    words = rf"^checkpoint: '.*training' was made with other .*\b{name}\b.*it was left as it is"
    with pytest.raises(ValueError, match=words):
        with_other(checkpoint=path, **{name: value()})
    assert path.read_bytes() == data
    same(with_other(checkpoint=str(path)), with_other())


def test_other_activation_is_other_networks(tmp_path):
    path = tmp_path / "training"
    train(deep(activation="tanh"), SPACE, TARGETS, 0.1, 5, checkpoint=path)
    with pytest.raises(ValueError, match="other networks"):
        train(deep(activation="erf"), SPACE, TARGETS, 0.1, 5, checkpoint=path)


@pytest.mark.slow
def test_a_checkpoint_holds_no_diverged_state(tmp_path):
    path = tmp_path / "training"
    for _ in range(2):
        with pytest.raises(DivergenceError, match="ended at (inf|nan)"):
            train(two_layer(bias=False), CIRCLE, TARGETS, 90, 3_000, checkpoint=path)
    with pytest.raises(DivergenceError) as whole:
        train(two_layer(bias=False), CIRCLE, TARGETS, 90, 3_000)
    with pytest.raises(DivergenceError) as resumed:
        train(two_layer(bias=False), CIRCLE, TARGETS, 90, 3_000, checkpoint=path)
    same(resumed.value.training, whole.value.training)


def test_a_finished_training_is_read_and_not_computed_anew(tmp_path, monkeypatch):
    path = tmp_path / "training"
    found = checkpointed(path, 300)

    def uncertain(*arguments):  # as on a GPU, where sums have no fixed order
        raise AssertionError("computed anew")

    monkeypatch.setattr(gradients.Arcs, "outputs", uncertain)
    same(checkpointed(path, 300), found)
    monkeypatch.undo()
    same(checkpointed(path, 1_500), at_one_go())  # and it can be gone on with


# The step as a graph: the same bookkeeping, with a replay that computes anew


@pytest.fixture
def replayed(monkeypatch):
    """Replays on a CPU; the list says which work was captured."""
    captured = []
    monkeypatch.setattr(_graphs, "suits", lambda device: True)
    monkeypatch.setattr(_graphs, "capture", lambda work: captured.append(work) or work)
    return captured


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_replays_are_steps(replayed, monkeypatch, name, batch_size):
    def run():
        generator = None if batch_size is None else seeded(2)
        make, X, targets = SETTINGS[name]
        return train(
            make(), X, targets, 0.1, 150, batch_size=batch_size, generator=generator,
            threshold=[0.5, 0.6], regions=HALVES, outputs=True,
        )  # fmt: skip

    found = run()
    assert replayed
    monkeypatch.undo()
    same(found, run())


@pytest.mark.parametrize(
    "threshold", [pytest.param(None, marks=pytest.mark.slow), [0.4, 0.45]]
)
def test_replays_stop_and_resume(replayed, monkeypatch, tmp_path, threshold):
    path = tmp_path / "training"
    for iterations in (100, 700, 1_500):
        found = checkpointed(path, iterations, threshold=threshold)
    monkeypatch.undo()
    same(found, at_one_go() if threshold else checkpointed(threshold=None))


def test_an_interrupted_replay_leaves_the_last_look(replayed, monkeypatch, tmp_path):
    step, calls, path = gradients.Arcs.gradients, [], tmp_path / "training"

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 113:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(gradients.Arcs, "gradients", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpointed(path)
    monkeypatch.undo()
    same(checkpointed(path), at_one_go())


def test_a_step_that_cannot_be_captured_goes_on_and_says_so_once(monkeypatch):
    def refused(work):
        work()  # memory may have moved by then
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(_graphs, "suits", lambda device: True)
    monkeypatch.setattr(_graphs, "capture", refused)
    monkeypatch.setattr(_graphs, "_warned", [])
    with pytest.warns(RuntimeWarning, match="^device: .* captured as a CUDA graph .*not permit"):
        found = checkpointed(iterations=100)
    same(checkpointed(iterations=100), found)  # a second warning would be an error
    monkeypatch.undo()
    same(checkpointed(iterations=100), found)


@pytest.mark.parametrize("name", ["shared in space", "deep", "circle"])
def test_a_device_that_is_full_gets_smaller_blocks_then_a_named_error(monkeypatch, name):
    make, X, targets = SETTINGS[name]
    route = type(gradients.route(make()[0], torch.as_tensor(X)))
    step, room, asked = route.gradients, [2**25], []

    def limited(self, *arguments):
        asked.append(self.memory)
        if self.memory > room[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(self, *arguments)

    expected = train(make(), X, targets, 0.1, 20)
    monkeypatch.setattr(route, "gradients", limited)
    found = train(make(), X, targets, 0.1, 20)
    assert asked[0] == gradients.MEMORY and asked[-1] <= 2**25
    np.testing.assert_allclose(found.final_outputs, expected.final_outputs, atol=1e-12)
    room[0] = 0
    with pytest.raises(MemoryError, match="^networks: cpu ran out of memory"):
        train(make(), X, targets, 0.1, 20)


def test_inference_mode_changes_nothing():
    with torch.inference_mode():
        found = [train(make(), X, y, 0.1, 20) for make, X, y in SETTINGS.values()]
    for one, (make, X, y) in zip(found, SETTINGS.values(), strict=True):
        same(one, train(make(), X, y, 0.1, 20))
        assert not any(value.is_inference() for value in one.networks[0].parameters())


# Devices, progress, arguments


def test_auto_is_the_cpu_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    found = with_other(device="auto")
    assert found.networks[0].W.device == torch.device("cpu")
    same(found, with_other())
    same(found, with_other(device="cpu"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU: this machine has none")
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_on_a_gpu(tmp_path, name, batch_size):
    make, X, targets = SETTINGS[name]

    def run(device, **options):
        generator = None if batch_size is None else seeded(2)
        return train(
            make(), X, targets, 0.1, 100, batch_size=batch_size, generator=generator,
            threshold=[0.5, 0.6], regions=HALVES, outputs=True, device=device, **options,
        )  # fmt: skip

    found, expected = run("cuda", checkpoint=tmp_path / "training"), run("cpu")
    assert found.networks[0].trained_parameters == expected.networks[0].trained_parameters
    assert next(found.networks[0].parameters()).device.type == "cuda"
    np.testing.assert_array_equal(found.reached, expected.reached)
    np.testing.assert_allclose(found.final_outputs, expected.final_outputs, atol=1e-9)
    same(found, run("cuda", checkpoint=tmp_path / "training"))  # read again


def test_progress_bar(capsys):
    with_other(iterations=100)
    assert capsys.readouterr().err == ""
    with_other(iterations=100, progress=True)
    assert re.search(r"training: 100%.*100/100", capsys.readouterr().err)


@pytest.mark.parametrize("name, value, error, words", [
    ("networks", [], ValueError, "must hold one at least"),
    ("networks", two_layer()[0], TypeError, "must be a sequence of networks, got one"),
    ("X", CIRCLE[0], ValueError, r"shape \(n, 2\) or \(3, n, 2\), got \(2,\)"),
    ("X", SPACE, ValueError, r"shape \(n, 2\) or \(3, n, 2\), got \(3, 40, 3\)"),
    ("X", np.stack([CIRCLE, CIRCLE]), ValueError, r"got \(2, 40, 2\)"),
    ("X", CIRCLE[:0], ValueError, r"got \(0, 2\)"),
    ("X", np.where(CIRCLE > 0.9, np.nan, CIRCLE), ValueError, "must be finite"),
    ("X", "points", TypeError, "must be real numbers"),
    ("targets", TARGETS[:2], ValueError, r"shape \(40,\) or \(3, 40\), got \(2, 40\)"),
    ("targets", TARGETS[:, :-1], ValueError, r"got \(3, 39\)"),
    ("targets", TARGETS + np.inf, ValueError, "must be finite"),
    ("learning_rate", 0, ValueError, "must be > 0, got 0"),
    ("learning_rate", -1.0, ValueError, "must be > 0, got -1"),
    ("learning_rate", np.nan, ValueError, "must be finite"),
    ("learning_rate", "fast", TypeError, "must be a real number"),
    ("iterations", 0, ValueError, "must be >= 1, got"),
    ("iterations", 10.0, TypeError, "must be a whole number"),
    ("batch_size", 0, ValueError, "must be >= 1, got"),
    ("batch_size", n + 1, ValueError, "must be <= 40, got"),
    ("batch_size", 2.5, TypeError, "must be a whole number"),
    ("batch_size", None, ValueError, "^generator: is for mini-batches, give batch_size as well"),
    ("generator", None, TypeError, "must be a Generator"),
    ("generator", np.random.default_rng(0), TypeError, "must be a Generator"),
    ("regions", HALVES.astype(int), TypeError, "must be boolean, got int64"),
    ("regions", HALVES[:, :-1], ValueError, r"shape \(R, 40\) or \(3, R, 40\), got \(2, 39\)"),
    ("regions", np.stack([HALVES, HALVES]), ValueError, r"got \(2, 2, 40\)"),
    ("regions", True, ValueError, r"must have shape \(R, 40\)"),
    ("regions", HALVES[:0], ValueError, r"got \(0, 40\)"),
    ("regions", HALVES & [[True], [False]], ValueError, r"must each hold points, got \[\d+, 0\]"),
    ("threshold", 0.0, ValueError, "must be > 0, got 0"),
    ("threshold", 1e-160, ValueError, "must be >= 1.5e-154 in torch.float64, got 1e-160"),
    ("targets", 1e160 * TARGETS, ValueError, "must be <= .* in size"),
    ("threshold", [0.1, -0.1], ValueError, "must be > 0, got -0.1"),
    ("threshold", [0.1, 0.1, 0.1], ValueError, r"shape \(\) or \(2,\), got \(3,\)"),
    ("threshold", np.nan, ValueError, "must be finite"),
    ("norm", "max", ValueError, "must be one of 'rms', 'l2', 'half_mse', got 'max'"),
    ("record", 0, ValueError, "must be >= 1, got"),
    ("device", "abacus", ValueError, "must be one of 'auto', 'cpu'"),
    ("checkpoint", 5, TypeError, "must be a path, got int 5"),
    ("checkpoint", "/", ValueError, "must be a file in a folder that exists, got '/'"),
    ("checkpoint", "no/such/folder", ValueError, "must be a file in a folder that exists"),
])  # fmt: skip
def test_bad_arguments_are_named(name, value, error, words):
    words = words if words.startswith("^") else f"^{name}: .*{words}"
    with pytest.raises(error, match=words):
        with_other(**{name: value})
