"""The paper's own sizes: small tables of runs that take minutes on a GPU, and how they are made.

`read` gives the tables, `runs` computes them anew in parts, `comparison` sets them beside the
paper.

order_protocol   Figure 6: κ = 14 under 11 : 1 : 3 and 10 seeds, columns as in circle_protocol.
circle_protocol  Figure 7: κ = 3 to 20 and 15 seeds: iterations of networks (trained), of linear
                 theory from the same u(0) (theory), and from 0 (from_zero); inf: not in 20 000.
sphere_protocol  Figure 9: κ = 2 to 7, 13 seeds at 1 : 2, 1 : 3 and 1 : 4: iterations in the
                 sparse and the dense half, by networks and by linear theory from the same u(0)
                 (predicted_…) and from 0 (zero_…); inf or nothing at 1 : 4, where η is beyond
                 2/λ_1.
circle_rms_1     Figure 7 with targets sin κx themselves, `trained.convergence.times("misread")`.
sphere_rms_1     Figure 9 with targets of rms 1, `trained.sphere.trained(size="misread")`.
circle_lazy      large weights, `trained.convergence.times("wide")`, 5 seeds.
sphere_lazy      large weights, `trained.sphere.trained(size="wide")`, 5 draws.

Provenance: November 2026; the protocol, targets of norm 1, in float64, seeds 0 to 4 of the circle
and 0 to 2 of the sphere on one NVIDIA H200 with torch 2.11, the rest and Figure 6 on a CPU with
torch 2.13 (`runs`); the other readings on one NVIDIA H100, the sphere's in float32.
"""

from importlib.resources import files

import pandas as pd

from ntklab._arguments import one_of

PROVENANCE = {
    "order_protocol": "CPU",
    "circle_protocol": "NVIDIA H200, CPU",
    "sphere_protocol": "NVIDIA H200, CPU",
    "circle_rms_1": "NVIDIA H100",
    "sphere_rms_1": "NVIDIA H100",
    "circle_lazy": "NVIDIA H100",
    "sphere_lazy": "NVIDIA H100",
}
TABLES = tuple(PROVENANCE)


def read(name):
    """One of `TABLES` as a DataFrame."""
    one_of("name", name, TABLES)
    with (files(__package__) / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)
