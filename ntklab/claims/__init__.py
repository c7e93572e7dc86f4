"""The ledger: every claim of the lecture with its verdict, one module of measures a lecture."""

from ntklab._arguments import one_of
from ntklab.claims import (
    convergence,
    deep_kernels,
    depth,
    eigenfunctions,
    motivation,
    sphere,
    tangent_kernel,
    two_layer,
)
from ntklab.claims.ledger import Claim, Judged, Measurement, Rate

_LECTURES = (
    motivation, tangent_kernel, two_layer, eigenfunctions, convergence, deep_kernels, depth, sphere
)  # fmt: skip
CLAIMS = {
    claim.id: claim
    for claim in sorted(
        (claim for lecture in _LECTURES for claim in lecture.CLAIMS), key=lambda claim: claim.id
    )
}


def judge(claim_id, **given):
    """Measure one claim and return it with its verdict; printing it shows the whole row.

    Data at hand spare a measurement: ``judge("C14", table=table)`` hands them to its function.
    """
    one_of("claim_id", claim_id, tuple(CLAIMS))
    claim = CLAIMS[claim_id]
    return Judged(claim, claim.measure(**given))


def judge_elsewhere(claim_id):
    """{label: Judged} of a claim at its other settings: each verdict should be that of `judge`."""
    one_of("claim_id", claim_id, tuple(CLAIMS))
    claim = CLAIMS[claim_id]
    return {
        label: Judged(claim, claim.measure(**given)) for label, given in claim.elsewhere.items()
    }


__all__ = ["CLAIMS", "Claim", "Judged", "Measurement", "Rate", "judge", "judge_elsewhere"]
