"""The exercises of the course, in the order of its notebooks."""

from microgpt.learn.collection.dials import TEMPERATURE, TOP_K
from microgpt.learn.collection.first_change import FIRST_CHANGE
from microgpt.learn.collection.sampled import SAMPLE
from microgpt.learn.parts import Exercise

EXERCISES: tuple[Exercise, ...] = (FIRST_CHANGE, TEMPERATURE, TOP_K, SAMPLE)
