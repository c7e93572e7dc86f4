"""The report: claims and figures on record, pages that hold them, failures that are told."""

import re

import pandas as pd
import pytest

from ntklab import report
from ntklab.claims import CLAIMS

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


def broken(size):
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


@pytest.mark.parametrize("name", ["eigenfunctions_1_2_4", "local_frequency", "pair_splitting"])
def test_quick_figures(tmp_path, name):
    told = report.run_job(name, "quick", str(tmp_path))["told"]
    assert len(told) > 100
    assert len(pd.read_csv(tmp_path / f"{name}.csv")) > 30


def test_every_claim_of_the_lecture_is_in_the_ledger():
    assert sorted(CLAIMS) == [f"C{number:02d}" for number in range(1, 32)]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda folder: report.reproduce(folder, "tiny"), "size"),
        (lambda folder: report.reproduce(folder, only=["C99"]), "only"),
    ],
)
def test_bad_input_is_named(tmp_path, call, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        call(tmp_path)
