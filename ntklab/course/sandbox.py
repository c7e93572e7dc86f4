"""A kernel for code that nobody has read: what it may see, and how much it may take.

bubblewrap gives it a file system of its own (Python's and this package's folders to read, a small
one in memory to write), no network, and no process but its own to signal. Limits of the operating
system hold for each process; a watcher counts what all of them take together. Without bubblewrap
(macOS, Windows) only limits and watcher are left: `missing` says so.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
import zmq
from jupyter_client.manager import AsyncKernelManager

import ntklab

HOME = "/home/student"
LOOK_EVERY = 0.1  # seconds between two looks of the watcher


@dataclass(frozen=True)
class Limits:
    """What one submission may take."""

    seconds: float = 60.0  # a cell or an answer; a whole notebook five times that
    memory: int = 2 * 1024**3  # bytes, of all its processes together
    disk: int = 100 * 1024**2  # bytes, in any of its folders
    output: int = 200_000  # characters that a cell may show
    processes: int = 64


@cache
def missing() -> str:
    """Why no file system of its own can be had here; "" if it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian, Ubuntu: apt-get install bubblewrap)"
    with tempfile.TemporaryDirectory() as folder:
        command = [*_walls(Path(folder), 2**20), sys.executable, "-c", "pass"]
        run = subprocess.run(command, capture_output=True, encoding="utf-8")
    return f"bubblewrap does not run here: {run.stderr.strip()}" if run.returncode else ""


class Kernel(AsyncKernelManager):
    """An IPython kernel behind `missing`'s walls, or only under limits where not `isolated`."""

    def __init__(self, limits: Limits, isolated: bool, **keywords):
        super().__init__(**keywords)
        self.limits, self.isolated = limits, isolated
        self.stopped = ""  # why the watcher stopped it
        self.folder = Path(tempfile.mkdtemp(prefix="ntk")).resolve()  # sockets: short paths
        self.connection_file = str(self.folder / "kernel.json")
        if hasattr(os, "fork"):
            self.transport = "ipc"  # passes where there is no network
        # a longer message closes the connection before it fills the judge's memory
        self.context.setsockopt(zmq.MAXMSGSIZE, 64 * 2**20)

    def format_kernel_cmd(self, extra_arguments=None):
        """How to start it."""
        inside = [sys.executable, "-m", __name__, str(self.limits.memory), str(self.limits.disk)]
        inside += ["-f", os.path.realpath(self.connection_file), *(extra_arguments or [])]
        return [*_walls(self.folder, self.limits.disk), *inside] if self.isolated else inside

    async def start_kernel(self, **keywords):
        """Start it, and the watcher with it."""
        (self.folder / "home").mkdir(exist_ok=True)
        home = self.folder / "home"
        keywords |= {"env": _environment(home), "cwd": str(home)}
        keywords |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await super().start_kernel(**keywords)
        threading.Thread(target=self._watch, args=[self.provisioner.pid], daemon=True).start()

    async def cleanup_resources(self, restart=False):
        """Leave nothing behind."""
        await super().cleanup_resources(restart)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _watch(self, pid):
        try:
            process = psutil.Process(pid)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                self.stopped = self._beyond(process)
                if self.stopped:
                    _kill(process)
                    return
                threading.Event().wait(LOOK_EVERY)
        except psutil.NoSuchProcess:
            return

    def _beyond(self, process):
        """What is more than allowed, in words."""
        family = [process, *process.children(recursive=True)]
        if len(family) > self.limits.processes:
            return f"it started more than {self.limits.processes} processes"
        memory = sum(_memory(one) for one in family)
        if memory > self.limits.memory:
            return f"it took more than {self.limits.memory / 1024**3:.1f} GB of memory"
        if _size(self.folder) > self.limits.disk:
            return f"it wrote more than {self.limits.disk / 1024**2:.0f} MB"
        return ""


def _walls(folder, space):
    """bubblewrap's command: what is not named here does not exist inside."""
    package = Path(ntklab.__file__).parent
    to_read = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), package]
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for name in ("bin", "lib", "lib32", "lib64", "sbin"):
        path = Path("/", name)
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            to_read.append(path)
    for path in ("/tmp", HOME):
        command += ["--size", str(space), "--tmpfs", path]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", str(space), "--tmpfs", "/dev/shm"]
    for path in to_read:
        command += ["--ro-bind", str(path), str(path)]
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/passwd", "/etc/localtime"):
        command += ["--ro-bind-try", path, path]
    command += ["--bind", str(folder), str(folder)]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME, "--clearenv"]
    for name, value in _environment(HOME).items():
        command += ["--setenv", name, value]
    return command


def _environment(home):
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(Path(home, ".ipython")),
        "MPLBACKEND": "agg",
        **{name: os.environ[name] for name in ("SYSTEMROOT", "TEMP") if name in os.environ},
    }


def _memory(process):
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _size(folder):
    used = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                used += os.lstat(os.path.join(path, name)).st_size
            except OSError:
                continue
    return used


def _kill(process):
    # bubblewrap's end is the end of everything inside; without it each has to be found
    for one in [*process.children(recursive=True), process]:
        try:
            one.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        except psutil.Error:
            continue


def _start(memory, disk, arguments):
    """Inside: take limits that nothing in here can raise again, then be a kernel."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        pass
    else:
        for name, bound in (("DATA", memory), ("FSIZE", disk), ("CORE", 0), ("NOFILE", 256)):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (bound, bound))
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=arguments)


if __name__ == "__main__":
    _start(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
