"""Experiments that train networks (torch); their exact twins stand one floor up."""

from ntklab.experiments.trained import (
    beyond,
    convergence,
    deep_kernels,
    depth,
    digits,
    motivation,
    sphere,
    tangent_kernel,
    two_layer,
)

__all__ = [
    "beyond", "convergence", "deep_kernels", "depth", "digits", "motivation", "sphere",
    "tangent_kernel", "two_layer",
]  # fmt: skip
