"""Grading files of a class: submissions, a process for each, and the gradebook."""
