"""Grading the files of a class: submissions, a worker process for each, and the gradebook."""
