"""Builds the course's notebooks from their sources; `course.rules` checks their prose and cells."""
