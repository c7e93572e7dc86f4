"""Marking that worker processes of a cluster can import, for test_class: full marks, and slowly."""

import time
from pathlib import Path

from ntklab.course import exercises, grading


def mark(assignment, path, digest, master, work, **rest):
    """A row an exercise and a page, as `grading.mark` gives them, without running anything."""
    time.sleep(1)
    grading._page({"work": work, "assignment": assignment, "path": path, "digest": digest}) \
        .write_text("<p>here", encoding="utf-8")
    found = exercises.read_cached(Path(master))
    return [grading._row(exercise, float(exercise.marks), "✓") for exercise in found]
