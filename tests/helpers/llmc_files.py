"""llm.c's files, written here by hand, tensor after tensor, as its own Python script does."""

import numpy as np

import microgpt as mg

SMALL = mg.GPTConfig.preset("gpt2-124M", vocab_size=7, block_size=5, n_layer=2, n_head=2, n_embd=4)
PER_LAYER = (
    *("ln_1.weight", "ln_1.bias", "attn.c_attn.weight", "attn.c_attn.bias"),
    *("attn.c_proj.weight", "attn.c_proj.bias", "ln_2.weight", "ln_2.bias"),
    *("mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias"),
)


def small_model(seed=0, config=SMALL):
    """A model whose every number is drawn, biases and norms too."""
    model, rng = mg.GPT(config, backend="numpy"), np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.array[...] = rng.normal(0, 0.5, parameter.shape)
    return model


def header(*numbers):
    return np.array([*numbers, *[0] * (256 - len(numbers))], "<i4").tobytes()


def body(arrays, layers, rows, dtype):
    """The tensors in llm.c's order, `wte` filled up with zeros to `rows` rows."""
    wte = arrays["wte.weight"]
    zeros = np.zeros((rows - len(wte), wte.shape[1]), np.float32)
    names = [f"h.{layer}.{name}" for name in PER_LAYER for layer in range(layers)]
    rest = ["wpe.weight", *names, "ln_f.weight", "ln_f.bias"]
    tensors = [wte, zeros, *(arrays[name] for name in rest)]
    content = [np.asarray(array, "<f4").tobytes() for array in tensors]
    if dtype == "bfloat16":  # for numbers that bfloat16 holds exactly
        content = [np.frombuffer(part, "<u2")[1::2].tobytes() for part in content]
    return b"".join(content)


def model_file(model, version, rows=None):
    """The bytes of a model file."""
    c = model.config
    rows = {1: c.vocab_size}.get(version, 128) if rows is None else rows
    sizes = (c.block_size, c.vocab_size, c.n_layer, c.n_head, c.n_embd)
    dtype = "bfloat16" if version == 5 else "float32"
    extra = (rows,) if version > 1 else ()
    arrays = {name: weight.array for name, weight in model.named_parameters()}
    return header(20240326, version, *sizes, *extra) + body(arrays, c.n_layer, rows, dtype)


def state_file(model, version, tokens, targets):
    """The bytes of a debug state, with logits, loss and gradients of a model in float64."""
    exact = mg.GPT(model.config, dtype="float64", backend="numpy")
    exact.load_state_dict(model.state_dict())
    logits, loss = exact(tokens).numpy(), exact.loss(tokens, targets)
    loss.backward()
    gradients = {name: weight.grad_buffer() for name, weight in exact.named_parameters()}
    rows = model.config.vocab_size if version == 1 else 128
    return b"".join(
        [
            header(20240327, version, *np.shape(tokens)),
            np.array([tokens, targets], "<i4").tobytes(),
            logits.astype("<f4").tobytes(),
            np.array(loss.item(), "<f4").tobytes(),
            body(gradients, model.config.n_layer, rows, "float32"),
        ]
    )
