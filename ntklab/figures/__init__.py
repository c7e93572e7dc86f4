"""Data to matplotlib figures, one module a topic, all in one style with alt text."""

from ntklab.figures.eigenfunctions import (
    density_and_spectrum,
    eigenfunction_gallery,
    eigenvalue_formulas,
    equal_densities,
    lemma_residual,
    local_frequencies,
    pair_splitting,
    reflection,
    sample_and_population,
    sampling_convergence,
)
from ntklab.figures.style import Picture, new, show, styled

__all__ = [
    "density_and_spectrum",
    "eigenfunction_gallery",
    "eigenvalue_formulas",
    "equal_densities",
    "lemma_residual",
    "local_frequencies",
    "new",
    "pair_splitting",
    "Picture",
    "reflection",
    "sample_and_population",
    "sampling_convergence",
    "show",
    "styled",
]
