"""Settings of all tests. How lectures become tests: ntklab/course/collector.py."""

from hypothesis import settings

# A busy machine may take long over one example. All else stays as Hypothesis has it, in CI too.
settings.register_profile("ntklab", parent=settings(), deadline=None)
settings.load_profile("ntklab")
