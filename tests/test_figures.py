"""Every figure has alt text, draws without a display and leaves no state behind."""

import re
from pathlib import Path

import numpy as np
import pytest

from ntklab import asymptotics, experiments, figures, fredholm
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.explorers import eigenfunctions as explorer
from ntklab.figures import eigenfunctions as pictures
from ntklab.figures import style
from ntklab.kernels import TwoLayerNTK

SPECTRUM = fredholm.solve(TwoLayerNTK(), experiments.ONE_TWO_FOUR, 21)

THREE = PiecewiseConstant.equal_pieces([1, 2, 1])


def _errors():
    return experiments.sampling_error(
        experiments.ONE_TWO_FOUR, np.random.default_rng(0), sizes=(40, 80, 160), draws=3
    )


DRAWINGS = {
    "gallery": lambda: pictures.eigenfunction_gallery(
        experiments.ONE_TWO_FOUR, SPECTRUM, [0, 1, 2, 3], "density 1:2:4"
    ),
    "gallery of a smooth density": lambda: pictures.eigenfunction_gallery(
        experiments.CONTINUOUS, SPECTRUM, [0, 5]
    ),
    "eigenvalues": lambda: pictures.eigenvalue_formulas(
        experiments.eigenvalue_table(frequencies=4, points=500)
    ),
    "sampling": lambda: pictures.sampling_convergence(
        _errors(), experiments.fit_power([1, 2, 3], [3, 2, 1])
    ),
    "local frequency": lambda: pictures.local_frequencies(
        experiments.region_frequencies(experiments.ONE_TWO_FOUR, SPECTRUM)
    ),
    "lemma": lambda: pictures.lemma_residual(
        np.arange(1, 11),
        *(r[1::2] for r in asymptotics.law_residuals(SPECTRUM, experiments.ONE_TWO_FOUR)),
    ),
    "pairs": lambda: pictures.pair_splitting(
        asymptotics.pair_ratios(SPECTRUM, experiments.ONE_TWO_FOUR),
        (
            SPECTRUM.eigenvalues[1:]
            / asymptotics.hill_eigenvalues(experiments.ONE_TWO_FOUR, 20)
        ).reshape(-1, 2),
    ),
    "three laws": lambda: pictures.pair_splitting(*np.ones((3, 10, 2)) + 0.1),
    "equal densities": lambda: pictures.equal_densities(
        THREE, SPECTRUM, 5, experiments.region_amplitudes(THREE, SPECTRUM)
    ),
    "reflection": lambda: pictures.reflection(experiments.reflection()),
}


def test_picture_escapes_its_alt_text():
    figure, _ = figures.new()
    figure.set_label('a "quoted" <tag>')
    html = figures.show(figure)._repr_mimebundle_()["text/html"]
    assert 'alt="a &quot;quoted&quot; &lt;tag&gt;"' in html


def test_a_figure_without_alt_text_is_refused():
    figure, _ = figures.new()
    with pytest.raises(ValueError, match="^figure: must carry alt text"):
        figures.show(figure)


def test_colours_are_named_in_one_place():
    folder = Path(figures.__file__).parent
    for path in folder.glob("*.py"):
        named = re.findall(r"\"(#[0-9A-Fa-f]{6})\"", path.read_text(encoding="utf-8"))
        assert bool(named) == (path.name == "style.py"), path.name
    assert len(set(style.COLORS.values())) == len(style.COLORS)


def test_nothing_is_said_of_amplitudes_and_nothing_of_waves_where_the_density_is_even():
    """Under 1:2:4 eigenfunctions 0, 1 and 9 grow from one region to a denser one (C10)."""
    amplitude = experiments.region_amplitudes(experiments.ONE_TWO_FOUR, SPECTRUM)
    assert (np.diff(amplitude[[0, 1, 9]], axis=1).max(axis=1) > 0).all()
    text = pictures.eigenfunction_gallery(experiments.ONE_TWO_FOUR, SPECTRUM, [0, 9]).get_label()
    assert "Waves are shorter where the density is larger." in text and "lower" not in text
    even = fredholm.solve(TwoLayerNTK(), uniform(), 9)
    text = pictures.eigenfunction_gallery(uniform(), even, [1]).get_label()
    assert text.endswith("over the circle and the density.")


def test_eigenvalues_far_from_the_law_are_not_called_near():
    seen = explorer.compute(left=39.8, middle=0.1, right=0.1)
    q = (np.arange(1, 61) + 1) // 2
    near = np.pi * q**2 * seen.spectrum.eigenvalues[1:] / seen.density.Z**2
    assert near.max() > 3
    told = f"{near.min():.2f} to {near.max():.2f} times Z squared over pi q squared"
    assert told in pictures.density_and_spectrum(seen).get_label()


@pytest.mark.parametrize(("number", "words"), [(0.6, "1 step"), (1, "1 step"), (0, "0 steps")])
def test_one_is_no_plural(number, words):
    assert style.counted(number, "step") == words


def test_numbers_are_said_without_powers_of_ten():
    told = [style.plain(value) for value in (187.3, 0.0714, 1.0, 52_300.0, -1e-300 * 0)]
    assert told == ["190", "0.071", "1", "52000", "0"]
