"""The ledger: every claim of the lecture with its verdict, one module of measures a lecture."""

from ntklab._arguments import one_of
from ntklab.claims import (
    convergence,
    deep_kernels,
    depth,
    eigenfunctions,
    generalization,
    motivation,
    sphere,
    tangent_kernel,
    two_layer,
)
from ntklab.claims.ledger import REGISTERED, Claim, Judged, Measurement, Rate

CLAIMS = dict(sorted(REGISTERED.items()))  # in the order of their ids


def judge(claim_id, **given):
    """Measure one claim and return it with its verdict; printing it shows the whole row.

    Data at hand spare a measurement: ``judge("C14", table=table)`` hands them to its function.
    """
    claim = CLAIMS[one_of("claim_id", claim_id, tuple(CLAIMS))]
    return Judged(claim, claim.measure(**given))


def judge_elsewhere(claim_id):
    """{label: Judged} of a claim at its other settings: each verdict should be that of `judge`."""
    elsewhere = CLAIMS[one_of("claim_id", claim_id, tuple(CLAIMS))].elsewhere
    return {label: judge(claim_id, **given) for label, given in elsewhere.items()}


__all__ = [
    "CLAIMS", "Claim", "Judged", "Measurement", "Rate", "judge", "judge_elsewhere",
    "convergence", "deep_kernels", "depth", "eigenfunctions", "generalization", "motivation",
    "sphere", "tangent_kernel", "two_layer",
]  # fmt: skip
