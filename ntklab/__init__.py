"""How the density of the data decides what a neural network learns first.

One idea carries the package: a data density p(x) and a kernel k(x, x') meet in one operator,
and the spectrum of that operator is the learning dynamics.
"""

__version__ = "0.2.0"
