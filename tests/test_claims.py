"""The ledger: verdicts follow from measurements, and every check can fail."""

import numpy as np
import pytest

from ntklab import asymptotics, claims
from ntklab.claims import Measurement, Rate, eigenfunctions
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.experiments import PowerLaw, eigenvalue_table

EXPECTED = {
    "C08": "asymptotic",
    "C10": "corrected",
    "C11": "asymptotic",
    "C12": "corrected",
    "C13": "corrected",
    "C15": "holds",
    "C16": "asymptotic",
    "C17": "holds",
    "C30": "asymptotic",
}

# many seconds each; lectures print their verdicts
DEAR = ("C01", "C02", "C03", "C04", "C08", "C14", "C18", "C21", "C22", "C23", "C26")
OF_OTHERS = dict.fromkeys(("C01", "C06", "C09", "C20", "C24", "C25", "C26", "C31"), "holds")
OF_OTHERS |= dict.fromkeys(("C02", "C03", "C04", "C18", "C21"), "asymptotic")
OF_OTHERS |= dict.fromkeys(
    ("C05", "C07", "C14", "C19", "C22", "C23", "C27", "C28", "C29"), "corrected"
)


@pytest.mark.parametrize(
    "claim_id",
    [pytest.param(id, marks=[pytest.mark.nightly] * (id in DEAR)) for id in EXPECTED],
)
def test_verdict(claim_id):
    judged = claims.judge(claim_id)
    assert judged.measurement.verdict == EXPECTED[claim_id]
    assert claim_id in str(judged) and judged.measurement.figure in str(judged)


CHEAP = sorted(id for id, claim in claims.CLAIMS.items() if claim.elsewhere and id not in DEAR)


@pytest.mark.parametrize("claim_id", CHEAP)
def test_a_verdict_survives_other_settings(claim_id):
    for label, judged in claims.judge_elsewhere(claim_id).items():
        assert judged.measurement.verdict == (EXPECTED | OF_OTHERS)[claim_id], label


@pytest.mark.nightly
@pytest.mark.parametrize("claim_id", DEAR)
def test_a_dear_verdict_survives_other_settings(claim_id):
    test_a_verdict_survives_other_settings(claim_id)


def test_every_claim_says_where_it_was_measured_and_is_measured_elsewhere():
    for claim in claims.CLAIMS.values():
        assert claim.settings and claim.elsewhere, claim.id


def test_verdict_of_the_eigenvalue_figure_at_a_smaller_size():
    assert claims.judge("C14", points=8000).measurement.verdict == "corrected"


@pytest.mark.parametrize(
    ("measurement", "verdict"),
    [
        (Measurement(0.1, 0.2, ""), "holds"),
        (Measurement(0.3, 0.2, ""), "unsettled"),
        (Measurement(0.3, 0.2, "", corrected=0.1), "corrected"),
        (Measurement(0.3, 0.2, "", corrected=0.4), "unsettled"),
        (Measurement(0.3, 0.2, "", rate=Rate("n", PowerLaw(-0.5, 0.01, 1.0), -0.5)), "asymptotic"),
        (Measurement(0.3, 0.2, "", rate=Rate("n", PowerLaw(-0.9, 0.01, 1.0), -0.5)), "unsettled"),
        (Measurement(0.3, 0.2, "", rate=Rate("n", PowerLaw(0.5, 0.01, 1.0), 0.5)), "unsettled"),
        # so uncertain that it is near anything
        (Measurement(0.3, 0.2, "", rate=Rate("n", PowerLaw(-0.2, 3.4, 1.0), -2.0)), "unsettled"),
        (Measurement(0.3, 0.2, "", rate=Rate("n", PowerLaw(-4.0, 1.3, 1.0), -2.0)), "unsettled"),
        (
            Measurement(0.3, 0.2, "", corrected_rate=Rate("n", PowerLaw(-0.5, 0.01, 1.0), -0.5)),
            "corrected",
        ),
        (Measurement(float("nan"), 0.2, ""), "unsettled"),
    ],
)
def test_rule(measurement, verdict):
    assert measurement.verdict == verdict


@pytest.mark.parametrize(
    "wrong",
    [
        # a wrong exponent
        lambda: eigenfunctions.measure_sampling(expected=-1.0),
        lambda: eigenfunctions.measure_lemma(expected=-1.0),
        lambda: eigenfunctions.measure_pairs(expected=-2.0),
        # a wrong constant: the printed formula in the place of the corrected one
        lambda: eigenfunctions.measure_eigenvalue_formula(
            corrected=lambda q: asymptotics.eigenvalue_printed(q, uniform().Z)
        ),
        # a density with other contrasts than the points were drawn from
        lambda: eigenfunctions.measure_local_frequency(
            count=41, predicted_for=PiecewiseConstant.equal_pieces([1, 3, 4])
        ),
        lambda: eigenfunctions.measure_eigenfunctions(
            sampled=PiecewiseConstant.equal_pieces([2, 2, 4])
        ),
    ],
)
def test_every_check_can_fail(wrong):
    assert wrong().verdict == "unsettled"


def test_equal_amplitudes_where_nothing_reflects():
    """Under the uniform density (12) is exact, so the check of C10 must not call it wrong."""
    density = PiecewiseConstant([-np.pi, -1.7, -0.4, 1.9], np.full(4, 1 / (2 * np.pi)))
    measured = eigenfunctions.measure_amplitudes(density)
    assert measured.printed < 0.2


def test_unknown_claim_is_named():
    with pytest.raises(ValueError, match="^claim_id: must be one of 'C01'"):
        claims.judge("C99")


def test_a_card_shows_all_that_the_text_does_and_escapes_it():
    claim = claims.Claim("C99", "(1) & <b>", "ε < m^-1/2, Σ_i λ_{i+1}", "two-layer: x-z", None)
    judged = claims.Judged(claim, Measurement(1.0, 0.1, "off by 2.2e-05", corrected=0.0))
    card = judged._repr_mimebundle_()
    assert card["text/plain"] == str(judged)
    html = card["text/html"]
    assert 'class="verdict corrected"' in html and ">corrected</span>" in html
    assert "(1) &amp; &lt;b&gt;" in html
    assert "ε &lt; m<sup>−1/2</sup>, Σ<sub>i</sub> λ<sub>i+1</sub>" in html
    assert "two-layer: x−z" in html and "off by 2.2·10<sup>−5</sup>" in html


EVEN = PiecewiseConstant.equal_pieces([1, 1, 1])


def test_under_uniform_data_in_three_pieces_a_law_of_rounding_confirms_nothing():
    assert eigenfunctions.measure_lemma(density=EVEN).verdict == "unsettled"


def test_pairs_of_one_eigenvalue_are_found_equal():
    measured = eigenfunctions.measure_pairs(EVEN, highest=16)
    assert measured.verdict == "holds" and "at most" in measured.figure


def test_half_a_pair_of_one_eigenvalue_lies_in_its_plane():
    """6 eigenvectors end within a pair, whose two a sample mixes as it likes."""
    measured = eigenfunctions.measure_eigenfunctions(EVEN, points=500, count=6)
    assert measured.verdict == "holds" and "2q zeros" in measured.figure


def test_amplitudes_are_compared_where_the_density_is_equal():
    with pytest.raises(ValueError, match="^density: regions 0 and 2 must have the same p"):
        eigenfunctions.measure_amplitudes(PiecewiseConstant.equal_pieces([11, 1, 3]))


def test_a_table_is_told_by_what_it_holds():
    table = eigenvalue_table({"uniform": uniform()}, frequencies=12, points=3000)
    told = claims.judge("C14", table=table).measurement.figure
    assert told.startswith("1 density, q from 10 to 12") and "; 3000 points are" in told


def test_without_the_stray_factor_odd_waves_are_exact_from_3_on():
    measured = eigenfunctions.measure_general_solution(highest=12)
    assert "without it nothing for odd q from 3 on" in measured.figure
    # but not at q = 1: 1/√(πλ) is no integer over Z there
    lam = eigenfunctions.KERNEL.harmonic_eigenvalues([1, 3])
    effective = uniform().Z / np.sqrt(np.pi * lam)
    assert effective == pytest.approx([0.669, 3.0], abs=1e-3)
