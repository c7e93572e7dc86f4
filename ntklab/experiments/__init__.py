"""One function a figure of the lecture, returning data as tidy frames, never a plot.

Experiments that need no network are here by name; those that train one are in modules of their
own, which import torch.
"""

from ntklab.experiments.eigenfunctions import (
    CONTINUOUS,
    ONE_TWO_FOUR,
    eigenvalue_table,
    lecture_densities,
    region_amplitudes,
    region_frequencies,
    sampling_error,
)
from ntklab.experiments.power import PowerLaw, fit_power

__all__ = [
    "CONTINUOUS",
    "ONE_TWO_FOUR",
    "PowerLaw",
    "eigenvalue_table",
    "fit_power",
    "lecture_densities",
    "region_amplitudes",
    "region_frequencies",
    "sampling_error",
]
