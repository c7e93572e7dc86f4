"""Data to matplotlib figures, one module a topic, all in one style with alt text."""

from ntklab.figures.eigenfunctions import (
    amplitude_clouds,
    density_and_spectrum,
    eigenfunction_gallery,
    eigenvalue_formulas,
    lemma_residual,
    local_frequencies,
    pair_splitting,
    sample_and_population,
    sampling_convergence,
)
from ntklab.figures.style import Picture, new, show, styled

__all__ = [
    "amplitude_clouds",
    "density_and_spectrum",
    "eigenfunction_gallery",
    "eigenvalue_formulas",
    "lemma_residual",
    "local_frequencies",
    "new",
    "pair_splitting",
    "Picture",
    "sample_and_population",
    "sampling_convergence",
    "show",
    "styled",
]
