#!/usr/bin/env bash
# GPU tests and benchmarks on a bare machine: torch, NumPy, SciPy, pandas, matplotlib, hypothesis and
# pytest will do, Jupyter is not needed. Results go to the folder named first, or to gpu-results/.
#   bash tests/gpu.sh [FOLDER]
# Exit code: 0 all passed, 1 some failed, 3 no GPU here.
set -uo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
if ! "$python" -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then
    echo "gpu.sh: no CUDA GPU that torch can use on this machine, nothing was run" >&2
    exit 3
fi
out=${1:-gpu-results}
mkdir -p "$out"
export PYTHONPATH=$PWD:$PWD/tests
{
    date -u +%FT%TZ
    "$python" -c "import sys, torch; print(sys.version); print(torch.__version__, torch.cuda.get_device_name())"
} > "$out/machine.txt"
# -c /dev/null: the options of pyproject.toml need plug-ins for notebooks
"$python" -m pytest -c /dev/null --rootdir . -p no:cacheprovider -q -rfEs -k "gpu" \
    tests/test_tangent.py tests/test_networks.py tests/test_training.py 2>&1 | tee "$out/tests.txt"
failed=${PIPESTATUS[0]}
"$python" tests/gpu_benchmarks.py --device cuda --compiled 2>&1 | tee "$out/benchmarks.txt"
benchmarks=${PIPESTATUS[0]}
[ "$failed" = 0 ] && [ "$benchmarks" = 0 ]
