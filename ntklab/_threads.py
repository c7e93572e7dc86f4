"""Threads of torch that sleep while they wait, also where torch was imported before ntklab.

A thread of GNU's OpenMP that has finished its part spins for some milliseconds, since more may
come. Beside another program that wants a core, threads that spin keep those from running that they
wait for. `OMP_WAIT_POLICY=PASSIVE` lets them sleep, but is read once, where torch is loaded. Later
there is another way: while OpenMP has more threads than the process has cores, they spin some
hundred times shorter. So one more team is made, which then sleeps for good.
"""

import sys
import threading

import torch

from ntklab import TORCH_WAS_FIRST


def let_sleep():
    """Makes the second team, once a process, where it is of use."""
    if not (TORCH_WAS_FIRST and sys.platform == "linux" and torch.get_num_threads() > 1):
        return
    made = threading.Event()

    def team():
        torch.ones(2**20).add_(1)  # large enough to be shared out
        made.set()
        threading.Event().wait()

    threading.Thread(target=team, name="ntklab-second-team", daemon=True).start()
    made.wait()
