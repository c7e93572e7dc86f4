"""The data of the lecture's figures: a function for each, returning a tidy DataFrame.

Experiments that train networks are in `trained`, under the same names; they need torch.
"""

from ntklab.experiments.eigenfunctions import (
    CONTINUOUS,
    ONE_TWO_FOUR,
    eigenvalue_table,
    lecture_densities,
    reflection,
    region_amplitudes,
    region_frequencies,
    sampling_error,
)
from ntklab.experiments.toolkit import PowerLaw, fit_power, rms

__all__ = [
    "CONTINUOUS",
    "ONE_TWO_FOUR",
    "PowerLaw",
    "eigenvalue_table",
    "fit_power",
    "lecture_densities",
    "region_amplitudes",
    "region_frequencies",
    "reflection",
    "rms",
    "sampling_error",
]
