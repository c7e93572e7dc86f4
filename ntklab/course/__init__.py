"""Building, checking and grading the course: exercises from solutions, goldens of lectures."""
