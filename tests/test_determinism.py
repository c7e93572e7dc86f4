"""Printed figures do not depend on the number of threads.

Goldens are of one run on one thread, and lectures are compared with them in another run; here on
two threads. `EVERY_LECTURE=1 pytest tests/test_determinism.py` takes all lectures.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from comparison import difference

COURSE = Path(__file__).parents[1]
LECTURES = "lectures" if os.environ.get("EVERY_LECTURE") else "lectures/02_two_layer.py"
CLAIMS = ["C10", "C11", "C12", "C13"]


def on_threads(count, *command):
    """What it prints."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    # threads that wait leave the cores to those that work, in this test and in others beside it
    threads = dict.fromkeys(names, str(count)) | {"OMP_WAIT_POLICY": "PASSIVE"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=COURSE, env=os.environ | threads,
        capture_output=True, encoding="utf-8",
    )


@pytest.mark.nightly
def test_claims_print_the_same_on_one_thread_and_on_two():
    one, two = (on_threads(count, "ntklab.cli", "claims", *CLAIMS) for count in (1, 2))
    assert one.returncode == 0 and one.stdout.count("measured:") == len(CLAIMS), one.stderr
    assert difference(one.stdout, two.stdout) == ""


@pytest.mark.nightly
def test_lectures_print_their_goldens_on_two_threads():
    done = on_threads(2, "pytest", "-q", "-p", "no:cacheprovider", LECTURES)
    assert done.returncode == 0, done.stdout + done.stderr
