"""Figures."""

import pandas as pd

from ntklab.experiments import sphere as hemispheres
from ntklab.explorers import sphere as explorer
from ntklab.figures import sphere as pictures

EXACT = hemispheres.population(frequencies=(2, 3))
SAMPLES = pd.concat([EXACT.assign(draw=d, quotient=EXACT.quotient + 0.1 * d) for d in range(3)])
NETWORKS = EXACT.assign(quotient=EXACT.quotient - 0.1)
TABLE = hemispheres.decomposition(EXACT, SAMPLES, NETWORKS, frequencies=(2, 3))
MODES = hemispheres.modes(4, ((0, 5), (3, 1)), degree=40)

DRAWINGS = {
    "halves": lambda: pictures.halves_learning(explorer.compute()),
    "quotients": lambda: pictures.quotients(EXACT, SAMPLES, hemispheres.PAPER),
    "modes": lambda: pictures.unequal_modes(MODES, 4),
    "gap": lambda: pictures.gap_explained(TABLE),
}


def test_alt_text_gives_the_gap():
    row = TABLE.loc[2]
    told = f"1 to 2: finite frequency {row.by_frequency:.2f}, random points {row.by_sampling:.2f}"
    assert told in pictures.gap_explained(TABLE).get_label()


def test_modes_are_told_with_their_zeros():
    below, above = MODES[0].crossings
    assert f"order 0, {above} zeros above and {below} below" in (
        pictures.unequal_modes(MODES, 4).get_label()
    )


def test_equal_halves_are_called_equal():
    text = pictures.halves_learning(explorer.compute(ratio=1)).get_label()
    assert "equally dense" in text and "Both halves need the same time." in text
    assert "sparse" not in text


def test_quotients_are_told_as_they_are():
    two = EXACT[EXACT.ratio == 2]
    text = pictures.quotients(two, SAMPLES, hemispheres.PAPER).get_label()
    assert f"1 to 2, {two.quotient.iloc[0]:.2f} at the lowest frequency" in text
    assert "1 to 3" not in text
