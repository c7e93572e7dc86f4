"""Limits on the memory of a process and its children by a control group of Linux.

A control group counts what a watcher sees too late or not at all: memory allocated within a tenth
of a second, files in memory, shared memory. Often only root may make one (in a container, on a
server for grading); for others `around` returns None, and the watcher of `sandbox` has to do.
"""

import contextlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
OURS = Path("/proc/self/cgroup")
LIMITS = {  # of each version: the limit, that of swap, the file that counts kills
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control"),
    2: ("memory.max", "memory.swap.max", "memory.events"),
}


@dataclass(frozen=True)
class MemoryGroup:
    """A control group whose processes have one limit for their memory together."""

    folder: Path
    version: int

    def exceeded(self) -> bool:
        """Whether Linux killed one of its processes because the limit was exceeded."""
        with contextlib.suppress(OSError):
            text = (self.folder / LIMITS[self.version][2]).read_text(encoding="ascii")
            return bool(re.search(r"^oom_kill [1-9]", text, flags=re.MULTILINE))
        return False

    def remove(self):
        """Remove the group; waits up to a second for the end of its processes."""
        for _ in range(20):
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.05)


def around(pid, memory):
    """The `MemoryGroup` that holds process `pid` and its children to `memory` bytes, or None."""
    parent, version = _parent()
    if parent is None:
        return None
    group = MemoryGroup(parent / f"ntklab-{pid}", version)
    limit, swap, _ = LIMITS[version]
    try:
        group.folder.mkdir()
        _write(group.folder / limit, memory)
        with contextlib.suppress(OSError):  # a kernel that does not count swap
            _write(group.folder / swap, memory if version == 1 else 0)
        _write(group.folder / "cgroup.procs", pid)
    except OSError:
        group.remove()
        return None
    return group


def _parent():
    """(folder in which a group can be made, version of control groups), or (None, 0)."""
    with contextlib.suppress(OSError):
        for line in OURS.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                return MOUNT / "memory" / path.lstrip("/"), 1
        # version 2: only leaves hold processes, so the new group is made beside our own
        parent = (MOUNT / path.lstrip("/")).parent if path != "/" else MOUNT
        given = (parent / "cgroup.subtree_control").read_text(encoding="ascii").split()
        if "memory" in given:
            return parent, 2
    return None, 0


def _write(path, number):
    # opened as it is: a file that is not there must not be made
    with open(path, "r+", encoding="ascii") as file:
        file.write(str(number))
