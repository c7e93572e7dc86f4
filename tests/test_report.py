"""The report: claims and figures on record, pages that hold them, failures that are told."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings

import pandas as pd
import pytest

from ntklab import report
from ntklab.claims import CLAIMS
from ntklab.experiments.full_size import runs

SOME = ["C12", "C13", "depth_spectra"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return folder, report.reproduce(folder, only=SOME, workers=0)


def test_claims_are_those_of_the_ledger(made):
    _, found = made
    assert found.claims.id.tolist() == ["C12", "C13"]
    assert (found.claims.verdict == "corrected").all()
    assert found.claims.truth[1] == CLAIMS["C13"].truth
    assert found.claims.measured[1].startswith("uniform p: true/printed is 6.28")
    assert (found.claims.seconds > 0).all()


def test_figures_stand_beside_their_data(made):
    folder, _ = made
    assert (folder / "depth_spectra.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "depth_spectra.pdf").read_bytes().startswith(b"%PDF")
    data = pd.read_csv(folder / "depth_spectra.csv")
    assert {"hidden_layers", "frequency", "eigenvalue"} <= set(data)


def test_html_holds_everything_itself(made):
    _, found = made
    page = found.html.read_text(encoding="utf-8")
    assert "2 claims (2 corrected), 1 figures" in page
    assert page.count("<img ") == 1
    assert re.search(r"<img src='data:image/png;base64,[^']{1000,}' alt='[^']{100,}'>", page)
    assert not re.search(r"(src|href)=['\"]https?:", page)
    assert page.count("<tr class='corrected'>") == 2


def test_markdown_has_the_same_table(made):
    _, found = made
    text = found.markdown.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| C")]
    assert [row.split(" | ")[2] for row in rows] == ["corrected", "corrected"]
    assert "](depth_spectra.png)" in text and "[data](depth_spectra.csv)" in text


def test_what_is_on_record_is_not_run_again(made, monkeypatch):
    folder, found = made

    def never(*_):
        raise AssertionError("ran again")

    monkeypatch.setitem(report.FIGURES, "depth_spectra", never)
    again = report.reproduce(folder, only=SOME, workers=0)
    pd.testing.assert_frame_equal(again.claims, found.claims)


def broken(how):
    raise ArithmeticError("no figure today")


def test_a_failure_is_told_and_the_rest_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(report.FIGURES, "pair_splitting", broken)
    with pytest.raises(RuntimeError, match="^1 of 2 jobs failed: pair_splitting: Arithmetic"):
        report.reproduce(tmp_path, only=["C12", "pair_splitting"], workers=0)
    assert "C12" in (tmp_path / "report.html").read_text(encoding="utf-8")
    monkeypatch.undo()
    # a next run tries it again
    report.reproduce(tmp_path, only=["C12", "pair_splitting"], workers=0)
    assert (tmp_path / "pair_splitting.png").exists()


NIGHTLY = [
    pytest.param(n, marks=pytest.mark.nightly) for n in ("local_frequency", "pair_splitting")
]


@pytest.mark.parametrize("name", ["eigenfunctions_1_2_4", *NIGHTLY])
def test_quick_figures(tmp_path, name):
    told = report.run_job(name, "quick", str(tmp_path))["text"]
    assert len(told) > 100
    assert len(pd.read_csv(tmp_path / f"{name}.csv")) > 30


def test_every_claim_of_the_lecture_is_in_the_ledger():
    assert sorted(CLAIMS) == [f"C{number:02d}" for number in range(1, 32)]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda folder: report.reproduce(folder, "tiny"), "size"),
        (lambda folder: report.reproduce(folder, only=["C99"]), "only"),
        (lambda folder: report.reproduce(folder, "paper", device="gpu"), "device"),
        (lambda folder: report.reproduce(folder, "paper", device="cuda:99"), "device"),
        (lambda folder: report.reproduce(folder, "paper", seeds=0), "seeds"),
        (lambda folder: report.reproduce(folder, seeds=2), "seeds"),
    ],
)
def test_bad_input_is_named(tmp_path, call, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        call(tmp_path)


# The paper's sizes, made tiny: parts carry their settings, so that workers need no patch

NAMES = ["C01", "C21", "deep_laziness"]
TINY = """
from dataclasses import replace
from ntklab.experiments.full_size import runs
learning = {"points": 800, "hidden_layers": 2, "width": 16, "iterations": 40}
changed = {
    "learning": {"setting": runs.RUNS["learning"].setting | learning, "together": 1},
    "laziness": {"setting": {"depths": (1, 2), "iterations": 10}, "cases": (8, 16, 32)},
}
for name, what in changed.items():
    runs.RUNS[name] = replace(runs.RUNS[name], **what)
"""
SCRIPT = """
from ntklab import report
if __name__ == "__main__":
    report.reproduce({folder!r}, "paper", {names!r}, seeds=3, workers=0)
"""


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(runs, "RUNS", dict(runs.RUNS))
    exec(TINY)


def lines(folder, kind="-runs"):
    (record,) = folder.glob(f"record-*-paper{kind}.jsonl") or [None]
    return record.read_text(encoding="utf-8").splitlines()[1:] if record else []


def test_the_papers_sizes_are_trained_in_parts(tmp_path, tiny):
    found = report.reproduce(tmp_path, "paper", NAMES, seeds=2, workers=0)
    assert len(lines(tmp_path)) == 2 + 3 and len(lines(tmp_path, "")) == 3
    assert found.claims.measured[0].startswith("2 networks of 2 hidden layers, width 16")
    assert "width 8 to 32" in found.claims.measured[1]
    table = pd.read_csv(tmp_path / "run_laziness.csv")
    assert sorted(set(table.width)) == [8, 16, 32] and sorted(set(table.seed)) == [0, 1]
    for page in (found.html, found.markdown):
        text = page.read_text(encoding="utf-8")
        assert "Networks trained for this report" in text and "cpu, torch " in text
    told = found.markdown.read_text(encoding="utf-8")
    assert re.search(r"\| learning \| C01: .* \| cpu, torch .* \| 2 \| \d+ \|", told)


@pytest.mark.nightly
def test_a_killed_run_goes_on_from_its_record(tmp_path, tiny, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text(TINY + SCRIPT.format(folder=str(tmp_path), names=NAMES), encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(script)])
    while not list(tmp_path.glob("record-*-runs.jsonl")) or len(lines(tmp_path)) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    done, compute, again = len(lines(tmp_path)), runs.compute, []
    monkeypatch.setattr(runs, "compute", lambda *part: again.append(part) or compute(*part))
    found = report.reproduce(tmp_path, "paper", NAMES, seeds=3, workers=0)
    assert done >= 2 and len(again) == 6 - done
    whole = report.reproduce(tmp_path / "whole", "paper", NAMES, seeds=3, workers=0)
    assert found.claims.measured.tolist() == whole.claims.measured.tolist()


def test_a_run_that_fails_is_told_and_tried_again(tmp_path, tiny, monkeypatch):
    def broken(*part):
        raise ArithmeticError("no network today")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "compute", broken)
        with pytest.raises(RuntimeError, match="^1 of 2 jobs failed: C01: run learning: Arithm"):
            report.reproduce(tmp_path, "paper", ["C01", "C12"], seeds=1, workers=0)
    assert "no network today" in (tmp_path / "report.html").read_text(encoding="utf-8")
    found = report.reproduce(tmp_path, "paper", ["C01", "C12"], seeds=1, workers=0)
    assert found.claims.measured[0].startswith("1 networks")


@pytest.mark.nightly
def test_a_dask_worker_that_dies_costs_no_part(tmp_path, tiny):
    from distributed import Client, LocalCluster

    def kill():
        while not list(tmp_path.glob("record-*-runs.jsonl")) or not lines(tmp_path):
            time.sleep(0.01)
        os.kill(pids[0], signal.SIGKILL)

    with (
        warnings.catch_warnings(action="ignore"),  # of the cluster's own
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())
        killer = threading.Thread(target=kill)
        killer.start()
        found = report.reproduce(
            tmp_path, "paper", NAMES, seeds=4, device="auto", executor=client.get_executor()
        )
        killer.join()
        assert pids[0] not in client.run(os.getpid).values()
    assert len(lines(tmp_path)) == 4 + 3
    alone = report.reproduce(tmp_path / "alone", "paper", NAMES, seeds=4, workers=0)
    # threads of workers may differ from ours: sums to rounding
    assert found.claims.verdict.tolist() == alone.claims.verdict.tolist()
    assert found.claims.measured[0] == alone.claims.measured[0]


@pytest.mark.nightly
def test_the_paper_stands_beside_networks_and_theory(tmp_path):
    found = report.reproduce(tmp_path, only=["protocol"], workers=0)
    text = found.markdown.read_text(encoding="utf-8")
    row = r"\| 7 \| norm 1 \| 1:4 \| 3.89 \| \d\.\d\d \| .* kept, NVIDIA H200, CPU \|"
    assert re.search(row, text)
    assert "η of mean, theory" in text and "rms 1" in text
    assert "beyond 1.1 is at kappa" in text
