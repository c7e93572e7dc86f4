"""C01: the order is measured, and a wrong order is told."""

import functools
from dataclasses import replace

import numpy as np

from ntklab.claims import judge
from ntklab.experiments import motivation

SMALL = motivation.Setting(400, 3, 64, iterations=1000)


@functools.cache
def runs():
    return (motivation.predict(4.0, (1, 6), SMALL, points=200),)


def test_low_comes_first():
    judged = judge("C01", learnings=runs())
    assert judged.measurement.verdict == "holds"
    assert "κ=1 is half learned" in str(judged)


def test_high_does_not():
    swapped = [replace(run, frequencies=run.frequencies[::-1]) for run in runs()]
    assert judge("C01", learnings=swapped).measurement.verdict == "unsettled"


def test_nothing_learned_settles_nothing():
    idle = [replace(run, outputs=np.zeros_like(run.outputs)) for run in runs()]
    measured = judge("C01", learnings=idle).measurement
    assert measured.verdict == "unsettled"
    assert "half learned never in the dense half and never in" in measured.figure
