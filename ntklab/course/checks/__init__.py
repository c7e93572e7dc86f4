"""Instant checks of the student's answers: a module for each lecture, a function for each exercise.

    from ntklab.course.checks import eigenfunctions as checks
    checks.local_frequencies(local_frequencies)

A check calls the student's function with several arguments. It prints one line if all answers are
right; otherwise it raises `CheckFailed` with a hint, by which nbgrader counts the test cell as
failed. It tests properties that only the right answer has, or compares with an independent
computation. Arguments are drawn from `answers.generator()`, with another seed where a submission is
marked; there students cannot read the checks (`ntklab.course.hidden_checks`). A hint never contains
the right answer. Each usual mistake has a hint of its own.
"""
