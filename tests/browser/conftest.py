"""JupyterLab as `ntklab lab` starts it, and a headless Chromium to look at it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
CHROMIUM_FLAGS = [
    "--no-sandbox",  # Chromium as root, as in a container, starts with no other
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where to enter, the course it shows, the home of its user."""

    url: str
    course: Path
    home: Path


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. Skips where there is none, except in CI, which has to have one."""
    if CHROMIUM is None:
        missing = "no Chromium on this machine (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def lab(browser, tmp_path):
    """`ntklab lab` on a copy of the course, with a new user's empty home folder."""
    course, home, log = tmp_path / "course", tmp_path / "home", tmp_path / "jupyterlab.log"
    for folder in ("lectures", "exercises"):
        shutil.copytree(COURSE / folder, course / folder)
    for name in ("README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(COURSE / name, course)
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "XDG_"))}
    port, token = _free_port(), "ntklab"
    command = [sys.executable, "-m", "ntklab.cli", "lab", str(course), "--", "--no-browser"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"]
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, env=environment | {"HOME": str(home)}, stdout=output, stderr=output
        ) as server,
    ):
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api?token={token}", server, log)
            yield Lab(f"http://127.0.0.1:{port}/?token={token}", course, home)
        finally:
            server.terminate()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(url, server, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")
