"""Small tables of runs at the paper's own sizes, which take minutes on a GPU.

circle_protocol  `trained.convergence.times("paper")` for κ = 3 to 20 and 5 seeds: iterations of
                 networks, of linear theory from the same u(0), and from 0; inf: not in 20 000.
sphere_protocol  `trained.sphere.trained((2, 3, 4), "paper")` for κ = 2 to 7 and 3 seeds: iterations
                 in the sparse and the dense half, by networks and by linear theory from the same
                 u(0) (none at 4, where η is beyond 2/λ_1).

Provenance: one NVIDIA H200, torch 2.11, float64, November 2026, targets of norm 1.
"""

from importlib.resources import files

import pandas as pd

from ntklab._arguments import one_of

TABLES = ("circle_protocol", "sphere_protocol")


def read(name):
    """One of `TABLES` as a DataFrame."""
    one_of("name", name, TABLES)
    with (files(__package__) / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)
