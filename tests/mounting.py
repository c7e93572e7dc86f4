"""Where tests may mount file systems of their own, seen by nobody else."""

import subprocess
from functools import cache


@cache
def namespace():
    """The command that runs another one there; [] where the system grants no such place."""
    for command in (["unshare", "-rm"], ["unshare", "-m"]):
        try:
            subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/tmp"], check=True)
            return command
        except (FileNotFoundError, subprocess.CalledProcessError):
            pass
    return []
