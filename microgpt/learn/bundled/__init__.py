"""The exercises of the course, in the order of its notebooks."""

from microgpt.learn.bundled.dials import TEMPERATURE, TOP_K
from microgpt.learn.bundled.first_change import FIRST_CHANGE
from microgpt.learn.bundled.sampled import SAMPLE
from microgpt.learn.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = (FIRST_CHANGE, TEMPERATURE, TOP_K, SAMPLE)
