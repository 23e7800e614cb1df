"""Models as other programs and people leave them, each one change away from an export.

The export is a GPT-2 with 300 tokens in Hugging Face's files. A `Foreign` changes it, and has the
model that must come out of it, or the sentence that refuses it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_files import MATRICES
from random_gpt2 import SMALL, random_model

import microgpt as mg
from microgpt.tokenizers.tokenizer_json import parse_tokenizer_json

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "tokenizer_json.json").read_text("utf-8")
)
CONFIG = replace(SMALL, vocab_size=300, block_size=12)
TEXT = "the cat sat on the mat, and the other cat sat on the hat\n" * 4
CODES = {"float32": "F32", "float16": "F16", "float64": "F64", "uint8": "U8", "int64": "I64"}
BF16 = np.dtype([("bfloat16", "<u2")])  # NumPy has no such type: the upper half of a float32


def tokenizer_300():
    return mg.tokenizers.train_bpe(TEXT + mg.load_corpus("story")[0][:3000], 300)


def halves(array):
    """A float32 array as bfloat16, cut off."""
    return (np.ascontiguousarray(array).view(np.uint32) >> 16).astype("<u2").view(BF16)


def widened(array):
    """A bfloat16 array as float32."""
    return (array.view("<u2").astype(np.uint32) << 16).view(np.float32)


def safetensors_bytes(tensors, metadata):
    header, parts, start = {"__metadata__": metadata} if metadata else {}, [], 0
    for name, array in sorted(tensors.items()):  # as the safetensors library does
        part = np.ascontiguousarray(array).tobytes()
        code = "BF16" if array.dtype == BF16 else CODES[str(array.dtype)]
        offsets = [start, start + len(part)]
        header[name] = {"dtype": code, "shape": array.shape, "data_offsets": offsets}
        parts.append(part)
        start += len(part)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


@dataclass
class Export:
    """An export in memory: tensors, config.json, tokenizer files; `path` is what is then loaded."""

    model: mg.GPT
    tokenizer: Any
    tensors: dict[str, np.ndarray]
    config: dict[str, Any] | None
    files: dict[str, Any]
    metadata: dict[str, str] = field(default_factory=dict)
    shards: int = 0
    folder: str = "."
    path: str = "."

    def write(self, root: Path) -> Path:
        folder = root / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        files = dict(self.files)
        if self.config is not None:
            files["config.json"] = self.config
        names = sorted(self.tensors)
        weight_map = {}
        for shard in range(self.shards):
            file = f"model-{shard + 1:05}-of-{self.shards:05}.safetensors"
            part = {name: self.tensors[name] for name in names[shard :: self.shards]}
            files[file] = safetensors_bytes(part, self.metadata)
            weight_map |= dict.fromkeys(part, file)
        if self.shards:
            files["model.safetensors.index.json"] = {"metadata": {}, "weight_map": weight_map}
        elif self.tensors:
            files["model.safetensors"] = safetensors_bytes(self.tensors, self.metadata)
        for name, content in files.items():
            if isinstance(content, dict):
                content = json.dumps(content, ensure_ascii=False)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return root / self.path


def export(**config_changes: Any) -> Export:
    config, tokenizer = replace(CONFIG, **config_changes), tokenizer_300()
    model = random_model(config)
    files = {
        "merges.txt": mg.tokenizers.format_merges(tokenizer),
        "vocab.json": mg.tokenizers.get_vocab(tokenizer),
    }
    sizes = {"vocab_size": 300, "n_positions": 12, "n_layer": 2, "n_head": 2, "n_embd": 8}
    return Export(model, tokenizer, named(model), {"model_type": "gpt2", **sizes}, files)


def is_matrix(name: str) -> bool:
    return name.endswith(tuple(f"{matrix}.weight" for matrix in MATRICES))


def named(model, prefix="transformer.", transpose=True, head=None):
    """The weights under GPT-2's names, matrices of blocks as (in, out) or (out, in)."""
    tensors = {
        prefix + name: array.T if transpose and is_matrix(name) else array
        for name, array in model.state_dict().items()
    }
    return tensors if head is None else tensors | {"lm_head.weight": head}


BOOK = {
    "wte": "tok_emb", "wpe": "pos_emb", "ln_f": "final_norm", "lm_head": "out_head",
    "attn.c_proj": "att.out_proj", "mlp.c_fc": "ff.layers.0", "mlp.c_proj": "ff.layers.2",
    "ln_1": "norm1", "ln_2": "norm2",
}  # fmt: skip


def as_book(export: Export) -> None:
    """The names of "Build a Large Language Model": nothing is fused, nothing transposed."""
    tensors = {}
    for name, array in export.model.state_dict().items():
        *path, parameter = name.split(".")
        prefix = f"trf_blocks.{path[1]}." if path[0] == "h" else ""
        module = ".".join(path[2:] if path[0] == "h" else path)
        if module == "attn.c_attn":
            for part, third in zip(("query", "key", "value"), np.split(array, 3), strict=True):
                tensors[f"{prefix}att.W_{part}.{parameter}"] = third
            tensors[f"{prefix}att.mask"] = np.triu(np.ones((12, 12), np.float32), 1)
            continue
        if module.startswith("ln_"):
            parameter = {"weight": "scale", "bias": "shift"}[parameter]
        tensors[f"{prefix}{BOOK[module]}.{parameter}"] = array
    export.tensors = tensors
    export.config = None


def renamed(rename: Callable[[str], str]) -> Callable[[Export], None]:
    def change(export: Export) -> None:
        export.tensors = {rename(name): array for name, array in export.tensors.items()}

    return change


def configured(**changes: Any) -> Callable[[Export], None]:
    def change(export: Export) -> None:
        export.config |= changes

    return change


def with_tensor(name: str, make: Callable[[Export], np.ndarray]) -> Callable[[Export], None]:
    def change(export: Export) -> None:
        export.tensors[name] = make(export)

    return change


def in_dtype(
    convert: Callable[[np.ndarray], np.ndarray], back: Callable[[np.ndarray], np.ndarray]
) -> Callable[[Export], None]:
    """Tensors in another float type; the model that must come out has the rounded numbers."""

    def change(export: Export) -> None:
        export.tensors = {name: convert(array) for name, array in export.tensors.items()}
        for parameter in export.model.parameters():
            parameter.data = back(convert(parameter.data))

    return change


def nanogpt(export: Export) -> None:
    export.tensors = named(export.model, transpose=False)
    export.config = None


def saved_by_save_model(export: Export) -> None:
    """The head and the table are one: the safetensors library writes the first name alone."""
    nanogpt(export)
    export.tensors["lm_head.weight"] = export.tensors.pop("transformer.wte.weight")
    export.metadata = {"transformer.wte.weight": "lm_head.weight", "format": "pt"}


def shards_by_save_model(export: Export) -> None:
    saved_by_save_model(export)
    export.shards = 2


def mixed_layouts(export: Export) -> None:
    name = "transformer.h.1.mlp.c_fc.weight"
    export.tensors[name] = export.tensors[name].T


def tokenizer_json(export: Export, as_texts: bool = False) -> None:
    content = json.loads(json.dumps(GOLDEN["tokenizer"]))
    merges = content["model"]["merges"]
    content["model"]["merges"] = [" ".join(pair) for pair in merges] if as_texts else merges
    export.files = {"tokenizer.json": content}
    export.tokenizer = parse_tokenizer_json(GOLDEN["tokenizer"], "golden")


def tokenizer_json_of_texts(export: Export) -> None:
    tokenizer_json(export, as_texts=True)


def in_tokenizer_json(**changes: Any) -> Callable[[Export], None]:
    def change(export: Export) -> None:
        tokenizer_json(export)
        export.files["tokenizer.json"] |= changes

    return change


def added_tokens(export: Export) -> None:
    """Of 300 tokens, the last is in a file of its own."""
    export.files["vocab.json"] = {
        name: token for name, token in export.files["vocab.json"].items() if token < 299
    }
    export.files["added_tokens.json"] = {"<|endoftext|>": 299}


def padded(export: Export) -> None:
    """Rows behind the vocabulary that would be drawn all the time."""
    name = "transformer.wte.weight"
    rows = 100 * np.sign(export.tensors[name].sum(0, keepdims=True)).repeat(20, 0)
    export.tensors[name] = np.concatenate([export.tensors[name], rows.astype(np.float32)])
    export.config["vocab_size"] = 320


def padded_untied(export: Export) -> None:
    padded(export)
    head = export.tensors["transformer.lm_head.weight"]
    export.tensors["transformer.lm_head.weight"] = np.concatenate([head, 9 * head[:20]])


def fewer_rows(export: Export) -> None:
    export.tensors["transformer.wte.weight"] = export.tensors["transformer.wte.weight"][:290]
    export.config["vocab_size"] = 290


def other_head(export: Export) -> np.ndarray:
    return export.model.lm_head.weight.numpy()


def half_head(export: Export) -> np.ndarray:
    return export.tensors["transformer.wte.weight"].astype(np.float16)


def cut_head(export: Export) -> np.ndarray:
    return halves(export.tensors["transformer.wte.weight"])


def sharded(export: Export) -> None:
    export.shards = 3


def cached_as(repository: str, ref: bool = True) -> Callable[[Export], None]:
    """The hub's cache folder, without merges.txt: the tokenizer is in tokenizer.json."""

    def change(export: Export) -> None:
        tokenizer_json(export)
        commit = "0123456789abcdef" * 2 + "01234567"
        export.path = f"models--{repository}"
        export.folder = f"{export.path}/snapshots/{commit}"
        if ref:
            export.files["../../refs/main"] = commit

    return change


def pickled(name: str, content: bytes) -> Callable[[Export], None]:
    def change(export: Export) -> None:
        export.tensors, export.files = {}, {name: content}

    return change


def in_place_of_weights(content: bytes) -> Callable[[Export], None]:
    def change(export: Export) -> None:
        export.tensors = {}
        export.files["model.safetensors"] = content

    return change


def book_config(export: Export) -> None:
    as_book(export)
    sizes = {"vocab_size": 300, "context_length": 12, "emb_dim": 8, "n_heads": 2, "n_layers": 2}
    export.config = {**sizes, "drop_rate": 0.25, "qkv_bias": True}


def nanogpt_args(export: Export) -> None:
    nanogpt(export)
    sizes = {"vocab_size": 300, "block_size": 12, "n_embd": 8, "n_head": 2, "n_layer": 2}
    export.config = {**sizes, "dropout": 0.25, "bias": True}


@dataclass(frozen=True)
class Foreign:
    """One change of an export, and what loading it gives: the model, or a refusal."""

    change: Callable[[Export], None]
    refused: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)

    def write(self, root: Path) -> tuple[Export, Path]:
        made = export(**self.config)
        self.change(made)
        return made, made.write(root)


TWO_HEADS = {"n_head": 2}
UNTIED = {"tie_weights": False}
SCORE = with_tensor("score.weight", lambda export: np.zeros((2, 8), np.float32))
WEIGHTS_ONLY = r"is a pickle.*nothing is unpickled here.*torch.load\(.*save_file\("

FOREIGN = {
    "as exported": Foreign(lambda export: None),
    "no prefix": Foreign(renamed(lambda name: name.removeprefix("transformer."))),
    "compiled": Foreign(renamed(lambda name: f"_orig_mod.{name}")),
    "data parallel": Foreign(renamed(lambda name: f"module.{name}")),
    "nested": Foreign(renamed(lambda name: f"model._orig_mod.module.{name}")),
    "compiled blocks": Foreign(renamed(lambda name: name.replace(".attn.", "._orig_mod.attn."))),
    "nanoGPT": Foreign(nanogpt, options=TWO_HEADS),
    "nanoGPT compiled, no biases": Foreign(
        lambda export: (nanogpt(export), renamed(lambda name: f"_orig_mod.{name}")(export))[0],
        options=TWO_HEADS,
        config={"bias": False},
    ),
    "nanoGPT with its arguments": Foreign(nanogpt_args),
    "nanoGPT by save_model": Foreign(saved_by_save_model, options=TWO_HEADS),
    "nanoGPT by save_model, shards": Foreign(shards_by_save_model, options=TWO_HEADS),
    "the book, qkv biases": Foreign(as_book, options=TWO_HEADS, config=UNTIED),
    "the book, no qkv biases": Foreign(
        as_book, options=TWO_HEADS, config=UNTIED | {"qkv_bias": False}
    ),
    "the book with its dictionary": Foreign(book_config, config=UNTIED),
    "tokenizer.json, pairs": Foreign(tokenizer_json),
    "tokenizer.json, texts": Foreign(tokenizer_json_of_texts),
    "added_tokens.json": Foreign(added_tokens),
    "padded vocabulary": Foreign(padded),
    "untied head": Foreign(lambda export: None, config=UNTIED),
    "head in float16": Foreign(with_tensor("lm_head.weight", half_head)),
    "head in bfloat16": Foreign(with_tensor("lm_head.weight", cut_head)),
    "padded vocabulary, untied head": Foreign(padded_untied, config=UNTIED),
    "extra head in float64, ignored": Foreign(
        with_tensor("score.weight", lambda export: np.zeros((2, 8))),
        options={"ignore_extra_heads": True},
    ),
    "extra head, ignored": Foreign(SCORE, options={"ignore_extra_heads": True}),
    "float16": Foreign(in_dtype(lambda a: a.astype(np.float16), lambda a: a.astype(np.float32))),
    "bfloat16": Foreign(in_dtype(halves, widened)),
    "three shards": Foreign(sharded),
    "hub cache, old name": Foreign(cached_as("gpt2")),
    "hub cache, new name": Foreign(cached_as("openai-community--gpt2")),
    "hub cache, no ref": Foreign(cached_as("gpt2", ref=False)),
    "extra head": Foreign(
        SCORE, r"holds score.weight beside its language model.*ignore_extra_heads=True"
    ),
    "nanoGPT, heads unknown": Foreign(nanogpt, "does not say how many heads.*give n_head"),
    "mixed layouts": Foreign(
        mixed_layouts, r"h.0.attn.c_attn.weight as \(in, out\) and .*h.1.mlp.c_fc.* \(out, in\)"
    ),
    "two prefixes": Foreign(
        with_tensor("_orig_mod.wte.weight", lambda e: e.tensors["transformer.wte.weight"]),
        "holds both _orig_mod.wte.weight and transformer.wte.weight",
    ),
    "book, keys missing": Foreign(
        lambda export: (as_book(export), export.tensors.pop("trf_blocks.1.att.W_key.weight"))[0],
        r"must hold queries, keys and values .*trf_blocks.1.att.W_query.weight",
        TWO_HEADS,
        UNTIED,
    ),
    "book, no head": Foreign(
        lambda export: (as_book(export), export.tensors.pop("out_head.weight"))[0],
        "out_head.weight is missing",
        TWO_HEADS,
        UNTIED,
    ),
    "adapters": Foreign(
        with_tensor("transformer.h.0.attn.lora_A.weight", lambda e: np.zeros((2, 8), np.float32)),
        "h.0.attn.lora_A.weight is not of this model",
        {"ignore_extra_heads": True},
    ),
    "head's bias": Foreign(
        with_tensor("lm_head.bias", lambda export: np.zeros(300, np.float32)),
        "lm_head.bias is not of this model",
        {"ignore_extra_heads": True},
    ),
    "another head, said to be tied": Foreign(
        configured(tie_word_embeddings=True), "lm_head.weight must equal .*set that", {}, UNTIED
    ),
    "float64": Foreign(
        with_tensor("transformer.ln_f.bias", lambda export: np.zeros(8)), "has dtype float64"
    ),
    "inverse layer scaling": Foreign(
        configured(scale_attn_by_inverse_layer_idx=True), "scale_attn_by_inverse_layer_idx must be"
    ),
    "exact GELU": Foreign(
        configured(activation_function="gelu"), "activation_function must be 'gelu_new'"
    ),
    "another architecture": Foreign(configured(model_type="llama"), "model_type must be 'gpt2'"),
    "word pieces": Foreign(
        in_tokenizer_json(model={"type": "WordPiece"}), "model.type must be 'BPE'.*'WordPiece'"
    ),
    "normalized texts": Foreign(
        in_tokenizer_json(normalizer={"type": "NFKC"}), "normalizer must be null.*'NFKC'"
    ),
    "too few rows": Foreign(fewer_rows, "merges.txt makes 300 tokens, but the model .* has 290"),
    "torch's zip": Foreign(pickled("ckpt.pt", b"PK\x03\x04" + bytes(50)), WEIGHTS_ONLY),
    "torch's pickle": Foreign(pickled("pytorch_model.bin", b"\x80\x02}q\x00."), WEIGHTS_ONLY),
    "Git-LFS pointer": Foreign(
        in_place_of_weights(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "model.safetensors is a pointer of Git LFS.*git lfs pull",
    ),
    "GGUF": Foreign(in_place_of_weights(b"GGUF" + bytes(40)), "is a model in GGUF format, not a"),
}  # fmt: skip
