"""What repo2docker would build from binder/: pins that install and fit, small, able to run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ntklab import cli
from ntklab.course import pages

COURSE = Path(__file__).parents[1]
LARGEST = 2500  # MB installed
MEMORY = 1500  # MB resident, a lecture
LECTURE = "02_two_layer"

EXECUTE = """
import sys, threading
import jupytext, nbclient, psutil
notebook = jupytext.read(sys.argv[1])
peak = 0
def watch():
    global peak
    while True:
        family = psutil.Process().children(recursive=True)
        peak = max([peak, *(one.memory_info().rss for one in family if one.is_running())])
        threading.Event().wait(0.2)
threading.Thread(target=watch, daemon=True).start()
nbclient.NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
print(peak / 2**20)
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A copy of the course after binder/'s steps, and its environment."""
    folder = tmp_path_factory.mktemp("binder")
    course = folder / "course"
    ignore = shutil.ignore_patterns(".*", "_build", "__pycache__")
    shutil.copytree(COURSE, course, ignore=ignore)
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    variables = os.environ | {
        "PATH": os.pathsep.join([str(folder / "env" / "bin"), os.environ["PATH"]]),
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }

    def run(*command):
        return subprocess.run(
            list(map(str, command)), cwd=course, env=variables,
            capture_output=True, encoding="utf-8",
        )

    installed = run("pip", "install", "-q", "-r", "binder/requirements.txt")
    if installed.returncode and re.search(r"No matching distribution .* torch", installed.stderr):
        pytest.skip("the CPU build of torch cannot be reached from here")
    assert installed.returncode == 0, installed.stderr[-2000:]
    built = run("bash", "binder/postBuild")
    assert built.returncode == 0, built.stderr[-2000:]
    return folder, run


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="installs a gigabyte; CI=true runs it")
def test_the_image_is_small_and_whole(image):
    folder, run = image
    checked = run("pip", "check")
    assert checked.returncode == 0, checked.stdout
    sizes = [path.lstat().st_size for path in (folder / "env").rglob("*") if path.is_file()]
    size = sum(sizes) / 2**20
    print(f"environment: {size:.0f} MB")
    assert 500 < size < LARGEST
    assert not (folder / "course" / "solutions").exists()
    overrides = "etc/jupyter/labconfig/default_setting_overrides.d/ntklab.json"
    assert (folder / "env" / overrides).exists(), "lectures would open as text"


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="installs a gigabyte; CI=true runs it")
def test_a_lecture_runs_in_it_under_start(image):
    _, run = image
    told = run("binder/start", "env")
    assert "OMP_NUM_THREADS=2" in told.stdout and "OMP_WAIT_POLICY=PASSIVE" in told.stdout
    done = run("binder/start", "python", "-c", EXECUTE, f"lectures/{LECTURE}.py")
    assert done.returncode == 0, done.stderr[-2000:]
    print(f"lecture {LECTURE}: {float(done.stdout):.0f} MB")
    assert 100 < float(done.stdout) < MEMORY


def test_the_launch_address_opens_the_index():
    address = r"mybinder\.org/v2/gh/owner/course/HEAD\?urlpath=lab/tree/([\w/]+\.md)"
    assert re.findall(address, pages.foot(COURSE, "owner/course")) == [cli.INDEX]
    viewers = json.loads((COURSE / "ntklab/jupyter/ntklab.json").read_text(encoding="utf-8"))
    opened = viewers["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]
    assert opened["markdown"] == "Markdown Preview"
