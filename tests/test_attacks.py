"""Attacks from inside an answer: each is stopped for its own reason, and the next answer counts."""

import pytest
from handed_in import write
from test_grading import COURSE, NAME, text

from ntklab.course import channel, grading, sandbox

LIMITS = sandbox.Limits(seconds=8, memory=2**30)
FOLDER = "import os, ipykernel\n    here = os.path.dirname(ipykernel.get_connection_file())"
STAY = "import time\n    time.sleep(60)"
ATTACKS = {  # the body of the answer -> what is said of it
    "memfd": (
        "import os\n    held = [os.memfd_create(str(i)) for i in range(25)]\n"
        f"    for one in held: os.posix_fallocate(one, 0, 90 * 2**20)\n    {STAY}",
        "GB of memory",
    ),
    "threads": (
        "import threading, time\n    threading.stack_size(65536)\n    for _ in range(1500):\n"
        f"        threading.Thread(target=time.sleep, args=[60], daemon=True).start()\n    {STAY}",
        "threads",
    ),
    "unlinked": (
        f"{FOLDER}\n    held = []\n    for i in range(6):\n"
        "        held.append(open(f'{here}/{i}', 'wb')); os.unlink(f'{here}/{i}')\n"
        f"        held[-1].write(bytes(30 * 2**20)); held[-1].flush()\n    {STAY}",
        "it wrote more than 100 MB",
    ),
    "folders": (
        f"{FOLDER}\n    for i in range(20_000): os.mkdir(here + '/' + str(i))\n    {STAY}",
        "files and folders",
    ),
    "sockets": (
        f"{FOLDER}\n    for name in os.listdir(here):\n        if 'ipc' in name:\n"
        "            os.unlink(f'{here}/{name}'); os.symlink('/tmp/other', f'{here}/{name}')\n"
        f"    {STAY}",
        "in the place of the kernel's sockets",
    ),
    "reply": ("return np.zeros(10**6)", "under 1 MB"),
    "slow": (  # a few seconds for each question, right answers all of them
        "import time\n    time.sleep(3.3)\n    order = np.argsort(angles)\n"
        "    ends = np.append(angles[order], angles[order[0]] + 2 * np.pi)\n"
        "    gaps = np.diff(ends)\n    weights = np.empty(len(angles))\n"
        "    weights[order] = (gaps + np.roll(gaps, 1)) / 2\n    return weights",
        "more than 8 seconds",
    ),
    "namespace": (
        "import ctypes\n    raise ValueError(ctypes.CDLL(None).unshare(0x10000000))",
        "ValueError: -1",
    ),
}


SHELL = "get_ipython().kernel"


def files():
    """A whole file -> marks, what is said of the first answer. Some are long to write."""
    return {
        "repr": (text(before="""\
import ntklab.course.channel as channel
class Long:
    def __repr__(self):
        return "[" + "1," * 1_500_000 + "]"
channel.reply = lambda *arguments: Long()
"""), 0, "under 1 MB"),
        "buffers": (text(before=f"""\
shell = {SHELL}
shell.session.send(shell.iopub_socket, "display_data",
                   {{"data": {{}}, "metadata": {{}}}}, buffers=[bytes(3 * 2**20)] * 700)
"""), None, ""),
        "comms": (text(before=f"""\
shell = {SHELL}
for i in range(60):
    shell.session.send(shell.iopub_socket, "comm_open",
                       {{"comm_id": str(i), "target_name": "x", "data": {{"s": "x" * 10**7}}}})
"""), None, ""),
        "small comms": (text(before=f"""\
shell = {SHELL}
for i in range(400):
    shell.session.send(shell.iopub_socket, "comm_open",
                       {{"comm_id": str(i), "target_name": "x", "data": {{"s": "x" * 10**6}}}})
"""), 10, "✓"),
        "prints": (text() + "\n\n" + "\n".join(["# %%\nprint('&<' * 99_000)"] * 300), 10, "✓"),
        "large cell": (text(before="x = [" + "1," * 2_000_000 + "]"), 0, "at most 1 are read"),
        "cells": (text() + "\n\n" + "# %%\n1\n" * 20_000, 0, "at most 500 and 500000 are run"),
        "ends it again": (
            text().replace("# %% [markdown]\n# # Ass", "# %%\nimport os\nos._exit(0)\n\n" * 12
                           + "# %% [markdown]\n# # Ass"), 0, "ended the kernel for good"),
        "markdown": (text() + "\n\n# %% [markdown]\n# " + "\\\\[a" * 25_000 + "\n", 10, "✓"),
    }


@pytest.mark.slow
@pytest.mark.skipif(bool(sandbox.why_unavailable()), reason=sandbox.why_unavailable() or "walls")
def test_each_attack_costs_its_own_answer_only(tmp_path):
    for name, (body, _) in ATTACKS.items():
        write(tmp_path / "in" / name / f"{NAME}.py",
              text(first=f"def arc_weights(angles):\n    {body}\n"))
    whole = files()
    for name, (body, _, _) in whole.items():
        write(tmp_path / "in" / name / f"{NAME}.py", body)
    grades = grading.grade(tmp_path / "in", COURSE / "solutions", tmp_path / "out", limits=LIMITS,
                           workers=3)
    import resource  # where there are walls, there is this

    for name, (_, said) in ATTACKS.items():
        rows = grades.marks[grades.marks.student == name].set_index("exercise")
        assert rows.marks["arc-weights"] == 0 and rows.marks["one-first"] > 0, (name, rows)
        assert said in rows.said["arc-weights"], (name, rows.said["arc-weights"])
    for name, (_, marks, said) in whole.items():
        rows = grades.marks[grades.marks.student == name].set_index("exercise")
        assert marks in (None, rows.marks.sum()), (name, rows)
        assert said in rows.said["arc-weights"], (name, rows.said["arc-weights"])
    # of all processes that were waited for, kernels with their 1 GB too
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert largest < 1.2 * 2**30, largest
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written < 40 * 2**20, written


@pytest.mark.parametrize("text", ["[" + "1," * 600_000 + "1]", "[" * 100_000, "'1'", '{"kind": 1}'])
def test_replies_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="reply"):
        channel.read(text)
