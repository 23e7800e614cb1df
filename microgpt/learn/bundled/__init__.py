"""The exercises of the course, in the order of its notebooks; each id names a module."""

from microgpt.learn.bundled.ex00_first_change import FIRST_CHANGE
from microgpt.learn.bundled.ex01_backward import BACKWARD
from microgpt.learn.bundled.ex01_mul import MUL
from microgpt.learn.bundled.ex01_tanh import TANH
from microgpt.learn.bundled.ex02_matmul_backward import MATMUL_BACKWARD
from microgpt.learn.bundled.ex02_unbroadcast import UNBROADCAST
from microgpt.learn.bundled.ex03_cross_entropy import CROSS_ENTROPY
from microgpt.learn.bundled.ex03_cross_entropy_backward import CROSS_ENTROPY_BACKWARD
from microgpt.learn.bundled.ex03_softmax import SOFTMAX
from microgpt.learn.bundled.ex03_surprise import SURPRISE
from microgpt.learn.bundled.ex04_encode import ENCODE
from microgpt.learn.bundled.ex04_merge import MERGE
from microgpt.learn.bundled.ex05_embedding import EMBEDDING
from microgpt.learn.bundled.ex05_embedding_backward import EMBEDDING_BACKWARD
from microgpt.learn.bundled.ex06_attention_head import ATTENTION_HEAD
from microgpt.learn.bundled.ex06_many_heads import MANY_HEADS
from microgpt.learn.bundled.ex07_count_parameters import COUNT_PARAMETERS
from microgpt.learn.bundled.ex07_layer_norm import LAYER_NORM
from microgpt.learn.bundled.ex07_rms_norm import RMS_NORM
from microgpt.learn.bundled.ex08_adamw_step import ADAMW_STEP
from microgpt.learn.bundled.ex08_clip_grad_norm import CLIP_GRAD_NORM
from microgpt.learn.bundled.ex09_sample import SAMPLE
from microgpt.learn.bundled.ex09_temperature import TEMPERATURE
from microgpt.learn.bundled.ex09_top_k import TOP_K
from microgpt.learn.bundled.ex14_add import ADD
from microgpt.learn.bundled.ex14_block_sum import BLOCK_SUM
from microgpt.learn.bundled.ex14_guarded_map import GUARDED_MAP
from microgpt.learn.bundled.ex14_row_softmax import ROW_SOFTMAX
from microgpt.learn.bundled.ex14_tiled_matmul import TILED_MATMUL
from microgpt.learn.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = (
    FIRST_CHANGE,
    MUL,
    TANH,
    BACKWARD,
    MATMUL_BACKWARD,
    UNBROADCAST,
    SURPRISE,
    SOFTMAX,
    CROSS_ENTROPY,
    CROSS_ENTROPY_BACKWARD,
    MERGE,
    ENCODE,
    EMBEDDING,
    EMBEDDING_BACKWARD,
    ATTENTION_HEAD,
    MANY_HEADS,
    RMS_NORM,
    LAYER_NORM,
    COUNT_PARAMETERS,
    ADAMW_STEP,
    CLIP_GRAD_NORM,
    TEMPERATURE,
    TOP_K,
    SAMPLE,
    ADD,
    GUARDED_MAP,
    BLOCK_SUM,
    TILED_MATMUL,
    ROW_SOFTMAX,
)
