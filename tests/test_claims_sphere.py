"""C23: what the undershoot is, and a world in which sampling caused it told apart. C28, C31."""

import pandas as pd
import pytest

from ntklab import sphere
from ntklab.claims import CLAIMS, judge
from ntklab.experiments import sphere as hemispheres


@pytest.fixture(scope="module")
def data():
    exact = hemispheres.population(frequencies=(2, 3, 4, 5, 6, 7, 30))
    low = exact[exact.frequency < 8]
    samples = pd.concat(low.assign(quotient=low.quotient - 0.03 * k, draw=k) for k in range(3))
    return exact, samples


def test_it_is_finite_frequency(data):
    judged = judge("C23", exact=data[0], samples=data[1])
    assert judged.measurement.verdict == "corrected"
    assert "1.83, 2.68, 3.55 in the population" in str(judged)


def test_were_it_sampling_the_claim_would_hold(data):
    exact, samples = data
    ideal = exact.assign(quotient=exact.ratio.astype(float))
    drawn = samples.assign(quotient=samples.ratio.map(hemispheres.PAPER))
    assert judge("C23", exact=ideal, samples=drawn).measurement.verdict == "holds"


def test_a_population_unlike_the_paper_settles_nothing(data):
    exact, samples = data
    other = exact.assign(quotient=1.5 * exact.quotient)
    assert judge("C23", exact=other, samples=samples).measurement.verdict == "unsettled"


def test_zonal_harmonics_are_one_of_many():
    assert judge("C28").measurement.verdict == "corrected"
    uneven = judge("C28", density=sphere.hemispheres(3))  # no longer of one eigenvalue
    assert uneven.measurement.verdict == "unsettled"


def test_times_are_a_cubic_where_the_frequency_is_high():
    assert judge("C31").measurement.verdict == "holds"
    assert judge("C31", power=2.0).measurement.verdict == "unsettled"


def test_thresholds_are_those_of_the_settings():
    claim = CLAIMS["C23"]
    assert "δ from 0.05 to 0.32" in claim.settings
    tried = [given.get("threshold", hemispheres.PROTOCOL) for given in claim.elsewhere.values()]
    assert min(tried) == 0.05 and max(tried) < 0.32
