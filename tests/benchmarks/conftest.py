"""Ratios to what a user would pick instead, measured in one run, alternately; see README."""

import time

import numpy as np
import pytest

TABLE = pytest.StashKey[list]()
REPORT = "benchmarks: what a user would pick instead, in multiples of ntklab's seconds"


def pytest_configure(config):
    config.stash[TABLE] = []
    config.option.dist = "no"  # of the ordinary tests; pytest-benchmark times nothing beside it


@pytest.fixture
def against(benchmark, request):
    """against(ours, peer, goal): time both alternately; the median ratio must reach the goal."""

    def compare(ours, peer, goal, *, rounds=5, name=None):
        peers = []

        def setup():
            start = time.perf_counter()
            peer()
            peers.append(time.perf_counter() - start)

        ours()
        benchmark.pedantic(ours, setup=setup, rounds=rounds)
        ratios = np.array(peers) / benchmark.stats.stats.data
        least, median, most = np.quantile(ratios, [0, 0.5, 1])
        benchmark.extra_info.update(goal=goal, least=least, median=median, most=most)
        seconds = np.median(benchmark.stats.stats.data), np.median(peers)
        request.config.stash[TABLE].append(
            f"{name or request.node.name.removeprefix('test_'):54s}"
            f"{seconds[0]:10.4f}{seconds[1]:10.4f}{least:9.1f}{median:9.1f}{most:9.1f}"
            f"   >= {goal:g}"
        )
        assert median >= goal

    return compare


@pytest.fixture
def report(request):
    """report(name, text): a line below the table."""
    return lambda name, text: request.config.stash[TABLE].append(f"{name:54s}{text}")


def pytest_terminal_summary(terminalreporter, config):
    if not config.stash[TABLE]:
        return
    terminalreporter.section(REPORT)
    terminalreporter.write_line(
        f"{'':54s}{'ours s':>10s}{'peer s':>10s}{'min':>9s}{'median':>9s}{'max':>9s}   goal"
    )
    for line in config.stash[TABLE]:
        terminalreporter.write_line(line)
