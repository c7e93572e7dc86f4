"""Memory that Linux holds, where this user may ask it to; nothing elsewhere."""

import os
import subprocess
import sys

import pytest

from ntklab.course import control_groups
from ntklab.course.control_groups import LIMITS, MemoryGroup, around

MEGABYTES = 2**20
TAKE = "import sys; sys.stdin.read(); parts = [bytearray({} * 2**20) for _ in range(4)]"


def held(megabytes, limit=128):
    """What a process ends with that takes so much in four parts, its group, whether it was hit."""
    command = [sys.executable, "-c", TAKE.format(megabytes // 4)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    group = around(process.pid, limit * MEGABYTES)
    process.communicate()
    if group is None:
        pytest.skip("no control group can be made by this user")
    exceeded = group.exceeded()
    group.remove()
    return process.returncode, group, exceeded


def test_a_process_within_its_limit_is_left_alone():
    code, group, exceeded = held(60)
    assert code == 0 and not exceeded and not group.folder.exists()


def test_one_beyond_it_is_ended_and_said_so():
    code, group, exceeded = held(400)
    assert code == -9 and exceeded and not group.folder.exists()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A file system of control groups as `ours` says, whose files take what is written."""

    def made(ours, *files):
        (tmp_path / "ours").write_text(ours, encoding="utf-8")
        for name, text in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(control_groups, "MOUNT", tmp_path)
        monkeypatch.setattr(control_groups, "OURS", tmp_path / "ours")
        return tmp_path

    return made


@pytest.mark.parametrize(
    ("ours", "control", "where"),
    [
        ("0::/user/a\n", ("user/cgroup.subtree_control", "cpu memory\n"), ("user", 2)),
        ("0::/\n", ("cgroup.subtree_control", "memory\n"), ("", 2)),
        ("0::/user/a\n", ("user/cgroup.subtree_control", "cpu\n"), None),
        ("0::/user/a\n", ("else/cgroup.subtree_control", "memory\n"), None),
        ("4:cpu,memory:/box\n0::/\n", ("memory/box/tasks", ""), ("memory/box", 1)),
    ],
)
def test_where_a_group_can_be_made(machine, ours, control, where):
    folder = machine(ours, control)
    expected = (None, 0) if where is None else (folder / where[0], where[1])
    assert control_groups._parent() == expected


def test_a_folder_that_takes_no_group_leaves_nothing_behind(machine):
    folder = machine("0::/a\n", ("cgroup.subtree_control", "memory\n"))
    assert around(os.getpid(), MEGABYTES) is None  # no files of a group in an ordinary folder
    assert sorted(path.name for path in folder.iterdir()) == ["cgroup.subtree_control", "ours"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("text", "exceeded"), [("oom 3\noom_kill 0", 0), ("oom_kill 12", 1)])
def test_kills_are_counted(tmp_path, version, text, exceeded):
    (tmp_path / LIMITS[version][2]).write_text(f"low 0\n{text}\n", encoding="ascii")
    assert MemoryGroup(tmp_path, version).exceeded() == exceeded
    assert not MemoryGroup(tmp_path / "gone", version).exceeded()
