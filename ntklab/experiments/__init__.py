"""One function a figure of the lecture, returning data as tidy frames, never a plot.

What needs no network is here; what trains one is in `trained`, under the same name, with torch.
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
