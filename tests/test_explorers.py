"""Explorers without a kernel: compute and draw at every bound, widgets through `.value`."""

import asyncio
import functools
import re
import signal
import types

import numpy as np
import pytest

from ntklab import figures
from ntklab.experiments import sphere as hemispheres
from ntklab.explorers import (
    beyond,
    board,
    convergence,
    deep_kernels,
    depth,
    eigenfunctions,
    eigenfunctions_sampled,
    generalization,
    motivation,
    sphere,
    tangent_kernel,
    two_layer,
)
from ntklab.figures import style

MODULES = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        beyond, convergence, deep_kernels, depth, eigenfunctions, eigenfunctions_sampled,
        generalization,
        motivation, sphere, tangent_kernel, two_layer,
    )
}


@pytest.fixture(scope="module", autouse=True)
def rough():
    """Coarse pictures whose panels are not moved apart: that takes longer than drawing them.

    Figures as they are shown are in tests/test_figures*.py and in lectures.
    """

    def show(figure):
        figure.set_layout_engine("none")
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(style.STYLE, "savefig.dpi", 50)
            return figures.show(figure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board, "show", show)
        yield


@functools.cache
def explorer(name):
    """Made once, when first asked for; whoever moves it sets it back."""
    return MODULES[name].explorer()


def _bounds(control):
    if isinstance(control.value, bool):
        return [False, True]
    if hasattr(control, "options"):
        return list(control.options)
    if hasattr(control, "base"):
        return [control.base**control.min, control.base**control.max]
    return [control.min, control.max]


@pytest.mark.nightly
@pytest.mark.parametrize("name", MODULES)
def test_compute_and_draw_at_every_bound(name):
    module = MODULES[name]
    for key, control in explorer(name).controls.items():
        for value in _bounds(control):
            picture = figures.show(module.draw(module.compute(**{key: value})))
            assert len(picture.png) > 5000 and len(picture.alt) > 60, (key, value)


# every control of every board costs half a minute; two boards show that boards work
QUICK = {"two_layer"}


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.nightly) for n in MODULES]
)
def test_picture_follows_every_control_and_reset_brings_it_back(name):
    board = explorer(name)
    first = board.picture.value
    assert re.search(r'<img .*alt="[^"]{60,}"', first)
    for control in board.controls.values():
        old = board.picture.value
        control.value = _bounds(control)[-1]
        assert board.picture.value != old
        assert board.status.value == ""
    reset = next(w for w in board.children[0].children if getattr(w, "description", "") == "Reset")
    reset.click()
    assert board.picture.value == first


def test_extreme_weights_together():
    edited = eigenfunctions.compute(left=0.1, middle=0.1, right=10**1.6, eigenfunction=60)
    assert edited.density.pdf(np.array([2.0]))[0] > 100 * edited.density.minimum


def test_a_refusal_is_shown_and_the_picture_stays():
    board = eigenfunctions.explorer()
    before = board.picture.value
    board.compute = lambda **_: (_ for _ in ()).throw(ValueError("left: must be < 3"))
    board.controls["left"].value = 2.0
    assert "left: must be &lt; 3" in board.status.value
    assert board.picture.value == before


def test_what_is_never_learned_is_shown_with_its_floor():
    learning = convergence.compute(kernel="without bias", frequency=5)
    assert np.isinf(learning.table.exact).all() and (learning.table.floor > 0.3).all()
    assert "never, floor" in convergence.draw(learning).get_label()


def test_finishing_times_lie_on_the_curves_and_below_the_bound():
    learning = convergence.compute()
    assert (learning.table.exact < learning.table.bound).all()
    for row, curve in zip(learning.table.itertuples(), learning.curves.T, strict=True):
        at = np.interp(np.log(row.exact), np.log(learning.t[1:]), curve[1:])
        assert at == pytest.approx(learning.threshold, rel=0.01)


def test_the_same_draw_gives_the_same_data():
    first, second = eigenfunctions_sampled.compute(seed=4), eigenfunctions_sampled.compute(seed=4)
    np.testing.assert_array_equal(first.relative, second.relative)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: eigenfunctions_sampled.compute(points=5), "points"),
        (lambda: eigenfunctions_sampled.compute(points=float("nan")), "points"),
        (lambda: eigenfunctions_sampled.compute(eigenfunction=10), "eigenfunction"),
        (lambda: eigenfunctions_sampled.compute(seed=-1), "seed"),
        (lambda: eigenfunctions.compute(shape="star"), "shape"),
        (lambda: eigenfunctions.compute(left=-1.0), "left"),
        (lambda: eigenfunctions.compute(eigenfunction=61), "eigenfunction"),
        (lambda: convergence.compute(learning_rate=30.0), "learning_rate"),
        (lambda: convergence.compute(frequency=300), "frequency"),
        (lambda: convergence.compute(left=0.001), "left"),
        (lambda: convergence.compute(threshold=0.0), "threshold"),
        (lambda: convergence.compute(kernel="deep"), "kernel"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()


def _board(compute):
    slider = board.whole_slider("x", 1, 0, 9)
    return board.Board(compute, lambda data: data, {"x": slider}), slider


def test_going_back_computes_nothing(monkeypatch):
    seen = []
    monkeypatch.setattr(board, "show", lambda data: types.SimpleNamespace(html=str(data)))
    shown, slider = _board(lambda x: seen.append(x) or x)
    for value in (2, 3, 2, 1, 3):
        slider.value = value
        assert shown.picture.value == str(value)
    assert seen == [1, 2, 3]
    monkeypatch.setattr(board, "KEPT", 2)
    for value in (4, 5, 6, 2):
        slider.value = value
    assert seen[3:] == [4, 5, 6, 2] and len(shown._pictures) <= 3


def test_in_a_kernel_many_changes_are_computed_once(monkeypatch):
    seen = []
    monkeypatch.setattr(board, "show", lambda data: types.SimpleNamespace(html=str(data)))
    shown, slider = _board(lambda x: seen.append(x) or x)

    async def held():
        for value in range(2, 8):
            slider.value = value
            assert shown.status.value == board.BUSY  # at once, before anything is computed
            await asyncio.sleep(board.PAUSE / 10)
        await asyncio.sleep(4 * board.PAUSE)

    asyncio.run(held())
    assert seen == [1, 7] and shown.picture.value == "7" and shown.status.value == ""


def test_an_interrupt_stops_the_computing_and_keeps_the_picture(monkeypatch):
    monkeypatch.setattr(board, "show", lambda data: types.SimpleNamespace(html=str(data)))

    def compute(x):
        if x == 5:
            signal.raise_signal(signal.SIGINT)  # as from the kernel's stop button
            raise AssertionError("went on")
        return x

    shown, slider = _board(compute)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a kernel has it between cells
    try:
        slider.value = 5
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert shown.picture.value == "1" and "stopped" in shown.status.value
    slider.value = 6
    assert shown.picture.value == "6" and shown.status.value == ""


def test_an_error_nobody_expected_is_named(monkeypatch):
    monkeypatch.setattr(board, "show", lambda data: types.SimpleNamespace(html=str(data)))
    shown, slider = _board(lambda x: 1 / (x - 4))
    with pytest.raises(ZeroDivisionError):
        slider.value = 4
    slider.value = 1

    async def later():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        slider.value = 4
        await asyncio.sleep(4 * board.PAUSE)

    asyncio.run(later())
    assert "ZeroDivisionError" in shown.status.value and shown.picture.value == str(-1 / 3)


def test_every_control_says_what_it_is():
    for name in MODULES:
        for control in explorer(name).controls.values():
            assert 0 < len(control.description) <= 16, name  # more would be cut off
            assert getattr(control, "continuous_update", False) is False, name


@pytest.mark.parametrize(("ratio", "frequency"), [(4.0, 30), (39.8, 30), (39.8, 10)])
def test_times_on_the_sphere_do_not_hang_on_the_basis(ratio, frequency):
    seen = sphere.compute(ratio, frequency, 0.01)
    finer = hemispheres.population((ratio,), (frequency,), 0.01, degree=500)
    np.testing.assert_allclose(seen.times, finer[["sparse", "dense"]].to_numpy()[0], rtol=0.01)


def test_the_limit_of_frequencies_belongs_to_them():
    """18 points on a third carry κ = 27, whose limit π·18/(2π/3) is 27 but for rounding."""
    weights = {"left": 10.0, "middle": 10**-0.5, "right": 10**-0.5}
    assert convergence.compute(**weights, frequency=27, threshold=0.5).frequency == 27
    with pytest.raises(ValueError, match="^frequency: must be <= 27, .* got int 28"):
        convergence.compute(**weights, frequency=28)


def test_what_lecture_08_says_of_fast_waves():
    stops = [generalization.compute(frequency=k).stopping.stops for k in (1, 6, 12)]
    dense = [s[1] for s in stops]
    assert dense[0].time < dense[1].time < dense[2].time
    assert dense[0].rms < dense[1].rms < dense[2].rms
    sparse = [s[0] for s in stops]
    assert sparse[2].time == 0 < sparse[0].time and sparse[2].rms == pytest.approx(0.707, abs=0.005)


def test_what_lecture_01_says_of_narrow_networks():
    """H(0) predicts best on the way; in the end most have learned more than it says."""
    nearer, more = [], []
    for seed in range(6):
        seen = tangent_kernel.compute(16, 1, seed)
        ways = (seen.predicted, seen.limit)
        own, limit = (np.linalg.norm(seen.outputs - u, axis=1).max() for u in ways)
        nearer.append(own < limit)
        trained, said = (seen.errors(u)[-1] for u in (seen.outputs, seen.predicted))
        more.append(trained < said)
    assert sum(nearer) >= 4 and sum(more) >= 5
