"""The scripts that try other processors and other environments: what they refuse, what they set."""

import extras
import processors
import pytest


def test_every_extra_has_a_promise():
    assert extras.PROMISES.keys() == set(extras.EXTRAS)


def test_what_is_not_known_or_not_there_is_named(capsys, tmp_path):
    for main, words, told in [
        (extras.main, ["sites"], "extra: must be all, core, class, certify, cluster, site,"),
        (extras.main, ["core", "--torch", str(tmp_path)], "--torch: must be an environment, got"),
        (processors.main, ["Pentium"], "flavour: must be all, extremes, Prescott, Haswell,"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            main(words)
        assert told in capsys.readouterr().err


def test_a_processor_that_this_one_cannot_play_is_refused(monkeypatch):
    monkeypatch.setattr(processors.umath, "__cpu_features__", {"SSE3": True, "AVX2": True})
    assert processors.chosen(["all"]) == ["Prescott", "Haswell", "Zen"]
    with pytest.raises(ValueError, match="^flavour: SkylakeX needs AVX512F, which this processor"):
        processors.chosen(["SkylakeX"])


def test_numpy_gives_up_what_an_older_processor_has_not(monkeypatch):
    there = dict.fromkeys(["SSE3", "X86_V3", "X86_V4", "AVX512_ICL"], True)
    monkeypatch.setattr(processors.umath, "__cpu_features__", there | {"AVX512_SPR": False})
    every = ["X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR"]
    monkeypatch.setattr(processors.umath, "__cpu_dispatch__", every)
    off = {
        name: one.variables(2).get("NPY_DISABLE_CPU_FEATURES", "")
        for name, one in processors.FLAVOURS.items()
    }
    assert off["Prescott"] == "X86_V3 X86_V4 AVX512_ICL"
    assert off["Haswell"] == off["Zen"] == "X86_V4 AVX512_ICL"
    assert off["SapphireRapids"] == ""
    assert processors.FLAVOURS["Zen"].variables(2)["OMP_NUM_THREADS"] == "2"


@pytest.mark.parametrize("by_itself", [True, False])
def test_extremes_take_every_lecture_at_both_ends(monkeypatch, by_itself):
    runs = []
    monkeypatch.setattr(processors, "passes", lambda *run: runs.append(run) or True)
    monkeypatch.setattr(processors, "told", lambda variables: by_itself or str(variables))
    monkeypatch.setattr(processors.umath, "__cpu_features__", {"SSE3": True, "AVX2": True})
    assert processors.main(["extremes", "-n", "2"]) == 0
    assert all(tests[:2] == ["-n", "2"] for _, _, tests in runs)
    taken = sorted((name, lecture) for name, _, tests in runs for lecture in tests[2:])
    ends = ["Prescott"] if by_itself else ["Prescott", "Zen"]
    assert taken == [(name, str(lecture)) for name in ends for lecture in processors.LECTURES]
