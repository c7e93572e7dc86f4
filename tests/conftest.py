"""One thread for linear algebra: two workers with two threads each would wait for one another."""

import os

# before anything imports NumPy; kernels of the notebooks inherit it
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
