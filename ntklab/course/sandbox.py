"""A sandbox for untrusted code: an IPython kernel with a file system and limits of its own.

bubblewrap gives the kernel a file system of its own (Python's folders and this package's without
the checks to read, a small one in memory to write), no network, and no process but its own to
signal. Limits of the operating system hold for each process; a control group limits the memory of
all of them, where one can be had; a watcher thread measures what all of them use together. Without
bubblewrap (macOS, Windows) only limits and watcher are left: `why_unavailable` says why.
"""

import contextlib
import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
import zmq
from jupyter_client.manager import AsyncKernelManager

from ntklab.course import control_groups, hidden_checks

HOME = "/home/student"
INTERVAL = 0.1  # seconds between two measurements of the watcher
STARTED = []  # kernels of this process


@dataclass(frozen=True)
class Limits:
    """Limits of the resources that one submission may use."""

    seconds: float = 60.0  # a cell or an answer; a whole notebook five times that
    memory: int = 2 * 1024**3  # bytes, of all its processes together
    disk: int = 100 * 1024**2  # bytes, in any of its folders
    output: int = 200_000  # characters that a cell may show
    processes: int = 64
    threads: int = 256  # of all its processes together
    files: int = 5_000  # and folders

    @property
    def notebook(self) -> float:
        """Seconds of all cells and answers of a notebook together."""
        return 5 * self.seconds

    @property
    def submission(self) -> float:
        """Seconds of everything done with a submission, including starts of kernels and its page.

        Far more than a submission needs that keeps to the other limits, even on a busy machine.
        """
        return 2 * self.notebook + 300


@cache
def why_unavailable() -> str:
    """The reason for which bubblewrap cannot be used on this machine; "" if it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian, Ubuntu: apt-get install bubblewrap)"
    with tempfile.TemporaryDirectory() as folder:
        command = [*_bubblewrap(Path(folder), 2**20), sys.executable, "-c", "pass"]
        run = subprocess.run(command, capture_output=True, encoding="utf-8")
    return f"bubblewrap does not run here: {run.stderr.strip()}" if run.returncode else ""


class Kernel(AsyncKernelManager):
    """An IPython kernel within limits, and in bubblewrap's sandbox if `isolated`."""

    def __init__(self, limits: Limits, isolated: bool, **keywords):
        super().__init__(**keywords)
        self.limits, self.isolated = limits, isolated
        self._stopped, self.group = "", None
        self.folder = Path(tempfile.mkdtemp(prefix="ntk")).resolve()
        if len(os.fsencode(self.folder)) > 90:  # a socket's path has 107 bytes
            shutil.rmtree(self.folder)
            raise OSError(f"TMPDIR: too long for sockets, must be under 80 bytes: {self.folder}")
        self.connection_file = str(self.folder / "kernel.json")
        if hasattr(os, "fork"):
            self.transport = "ipc"  # passes where there is no network
        # a longer message closes the connection before it fills the memory of this process
        self.context.setsockopt(zmq.MAXMSGSIZE, 4 * 2**20)

    def format_kernel_cmd(self, extra_arguments=None):
        """The command that starts the kernel."""
        inside = [sys.executable, "-m", __name__, str(self.limits.memory), str(self.limits.disk)]
        inside += ["-f", os.path.realpath(self.connection_file), *(extra_arguments or [])]
        return [*_bubblewrap(self.folder, self.limits.disk), *inside] if self.isolated else inside

    async def start_kernel(self, **keywords):
        """Start the kernel and its watcher."""
        STARTED.append(self)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        keywords |= {"env": _environment(home), "cwd": str(home)}
        keywords |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await super().start_kernel(**keywords)
        self.group = control_groups.around(self.provisioner.pid, self.limits.memory)
        threading.Thread(target=self._watch, args=[self.provisioner.pid], daemon=True).start()

    @property
    def stopped(self):
        """The reason for which the kernel was stopped, in words; "" where it was not."""
        if not self._stopped and self.group and self.group.exceeded():
            return self._too_much_memory()
        return self._stopped

    def _too_much_memory(self):
        return f"it took more than {self.limits.memory / 1024**3:.1f} GB of memory"

    async def cleanup_resources(self, restart=False):
        """Remove what the kernel leaves behind."""
        await super().cleanup_resources(restart)
        self.clear()

    def clear(self):
        """Remove the kernel's control group and its folder."""
        if self.group:
            self._stopped = self.stopped  # asks the group, which is removed next
            self.group.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _watch(self, pid):
        try:
            process = psutil.Process(pid)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                self._stopped = self.stopped or self._exceeded(process)
                if self._stopped:
                    _kill(process)
                    return
                time.sleep(INTERVAL)
        except psutil.NoSuchProcess:
            return

    def _exceeded(self, process):
        """The limit that a process and its children exceed, in words; "" if none."""
        family = [process, *process.children(recursive=True)]
        if len(family) > self.limits.processes:
            return f"it started more than {self.limits.processes} processes"
        if sum(_measured(one.num_threads) for one in family) > self.limits.threads:
            return f"it started more than {self.limits.threads} threads"
        in_memory, deleted = _nameless_files(family)
        resident = sum(_measured(lambda one=one: one.memory_info().rss) for one in family)
        if in_memory + resident > self.limits.memory:
            return self._too_much_memory()
        used, number = _size(self.folder)
        if used + deleted > self.limits.disk:
            return f"it wrote more than {self.limits.disk / 1024**2:.0f} MB"
        if number > self.limits.files:
            return f"it wrote more than {self.limits.files} files and folders"
        for path in self.folder.glob("kernel-ipc-*"):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                return "it put something else in the place of the kernel's sockets"
        return ""


@contextlib.contextmanager
def ended():
    """End every kernel that was started in the block when the block ends, by an error too."""
    before = len(STARTED)
    try:
        yield
    finally:
        for kernel in STARTED[before:]:
            with contextlib.suppress(psutil.Error):
                if kernel.has_kernel:
                    _kill(psutil.Process(kernel.provisioner.pid))
            kernel.clear()
        del STARTED[before:]


def _bubblewrap(folder, space):
    """The command in front of the kernel's: what is not named in it does not exist inside."""
    package = Path(__file__).resolve().parents[1]
    to_read = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), package]
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += _no_namespaces()
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
    for path in hidden_checks.folders():
        command += ["--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
    if Path("/usr/local/share").is_dir():  # nbgrader's exchange is there unless told otherwise
        command += ["--tmpfs", "/usr/local/share", "--remount-ro", "/usr/local/share"]
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/passwd", "/etc/localtime"):
        command += ["--ro-bind-try", path, path]
    command += ["--bind", str(folder), str(folder)]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME, "--clearenv"]
    for name, value in _environment(HOME).items():
        command += ["--setenv", name, value]
    return command


@cache
def _no_namespaces():
    """A user namespace inside would bring back every capability; bubblewrap 0.8 can forbid it."""
    options = ["--unshare-user", "--disable-userns"]
    command = ["bwrap", *options, "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return options if subprocess.run(command, capture_output=True).returncode == 0 else []


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


def _measured(quantity):
    """quantity() of a process, or 0 if the process is gone."""
    try:
        return quantity()
    except psutil.Error:
        return 0


def _nameless_files(family):
    """(bytes in memory, bytes on disk) of open files without a name."""
    found = {}
    for process in family:
        try:
            for entry in os.scandir(f"/proc/{process.pid}/fd"):
                about = os.stat(entry.path)
                if stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                    in_memory = os.readlink(entry.path).startswith("/memfd:")
                    found[about.st_dev, about.st_ino] = (in_memory, 512 * about.st_blocks)
        except OSError:  # closed meanwhile, or no Linux
            continue
    return tuple(sum(size for held, size in found.values() if held == kind)
                 for kind in (True, False))


def _size(folder):
    """(bytes, number of files and folders) of a folder; inf bytes if a path is too long to read."""
    used = number = 0
    too_long = []

    def failed(error):
        if error.errno == errno.ENAMETOOLONG:
            too_long.append(error)

    for path, folders, names in os.walk(folder, onerror=failed):
        number += len(folders) + len(names)
        for name in names:
            try:
                used += os.lstat(os.path.join(path, name)).st_size
            except OSError as error:
                failed(error)
    return (float("inf") if too_long else used), number


def _kill(process):
    # bubblewrap's end is the end of everything inside; without it each has to be found
    for one in [*process.children(recursive=True), process]:
        try:
            one.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        except psutil.Error:
            continue


def _start(memory, disk, arguments):
    """Inside the sandbox: set limits that this process cannot raise again, then become a kernel."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        pass
    else:
        for name, bound in (("DATA", memory), ("FSIZE", disk), ("CORE", 0), ("NOFILE", 256)):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (bound, bound))
    hidden_checks.install()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=arguments)


if __name__ == "__main__":
    _start(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
