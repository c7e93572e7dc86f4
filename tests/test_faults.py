"""`ntklab reproduce` killed, without room, without leave, in two processes: nothing is lost.

What it writes is the same to the last byte however it was disturbed, but for the seconds it took.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from mounting import namespace

from ntklab import cli, report

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and file systems of POSIX")

FIGURES = ["pair_splitting", "depth_spectra"]
JOBS = ["C10", "C11", "C12", "C13", *FIGURES]
KILLS = 20
FINISHED = {".png", ".pdf", ".csv", ".html", ".md"}
SECONDS = re.compile(rb"\d+ seconds of|<td>\d+\.\d</td>|\| \d+\.\d \|")


def command(folder, workers=1):
    reproduce = [sys.executable, "-m", "ntklab.cli", "reproduce", *JOBS]
    return [*reproduce, "--out", str(folder), "--workers", str(workers)]


def start(folder, workers=1):
    """The command in a group of processes of its own."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command(folder, workers), stdout=pipe, stderr=pipe, encoding="utf-8",
        start_new_session=True,
    )


def finished(folder):
    """Files that stand there as finished; of pages all but seconds."""
    files = [path for path in folder.glob("*") if path.suffix in FINISHED]
    return {path.name: SECONDS.sub(b"", path.read_bytes()) for path in files}


def kept(folder):
    """Lines on record, but its header."""
    text = b"".join(path.read_bytes() for path in folder.glob("record*"))
    return text.split(b"\n")[1:-1]


def wait_for(event, process):
    """Until it comes, or the process ends."""
    while process.poll() is None and not event():
        time.sleep(0.0005)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All files of an undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start(folder)
    _, told = process.communicate()
    assert process.returncode == 0, told
    files = {f"{name}.{kind}" for name in FIGURES for kind in ("png", "pdf", "csv")}
    assert finished(folder).keys() == files | {"report.html", "report.md"}
    return finished(folder)


def check(folder, whole, status):
    """No file is torn, and after a run that ended well none is missing."""
    found = finished(folder)
    assert all(content == whole[name] for name, content in found.items())
    if status == 0:
        assert found.keys() == whole.keys() and not any(folder.glob("*.tmp"))


def test_kill_9_at_random_moments(whole, tmp_path):
    """About half of them while a file is being written; about half without the workers."""
    rng, folder, kills, in_writing = np.random.default_rng(5), tmp_path / "0", 0, 0
    while kills < KILLS:
        before, workers = kept(folder), int(rng.integers(2))
        process, drafts, wanted = start(folder, workers), set(), rng.integers(1, 4)
        if rng.random() < 0.5:
            while process.poll() is None and len(drafts) < wanted:
                drafts.update(folder.glob("*.tmp"))
        else:
            wait_for(lambda folder=folder: any(folder.glob("record*")), process)
            time.sleep(rng.uniform(0, 1.5))
        if process.poll() is None:
            kill = os.killpg if rng.random() < 0.5 else os.kill
            kill(process.pid, signal.SIGKILL)
        _, told = process.communicate()  # ends when the workers do
        assert process.returncode in (0, -signal.SIGKILL), told
        assert kept(folder)[: len(before)] == before
        check(folder, whole, process.returncode)
        in_writing += any(folder.glob("*.tmp"))
        if process.returncode == 0:
            folder = tmp_path / str(kills)
        else:
            kills += 1
    process = start(folder)
    _, told = process.communicate()
    assert process.returncode == 0, told
    check(folder, whole, 0)
    assert in_writing > KILLS / 4


# One disk through its troubles: 4 kB, 64 kB, not to be written, large enough.
DISK = """
mount -t tmpfs -o size=4k none "$out"; attempt "$@"
mount -o remount,size=64k "$out"; attempt "$@"
mount -o remount,ro,size=8m "$out"; attempt "$@"
mount -o remount,rw "$out"; attempt "$@"
"""
# The like where nobody may mount: files of so many blocks, a folder closed to all but root.
LIMITS = """
ulimit -S -f 4; attempt "$@"
ulimit -S -f 64; attempt "$@"
ulimit -S -f unlimited; chmod 500 "$out"; attempt "$@"
chmod 700 "$out"; attempt "$@"
"""
ATTEMPTS = """
out=$1; shift
attempt() {
    number=$((number + 1))
    "$@" > /dev/null 2> "told.$number"
    echo $? > "status.$number"
    cp -R "$out" "$number"
}
"""


def test_a_disk_without_room_and_one_that_is_read_only(whole, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    troubles = DISK if namespace() else LIMITS
    shell = [*namespace(), "sh", "-c", ATTEMPTS + troubles, "sh"]
    subprocess.run([*shell, out, *command(out, workers=0)], cwd=tmp_path, check=True)
    lines = []
    why = ["No space left on device|File too large"] * 2
    why += ["Read-only file system|Permission denied"]
    if troubles is LIMITS and os.geteuid() == 0:
        why.pop()  # nothing is closed to root
    for number, reason in enumerate(why, 1):
        then, status = tmp_path / f"{number}", tmp_path / f"status.{number}"
        told = (tmp_path / f"told.{number}").read_text(encoding="utf-8")
        assert status.read_text(encoding="utf-8") == "1\n" and "Traceback" not in told
        last = told.splitlines()[-1]
        assert last.startswith("ntklab: ") and f"{out}/" in last and re.search(reason, last)
        assert kept(then)[: len(lines)] == lines
        lines = kept(then)
        for name, content in finished(then).items():  # pages tell what failed
            assert name.startswith("report") or content == whole[name]
    assert len(lines) >= 4
    assert (tmp_path / "status.4").read_text(encoding="utf-8") == "0\n"
    check(tmp_path / "4", whole, 0)


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="/proc is closed even to root")
def test_a_folder_that_cannot_be_made_is_named():
    done = subprocess.run(command("/proc/report"), capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert re.fullmatch("ntklab: /proc/report: .*\n", done.stderr)


def test_two_processes_in_one_folder_and_workers_that_die(whole, tmp_path):
    one = start(tmp_path)
    wait_for(lambda: len(kept(tmp_path)) >= 4, one)
    one.send_signal(signal.SIGSTOP)
    other = subprocess.run(command(tmp_path), capture_output=True, encoding="utf-8")
    one.send_signal(signal.SIGCONT)
    assert other.returncode == 1 and "Traceback" not in other.stderr
    assert re.search("^ntklab: record: .* is in use by another process", other.stderr, re.M)
    children = psutil.Process(one.pid).children()
    workers = [child for child in children if any("spawn_main" in word for word in child.cmdline())]
    for worker in workers:
        worker.kill()
    _, told = one.communicate()
    assert one.returncode == 0 and workers, told
    check(tmp_path, whole, 0)


@pytest.mark.nightly
def test_what_was_deleted_since_is_drawn_again(tmp_path):
    report.reproduce(tmp_path, only=["pair_splitting"], workers=0)
    before = finished(tmp_path)
    (tmp_path / "pair_splitting.csv").unlink()
    report.reproduce(tmp_path, only=["pair_splitting"], workers=0)
    assert finished(tmp_path) == before


def test_sizes_do_not_share_a_folder(tmp_path):
    """Their pictures have one name, so one report would show the other's."""
    report.reproduce(tmp_path, "paper", only=["C12"], workers=0)
    with pytest.raises(ValueError, match="^folder: must hold no report of another size than 'q"):
        report.reproduce(tmp_path, "quick", only=["C12"], workers=0)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (PermissionError(13, "Permission denied", "out/x.csv"), 1, "out/x.csv: Permission denied"),
        (FileNotFoundError("no course"), 1, "no course"),
        (ValueError("size: must be large"), 1, "size: must be large"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_command_that_fails_says_why_in_one_line(monkeypatch, capsys, error, status, told):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(report, "reproduce", fails)
    assert cli.main(["reproduce"]) == status
    assert capsys.readouterr().err == f"ntklab: {told}\n"


def test_a_reader_may_leave_early():
    line = f"{shlex.quote(sys.executable)} -m ntklab.cli claims --list | true"
    done = subprocess.run(["sh", "-c", line], capture_output=True, encoding="utf-8")
    assert done.stderr == ""


def test_where_the_locale_has_no_greek_letters():
    bare = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    line = [sys.executable, "-m", "ntklab.cli", "claims", "C12"]
    done = subprocess.run(line, env=bare, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and done.stdout.startswith("C12 [(15) (16)] CORRECTED\n")
    assert "cos(?(x) x/?" in done.stdout and done.stderr == ""
