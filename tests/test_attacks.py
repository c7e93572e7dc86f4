"""Attacks from inside an answer: each is stopped for its own reason, and the next answer counts."""

import pytest
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
    "slow": ("import time\n    time.sleep(5)\n    return angles * 0 + 1", "more than 8 seconds"),
    "namespace": (
        "import ctypes\n    raise ValueError(ctypes.CDLL(None).unshare(0x10000000))",
        "ValueError: -1",
    ),
}


@pytest.mark.slow
@pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "walls")
def test_each_attack_costs_its_own_answer_only(tmp_path):
    for name, (body, _) in ATTACKS.items():
        path = tmp_path / "in" / name / f"{NAME}.py"
        path.parent.mkdir(parents=True)
        path.write_text(text(first=f"def arc_weights(angles):\n    {body}\n"), encoding="utf-8")
    grades = grading.grade(tmp_path / "in", COURSE / "solutions", tmp_path / "out", limits=LIMITS,
                           workers=2)
    for name, (_, said) in ATTACKS.items():
        rows = grades.marks[grades.marks.student == name].set_index("exercise")
        assert rows.marks["arc-weights"] == 0 and rows.marks["one-first"] > 0, (name, rows)
        assert said in rows.said["arc-weights"], (name, rows.said["arc-weights"])


@pytest.mark.parametrize("text", ["[" + "1," * 600_000 + "1]", "[" * 100_000, "'1'", '{"kind": 1}'])
def test_replies_that_are_none_are_refused(text):
    channel.kind(text)
    with pytest.raises(ValueError, match="reply"):
        channel.read(text)
