"""The printed figures on every processor that this one can play.

    python tests/processors.py FLAVOUR ... [--threads N] [PYTEST ARGUMENTS]

runs lectures and all tests of printed figures (or what the arguments name) with OpenBLAS, PyTorch
and NumPy held to the instructions of each flavour, on N threads, or else on one and on two. `all`
takes every flavour that this processor can play; `extremes` takes all lectures under the oldest
and, unless this processor plays it by itself, the newest, on one thread.
"""

import argparse
import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from numpy._core import _multiarray_umath as umath

COURSE = Path(__file__).parents[1]
LECTURES = sorted((COURSE / "lectures").glob("[0-9][0-9]_*.py"))
PRINTED = ["lectures", "tests/test_readme.py", "tests/test_report.py", "tests/test_cli.py",
           *map(str, sorted(COURSE.glob("tests/test_claims*.py"))),
           *map(str, sorted(COURSE.glob("tests/test_figures*.py")))]
TOLD = """
import numpy, scipy.linalg, threadpoolctl, torch
blas = {one["architecture"] for one in threadpoolctl.threadpool_info() if "architecture" in one}
print(", ".join(sorted(blas)), "and", torch.backends.cpu.get_cpu_capability())
"""


@dataclass(frozen=True)
class Flavour:
    """Names of a processor: OpenBLAS's and PyTorch's; what of NumPy's features it must have."""

    blas: str
    torch: str
    needs: str

    def playable(self):
        return umath.__cpu_features__.get(self.needs, False)

    def variables(self, threads):
        """What plays it, in a fresh process."""
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        found = dict.fromkeys(names, str(threads)) | {
            "OMP_WAIT_POLICY": "PASSIVE",
            "OPENBLAS_CORETYPE": self.blas,
            "ATEN_CPU_CAPABILITY": self.torch,
        }
        off = [name for name in umath.__cpu_dispatch__ if not self._has(name)]
        off = [name for name in off if umath.__cpu_features__.get(name)]
        return found | ({"NPY_DISABLE_CPU_FEATURES": " ".join(off)} if off else {})

    def _has(self, feature):
        if self.torch == "default":
            return False
        return self.torch == "avx512" or not ("512" in feature or feature == "X86_V4")


# oldest first
FLAVOURS = {
    "Prescott": Flavour("Prescott", "default", "SSE3"),
    "Haswell": Flavour("Haswell", "avx2", "AVX2"),
    "Zen": Flavour("Zen", "avx2", "AVX2"),
    "SkylakeX": Flavour("SkylakeX", "avx512", "AVX512F"),
    "SapphireRapids": Flavour("SapphireRapids", "avx512", "AVX512_SPR"),
}


def chosen(names):
    """Flavours by name; ValueError for one that is unknown or beyond this processor."""
    there = [name for name, one in FLAVOURS.items() if one.playable()]
    if names == ["all"]:
        return there
    for name in names:
        if name not in FLAVOURS:
            raise ValueError(f"flavour: must be all, extremes, {', '.join(FLAVOURS)}, got {name}")
        if name not in there:
            needed = FLAVOURS[name].needs
            raise ValueError(f"flavour: {name} needs {needed}, which this processor has not")
    return names


def told(variables):
    """The processor that OpenBLAS and PyTorch see in a process with these variables."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-c", TOLD],
        env=os.environ | variables, capture_output=True, encoding="utf-8",
    )
    return done.stdout.strip() or done.stderr


def extremes():
    """The oldest flavour and the newest; without the latter where the processor is of that kind."""
    oldest, newest = (chosen(["all"])[place] for place in (0, -1))
    by_itself = told({}) == told(FLAVOURS[newest].variables(1))
    return [oldest] if by_itself else [oldest, newest]


def passes(name, threads, tests):
    """Whether the tests pass; what they print is shown as a whole, since others run beside them."""
    variables = FLAVOURS[name].variables(threads)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=COURSE, env=os.environ | variables, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    print(f"{name}, {threads} thread(s), {told(variables)}:", done.stdout, sep="\n", flush=True)
    return done.returncode == 0


def _file(word):
    return word.partition("::")[0]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flavours", nargs="+", metavar="FLAVOUR")
    parser.add_argument("--threads", type=int, metavar="N")
    args, passed_on = parser.parse_known_args(arguments)
    paths = [word for word in [*args.flavours, *passed_on] if (COURSE / _file(word)).exists()]
    flavours = [word for word in args.flavours if word not in paths]
    passed_on = [word for word in passed_on if word not in paths]
    try:
        if flavours == ["extremes"]:  # in two halves, side by side
            runs = [(n, 1, LECTURES[i::2]) for n, i in itertools.product(extremes(), (0, 1))]
        else:
            names = chosen(flavours)
            threads = [args.threads] if args.threads else [1, 2]
            runs = [(name, n, paths or PRINTED) for name in names for n in threads]
    except ValueError as error:
        parser.error(str(error))
    at_once = 2 if all(n == 1 for _, n, _ in runs) else 1  # of two cores
    with ThreadPoolExecutor(at_once) as pool:
        passed = pool.map(lambda run: passes(*run[:2], [*passed_on, *map(str, run[2])]), runs)
    failed = [f"{name} on {n}" for (name, n, _), good in zip(runs, passed, strict=True) if not good]
    return f"failed under {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main())
