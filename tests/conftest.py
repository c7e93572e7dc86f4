"""Settings of all tests. How lectures become tests: tests/collector.py."""

import gc
import os
import signal

import pytest
from hypothesis import settings

# A busy machine may take long over one example. All else stays as Hypothesis has it, in CI too.
settings.register_profile("ntklab", parent=settings(), deadline=None)
settings.load_profile("ntklab")

# Tests of interrupts need them, also where pytest runs in the background, which ignores them.
signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # until all tests are collected: they are here to stay


def pytest_collection_finish():
    """The collector of garbage need not look through thousands of tests again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


# Fixtures that take long to make, or are made for tests that do: a browser, Binder's environment,
# pytest in a faulty course; and longer: JupyterLab, a batch of hostile submissions, nbgrader's
# course, the whole of the pages or of a report.
SLOW = {"browser", "image", "failures"}
NIGHTLY = {"lab", "graded", "api", "whole"}


def pytest_itemcollected(item):
    """`pytest` takes neither, `pytest -m slow` and `pytest -m nightly` one of them."""
    needed = set(getattr(item, "fixturenames", ()))
    if NIGHTLY & needed:
        item.add_marker(pytest.mark.nightly)
    elif SLOW & needed:
        item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def encodings_of_others_are_theirs():
    """Our own text is read with its encoding in this process; those below us warn in their own."""
    os.environ.pop("PYTHONWARNDEFAULTENCODING", None)
