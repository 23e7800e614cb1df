"""The exercises of the course, in the order of its notebooks; each id names a module."""

from microgpt.learn.bundled.ex00_first_change import FIRST_CHANGE
from microgpt.learn.bundled.ex01_backward import BACKWARD
from microgpt.learn.bundled.ex01_mul import MUL
from microgpt.learn.bundled.ex01_tanh import TANH
from microgpt.learn.bundled.ex02_matmul_backward import MATMUL_BACKWARD
from microgpt.learn.bundled.ex02_unbroadcast import UNBROADCAST
from microgpt.learn.bundled.ex09_sample import SAMPLE
from microgpt.learn.bundled.ex09_temperature import TEMPERATURE
from microgpt.learn.bundled.ex09_top_k import TOP_K
from microgpt.learn.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = (
    FIRST_CHANGE,
    MUL,
    TANH,
    BACKWARD,
    MATMUL_BACKWARD,
    UNBROADCAST,
    TEMPERATURE,
    TOP_K,
    SAMPLE,
)
