"""JupyterLab as `ntklab lab` starts it, and a headless Chromium to look at it with."""

import json
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
TOKEN = "ntklab"
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
    """A running JupyterLab: its address, the course it shows, the home of its user."""

    address: str
    course: Path
    home: Path

    @property
    def url(self):
        """Where to enter."""
        return f"{self.address}/?token={TOKEN}"

    def ask(self, path, method="GET"):
        """What its server answers."""
        header = {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(f"{self.address}/{path}", headers=header, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")


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


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory):
    """`ntklab lab` on a copy of the course, with a new user's empty home folder."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    course, home, log = folder / "course", folder / "home", folder / "jupyterlab.log"
    home.mkdir()
    _lay_out(course)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "XDG_"))}
    port = _free_port()
    command = [sys.executable, "-m", "ntklab.cli", "lab", str(course), "--", "--no-browser"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True"]
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            command, env=environment | {"HOME": str(home)}, stdout=output, stderr=output
        ) as server,
    ):
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, log)
            yield Lab(f"http://127.0.0.1:{port}", course, home)
        finally:
            server.terminate()


@pytest.fixture
def lab(served):
    """The one JupyterLab of a module, as if new: no kernel runs, no tab is open, no file changed.

    Whoever looks at it closes the page first: an open page keeps its tabs.
    """
    _lay_out(served.course)
    yield served
    for session in served.ask("api/sessions"):
        served.ask(f"api/sessions/{session['id']}", "DELETE")
    for name in served.ask("lab/api/workspaces")["workspaces"]["ids"]:
        served.ask(f"lab/api/workspaces/{name}", "DELETE")


def _lay_out(course):
    shutil.rmtree(course, ignore_errors=True)
    for folder in ("lectures", "exercises"):
        shutil.copytree(COURSE / folder, course / folder)
    for name in ("README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(COURSE / name, course)


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
    told = log.read_text(encoding="utf-8")
    pytest.fail(f"JupyterLab did not start:\n{told}")
