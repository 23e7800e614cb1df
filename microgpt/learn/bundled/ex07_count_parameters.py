"""07.count_parameters: how many numbers a GPT has."""

from itertools import product

from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import integer

NORMS = ("rmsnorm", "layernorm")
MICROGPT = (1, 16, 16, 27, False, False, "rmsnorm")
GPT2 = (12, 768, 1024, 50257, True, True, "layernorm")
# The presets of GPTConfig beside these two.
PRESETS = (
    (4, 128, 64, 65, False, False, "rmsnorm"),
    (4, 128, 128, 65, True, True, "layernorm"),
    (4, 128, 256, 50257, True, True, "layernorm"),
    (24, 1024, 1024, 50257, True, True, "layernorm"),
    (36, 1280, 1024, 50257, True, True, "layernorm"),
    (48, 1600, 1024, 50257, True, True, "layernorm"),
)


def count_parameters(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
    of_norm = n_embd * (1 + bias) if norm == "layernorm" else 0
    of_layer = 12 * n_embd**2 + 2 * of_norm + 9 * n_embd * bool(bias)
    num_tables = 1 if tied else 2
    return n_layer * of_layer + of_norm + (num_tables * vocab_size + block_size) * n_embd


def _by_shapes(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
    C = n_embd
    norms = [] if norm == "rmsnorm" else [(C,), (C,)] if bias else [(C,)]
    layer = [*norms, *norms]
    for rows, columns in ((3 * C, C), (C, C), (4 * C, C), (C, 4 * C)):
        layer += [(rows, columns), (rows,)] if bias else [(rows, columns)]
    shapes = [(vocab_size, C), (block_size, C), *layer * n_layer, *norms]
    if not tied:
        shapes.append((vocab_size, C))
    total = 0
    for shape in shapes:
        size = 1
        for length in shape:
            size *= length
        total += size
    return total


def _in_steps(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
    total = vocab_size * n_embd + block_size * n_embd
    for _ in range(n_layer):
        total += 4 * n_embd * n_embd + 2 * n_embd * 4 * n_embd
        if bias:
            total += 3 * n_embd + n_embd + 4 * n_embd + n_embd
    if norm == "layernorm":
        total += (2 * n_layer + 1) * (2 * n_embd if bias else n_embd)
    if not tied:
        total += n_embd * vocab_size
    return total


def _by_parts(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
    a, b = (vocab_size + block_size) * n_embd, 4 * n_embd**2 + 8 * n_embd**2
    of_norm = (norm == "layernorm") * (n_embd + bias * n_embd)
    a, b = a + of_norm, b + 2 * of_norm + (bias and 9 * n_embd)
    return a + n_layer * b + (not tied) * vocab_size * n_embd


def _untied_adds_a_table(answer, n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
    sizes = (n_layer, n_embd, block_size, vocab_size)
    got = answer(*sizes, tied, bias, norm)
    expected = answer(*sizes, True, bias, norm) + vocab_size * n_embd
    return None if got == expected else Mismatch(got, expected)


def _untied(rng):
    return [MICROGPT, (*GPT2[:4], False, *GPT2[5:])]


def _more_layers(rng):
    """Yield the two models of the example and of GPT-2 with other numbers of layers."""
    for _, *others in (MICROGPT, GPT2):
        yield from ((n_layer, *others) for n_layer in (2, 3))


def _small(rng):
    """Yield every choice of tied, bias and norm, with small sizes."""
    for tied, bias, norm in product((True, False), (False, True), NORMS):
        n_layer, n_embd, block_size, vocab_size = (int(n) for n in rng.integers(2, 9, 4))
        yield n_layer, n_embd, 10 + block_size, 20 + vocab_size, tied, bias, norm


_texts = message_section("07.count_parameters")
_descriptions, _mistakes = _texts["properties"], _texts["mistakes"]


def _plus(extra):
    """Return a mistake that is `extra` off; it takes L, C, T, V, tied, bias and the norm's size."""

    def mistake(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
        right = count_parameters(n_layer, n_embd, block_size, vocab_size, tied, bias, norm)
        of_norm = n_embd * (1 + bias) if norm == "layernorm" else 0
        return right + int(extra(n_layer, n_embd, block_size, vocab_size, tied, bias, of_norm))

    return mistake


def _with_norm(size):
    """Return a mistake with another `size(norm, bias)` of each norm, in features."""

    def mistake(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
        right = count_parameters(n_layer, n_embd, block_size, vocab_size, tied, bias, "rmsnorm")
        return right + (2 * n_layer + 1) * n_embd * size(norm, bias)

    return mistake


# What learners count instead, by the key of its cause.
EXTRAS = {
    "head_although_tied": lambda L, C, T, V, tied, bias, N: V * C * tied,
    "head_never": lambda L, C, T, V, tied, bias, N: -V * C * (not tied),
    "tied_reversed": lambda L, C, T, V, tied, bias, N: V * C * (1 if tied else -1),
    "head_bias": lambda L, C, T, V, tied, bias, N: V * bias,
    "head_bias_untied": lambda L, C, T, V, tied, bias, N: V * bias * (not tied),
    "head_bias_always": lambda L, C, T, V, tied, bias, N: V * (not tied),
    "final_norm_forgotten": lambda L, C, T, V, tied, bias, N: -N,
    "norms_forgotten": lambda L, C, T, V, tied, bias, N: -(2 * L + 1) * N,
    "final_norm_alone": lambda L, C, T, V, tied, bias, N: -2 * L * N,
    "one_norm_a_layer": lambda L, C, T, V, tied, bias, N: -L * N,
    "one_norm_a_layer_alone": lambda L, C, T, V, tied, bias, N: -(L + 1) * N,
    "final_norm_in_each_layer": lambda L, C, T, V, tied, bias, N: (L - 1) * N,
    "biases_forgotten": lambda L, C, T, V, tied, bias, N: -9 * L * C * bias,
    "biases_always": lambda L, C, T, V, tied, bias, N: 9 * L * C * (not bias),
    "biases_of_attention": lambda L, C, T, V, tied, bias, N: -5 * L * C * bias,
    "biases_of_mlp": lambda L, C, T, V, tied, bias, N: -4 * L * C * bias,
    "one_bias_for_three": lambda L, C, T, V, tied, bias, N: -2 * L * C * bias,
    "one_size_of_bias": lambda L, C, T, V, tied, bias, N: -3 * L * C * bias,
    "output_bias_forgotten": lambda L, C, T, V, tied, bias, N: -L * C * bias,
    "biases_once": lambda L, C, T, V, tied, bias, N: -9 * (L - 1) * C * bias,
    "mlp_once": lambda L, C, T, V, tied, bias, N: -4 * L * C * C,
    "mlp_not_wider": lambda L, C, T, V, tied, bias, N: -6 * L * C * C,
    "mlp_forgotten": lambda L, C, T, V, tied, bias, N: -8 * L * C * C,
    "mlp_too_wide": lambda L, C, T, V, tied, bias, N: 8 * L * C * C,
    "output_matrix_forgotten": lambda L, C, T, V, tied, bias, N: -L * C * C,
    "one_matrix_for_three": lambda L, C, T, V, tied, bias, N: -2 * L * C * C,
    "attention_of_one_matrix": lambda L, C, T, V, tied, bias, N: -3 * L * C * C,
    "not_squared": lambda L, C, T, V, tied, bias, N: -12 * L * C * (C - 1),
    "positions_forgotten": lambda L, C, T, V, tied, bias, N: -T * C,
    "positions_squared": lambda L, C, T, V, tied, bias, N: T * T - T * C,
    "mask": lambda L, C, T, V, tied, bias, N: T * T,
    "mask_in_each_layer": lambda L, C, T, V, tied, bias, N: L * T * T,
    "token_table_forgotten": lambda L, C, T, V, tied, bias, N: -V * C,
    "both_tables_forgotten": lambda L, C, T, V, tied, bias, N: -(V + T) * C,
    "layers_alone": lambda L, C, T, V, tied, bias, N: -((V * (2 - tied) + T) * C + N),
    "tables_without_c": lambda L, C, T, V, tied, bias, N: (V + T) * (1 - C),
}


def _one_layer(n_layer, *others):
    return count_parameters(1, *others)


def _everything_in_each_layer(n_layer, *others):
    return n_layer * count_parameters(1, *others)


MISTAKES = {
    **{key: _plus(extra) for key, extra in EXTRAS.items()},
    "norm_of_c": _with_norm(lambda norm, bias: norm == "layernorm"),
    "norm_of_2c": _with_norm(lambda norm, bias: 2 * (norm == "layernorm")),
    "norm_by_bias": _with_norm(lambda norm, bias: bias * 2 * (norm == "layernorm")),
    "rms_of_c": _with_norm(lambda norm, bias: 1 + bias * (norm == "layernorm")),
    "rms_of_c_layer_of_2c": _with_norm(lambda norm, bias: 2 if norm == "layernorm" else 1),
    "norms_alike": _with_norm(lambda norm, bias: 1 + bias),
    "one_layer": _one_layer,
    "everything_in_each_layer": _everything_in_each_layer,
}

COUNT_PARAMETERS = Exercise(
    id="07.count_parameters",
    signature="count_parameters(n_layer, n_embd, block_size, vocab_size, tied, bias, norm) -> int",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(MICROGPT, 4192),
    difficulty=3,
    importance=3,
    minutes=7,
    prerequisites=("block",),
    hints=tuple(_texts["hints"]),
    solution=count_parameters,
    alternative_solutions=(_by_shapes, _in_steps, _by_parts),
    properties=(
        Property(_descriptions["gpt2"], lambda rng: [GPT2]),
        Property(_descriptions["presets"], lambda rng: PRESETS),
        Property(_descriptions["untied"], _untied, _untied_adds_a_table),
        Property(_descriptions["layers"], _more_layers),
        Property(_descriptions["small"], _small),
    ),
    common_mistakes=tuple(
        CommonMistake(key.replace("_", " "), mistake, _mistakes[key])
        for key, mistake in MISTAKES.items()
    ),
    tolerance=0.0,
    parse=integer,
)
