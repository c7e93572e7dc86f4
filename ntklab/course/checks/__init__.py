"""Instant checks of the student's answers: one module a lecture, one function an exercise.

    from ntklab.course.checks import eigenfunctions as checks
    checks.local_frequencies(local_frequencies)

A check asks the student's function several questions. It prints one line if all answers are
right, and raises `CheckFailed` with a hint otherwise, so that nbgrader's test cell counts it. It
tests properties that only the right answer has, or compares with an independent computation. Its
questions are drawn from `answers.generator()`, anew where a submission is marked; there the checks
are out of the student's sight (`ntklab.course.absent`). No hint holds what would be right. Usual
mistakes are told apart, each with a hint of its own.
"""
