"""Explorers without a kernel: compute and draw at every bound, widgets through `.value`."""

import re

import numpy as np
import pytest

from ntklab import figures
from ntklab.explorers import (
    bias,
    density_editor,
    depth,
    first_fit,
    hemispheres,
    losses,
    sample_size,
    theorem,
    width,
)

MODULES = {
    "bias": bias,
    "density_editor": density_editor,
    "depth": depth,
    "first_fit": first_fit,
    "hemispheres": hemispheres,
    "losses": losses,
    "sample_size": sample_size,
    "theorem": theorem,
    "width": width,
}


def _bounds(control):
    if isinstance(control.value, bool):
        return [False, True]
    if hasattr(control, "options"):
        return list(control.options)
    if hasattr(control, "base"):
        return [control.base**control.min, control.base**control.max]
    return [control.min, control.max]


def _cases():
    for name, module in MODULES.items():
        for key, control in module.explorer().controls.items():
            for value in _bounds(control):
                yield pytest.param(module, key, value, id=f"{name}-{key}={value:.4}"
                                   if isinstance(value, float) else f"{name}-{key}={value}")


@pytest.mark.parametrize(("module", "key", "value"), list(_cases()))
def test_compute_and_draw_at_every_bound(module, key, value):
    picture = figures.show(module.draw(module.compute(**{key: value})))
    assert len(picture.png) > 5000 and len(picture.alt) > 60


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_picture_follows_every_control_and_reset_brings_it_back(module):
    board = module.explorer()
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
    edited = density_editor.compute(left=0.1, middle=0.1, right=10**1.6, eigenfunction=60)
    assert edited.density.pdf(np.array([2.0]))[0] > 100 * edited.density.minimum


def test_a_refusal_is_shown_and_the_picture_stays():
    board = density_editor.explorer()
    before = board.picture.value
    board.compute = lambda **_: (_ for _ in ()).throw(ValueError("left: must be < 3"))
    board.controls["left"].value = 2.0
    assert "left: must be &lt; 3" in board.status.value
    assert board.picture.value == before


def test_what_is_never_learned_is_shown_with_its_floor():
    learning = theorem.compute(kernel="without bias", frequency=5)
    assert np.isinf(learning.table.exact).all() and (learning.table.floor > 0.3).all()
    assert "never, floor" in theorem.draw(learning).get_label()


def test_finishing_times_lie_on_the_curves_and_below_the_bound():
    learning = theorem.compute()
    assert (learning.table.exact < learning.table.bound).all()
    for row, curve in zip(learning.table.itertuples(), learning.curves.T, strict=True):
        at = np.interp(np.log(row.exact), np.log(learning.t[1:]), curve[1:])
        assert at == pytest.approx(learning.threshold, rel=0.01)


def test_the_same_draw_gives_the_same_data():
    first, second = sample_size.compute(seed=4), sample_size.compute(seed=4)
    np.testing.assert_array_equal(first.relative, second.relative)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: sample_size.compute(points=5), "points"),
        (lambda: sample_size.compute(points=float("nan")), "points"),
        (lambda: sample_size.compute(eigenfunction=10), "eigenfunction"),
        (lambda: sample_size.compute(seed=-1), "seed"),
        (lambda: density_editor.compute(shape="star"), "shape"),
        (lambda: density_editor.compute(left=-1.0), "weights"),
        (lambda: density_editor.compute(eigenfunction=61), "eigenfunction"),
        (lambda: theorem.compute(learning_rate=30.0), "learning_rate"),
        (lambda: theorem.compute(left=0.01, frequency=30), "frequencies"),
        (lambda: theorem.compute(left=0.001), "points"),
        (lambda: theorem.compute(threshold=0.0), "threshold"),
        (lambda: theorem.compute(kernel="deep"), "kernel"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
