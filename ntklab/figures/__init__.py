"""Data to matplotlib figures, one module a topic, all in one style with alt text."""

from ntklab.figures.panels import new
from ntklab.figures.style import Picture, show, styled

__all__ = ["Picture", "new", "show", "styled"]
