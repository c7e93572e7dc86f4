"""What the GPU script and benchmarks do where there is no GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

TESTS = Path(__file__).parent
without = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


def run(*command, **variables):
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, encoding="utf-8", timeout=120
    )


@without
@pytest.mark.nightly
def test_script_says_that_there_is_no_gpu(tmp_path):
    done = run("bash", str(TESTS / "gpu.sh"), str(tmp_path / "out"), PYTHON=sys.executable)
    assert done.returncode == 3
    assert done.stderr.strip().endswith("no CUDA GPU that torch can use on this machine, "
                                        "nothing was run")
    assert not (tmp_path / "out").exists()


@without
@pytest.mark.nightly
def test_benchmarks_name_a_missing_device():
    done = run(sys.executable, str(TESTS / "gpu_benchmarks.py"), "--device", "cuda")
    assert done.returncode == 1
    assert "gpu_benchmarks: device: must be one of 'auto', 'cpu' on this machine" in done.stderr


@pytest.mark.nightly
def test_benchmarks_print_their_table_on_a_cpu():
    done = run(sys.executable, str(TESTS / "gpu_benchmarks.py"), "--device", "cpu")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("CPU, torch") and len(lines) == 2 + 4 + 1 + 1
    assert all(float(line.split()[-1]) > 0 for line in lines[2:])


@pytest.mark.nightly
def test_gpu_tests_need_no_plug_in_of_this_project():
    chosen = run(
        sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", str(TESTS.parent),
        "-p", "no:cacheprovider", "-q", "-k", "gpu", "--collect-only",
        *(str(TESTS / f"test_{name}.py") for name in ("tangent", "networks", "training")),
    )  # fmt: skip
    assert chosen.returncode == 0, chosen.stdout
    assert "test_training.py::test_on_a_gpu[16-circle]" in chosen.stdout
