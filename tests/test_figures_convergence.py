"""Figures: drawn from the smallest data, with alt text that says what they show."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ntklab import figures
from ntklab.claims import convergence as ledger
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import ONE_TWO_FOUR, convergence, full_size
from ntklab.experiments.full_size import comparison
from ntklab.experiments.trained.convergence import Order
from ntklab.explorers import convergence as explorer
from ntklab.figures import convergence as drawn


def alt(figure):
    picture = figures.show(figure)
    assert len(picture.png) > 5000
    return picture.alt


def frame(column, key):
    rows = [
        (k, kappa, region, p, kappa**2 / p * (1 + 0.1 * k), kappa**2 / p)
        for k in range(2)
        for kappa in (3, 6, 9)
        for region, p in enumerate(ONE_TWO_FOUR.values)
    ]
    columns = [key, "frequency", "region", "density", column, "other"]
    return pd.DataFrame(rows, columns=columns)


def order():
    density = convergence.ELEVEN_ONE_THREE
    x = convergence.place(density, 60)
    t = np.array([0, 1, 10, 100])
    errors = 0.7 * np.exp(-np.outer(t, [1, 0.1, 0.3]))
    reached = np.array([10.0, np.inf, 100.0])
    outputs = np.outer(1 - 1 / (1 + t), np.sin(4 * x))
    return Order(density, 4, x, t, outputs, errors, errors, reached, 0.1)


FULL = comparison.departures(full_size.read("circle_protocol"))
LEMMA = convergence.lemma_table(ONE_TWO_FOUR, 3, modes=40)
ERRORS = convergence.error_table(ONE_TWO_FOUR, 3, np.array([1, 10, 100, 1000]))
EXACT = convergence.population_times(ONE_TWO_FOUR, (2, 3), 0.1, 1.0)
TRAINED = frame("trained", "seed")
SETTINGS = TRAINED.rename(columns={"other": "theory"}).assign(setting="lazy")

DRAWINGS = {
    "order": lambda: drawn.order_of_regions(order()),
    "tails": lambda: drawn.tails_and_bounds(LEMMA),
    "coefficients": lambda: drawn.coefficients_and_bounds(LEMMA, 3),
    "errors": lambda: drawn.errors_and_bounds(ERRORS, "learning cos 3x"),
    "iterations": lambda: drawn.iteration_bounds(ledger.iteration_table((1, 2, 4))),
    "times": lambda: drawn.finishing_times(
        EXACT, TRAINED, convergence.thinning((1.0, 0.3), 2, 0.1, 1.0)
    ),
    "sampled": lambda: drawn.sampled_times(frame("theory", "draw"), frame("theory", "draw")),
    "departures": lambda: drawn.departures({"circle": FULL}, comparison.LEAVES, (9.0, 9.0, 10.0)),
    "laziness": lambda: drawn.laziness(SETTINGS),
    "explorer": lambda: explorer.draw(explorer.compute()),
}


def test_order_of_regions():
    text = alt(DRAWINGS["order"]())
    assert "sin 4x" in text


def test_bounds_beside_what_they_bound():
    last = LEMMA.iloc[-1]
    assert f"at the end {last.reciprocal * last.q:.2f}, where" in alt(DRAWINGS["tails"]())
    figure = DRAWINGS["coefficients"]()
    assert "cos 3x" in alt(figure)
    # nothing is drawn where the lemma does not apply
    assert len(figure.axes[0].lines[1].get_xdata()) == np.isfinite(LEMMA.printed).sum()
    figure = DRAWINGS["errors"]()
    assert len(figure.axes) == 4 and "3 regions" in alt(figure)
    assert "0.00 (printed)" in alt(DRAWINGS["iterations"]())


def test_departures_say_where_they_begin():
    assert "is at kappa 9 (single seeds 9 to 10)" in alt(DRAWINGS["departures"]())


def test_finishing_times_with_and_without_the_second_panel():
    assert len(drawn.finishing_times(EXACT, TRAINED).axes) == 1
    figure = DRAWINGS["times"]()
    assert len(figure.axes) == 2 and "against kappa" in alt(figure)


def test_sampled_times_share_their_scale():
    figure = DRAWINGS["sampled"]()
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert "random draws, p = 0.068: 4.00 to 4.00" in alt(figure)


def test_laziness_leaves_unfinished_networks_out():
    table = SETTINGS.copy()
    table.loc[0, "trained"] = np.inf
    figure = drawn.laziness(table)
    assert len(figure.axes[0].lines[0].get_xdata()) == len(table) - 1
    assert "linear theory" in alt(figure)


@pytest.mark.parametrize(
    ("exact", "words"), [(30.0, "after 30 iterations"), (np.inf, "never, floor 0.4")]
)
def test_theorem_board_says_when_or_never(exact, words):
    density, t = PiecewiseConstant.equal_pieces([1, 3]), np.array([0.0, 10.0, 100.0])
    table = pd.DataFrame(
        {"region": [0, 1], "density": density.values, "exact": [exact, exact], "local": [25.0, 9.0],
         "bound": [60.0, 40.0], "floor": [0.4, 0.4]}
    )
    curves = np.array([[0.7, 0.7], [0.5, 0.3], [0.4, 0.01]])
    seen = explorer.Learning(density, 4, 0.05, t, curves, table)
    assert words in alt(drawn.theorem_board(seen)) and "curves of cos x by" in alt(
        drawn.theorem_board(replace(seen, frequency=1))
    )


def test_an_unfinished_region_is_not_said_to_be_finished():
    text = alt(drawn.order_of_regions(order()))
    assert text.endswith("order of densities: 0.350, 0.095; not by iteration 100: 0.032.")


def test_one_panel_is_not_told_as_two():
    one, two = alt(drawn.finishing_times(EXACT, TRAINED)), alt(DRAWINGS["times"]())
    assert "Left" not in one and "Right" not in one and one.startswith("Iterations")
    assert "Left: iterations" in two and "Right: against its density" in two


def test_slopes_are_told_as_they_are():
    table = pd.DataFrame({"frequency": [2, 4], "exact": [1.0, 8.0], "direct": [2.0, 8.0],
                          "corrected": [3.0, 12.0], "printed": [9.0, 9.0]})
    told = "3.00 (exact), 2.00 (direct), 2.00 (corrected), 0.00 (printed)"
    assert told in alt(drawn.iteration_bounds(table))
