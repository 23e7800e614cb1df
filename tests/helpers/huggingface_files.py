"""Hugging Face's files of small GPT-2s with random weights, written by its own library."""

import json

import numpy as np
from hypothesis import strategies as st
from safetensors.numpy import save_file

import microgpt as mg

MATRICES = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")


def theirs(model, prefix="transformer."):
    """The weights under Hugging Face's names, matrices of blocks as (in, out)."""
    return {
        prefix + name: np.ascontiguousarray(array.T)
        if name.endswith(tuple(f"{matrix}.weight" for matrix in MATRICES))
        else array
        for name, array in model.state_dict().items()
    }


def config_json(**changes):
    return {"vocab_size": 11, "n_positions": 6, "n_layer": 2, "n_head": 2, "n_embd": 8} | changes


def folder_with(tmp_path, tensors, config=None):
    """A folder that the library of safetensors wrote."""
    folder = tmp_path / "model"
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def rewritten(path, change):
    """The file with its header's JSON changed, its length put right."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def byte_pairs():
    return mg.tokenizers.train_bpe("the cat sat on the mat, the cat sat still\n" * 3, 270)
