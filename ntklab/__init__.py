"""How the density of the data decides what a neural network learns first.

One idea carries the package: a data density p(x) and a kernel k(x, x') meet in one operator,
and the spectrum of that operator is the learning dynamics.
"""

import os
import sys

# Threads that spin while they wait take many times as long once another program wants a core. The
# policy is read where torch is loaded: after this, unless a program has imported it before. Then
# `ntklab._threads` has another way.
TORCH_WAS_FIRST = "torch" in sys.modules and "OMP_WAIT_POLICY" not in os.environ
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.2.0"
