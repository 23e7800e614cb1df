"""A writer of TensorFlow's checkpoints, for tests alone."""

import json
from dataclasses import dataclass

import google_crc32c
import numpy as np

from microgpt.pretrained.tensorflow import sstable

HPARAMS = {"n_vocab": 11, "n_ctx": 6, "n_embd": 8, "n_head": 2, "n_layer": 2}


def number(value):
    """Seven bits a byte, low ones first."""
    content = b""
    while value > 127:
        content += bytes([value & 127 | 128])
        value >>= 7
    return content + bytes([value])


def masked(content):
    crc = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def block(entries, every=4):
    """Entries as a block: a key shares its beginning with the one before, but for every fourth."""
    content, restarts, last = b"", [], b""
    for index, (key, value) in enumerate(entries):
        pairs = enumerate(zip(last, key, strict=False))
        shared = next((i for i, (a, b) in pairs if a != b), min(len(last), len(key)))
        if index % every == 0:
            restarts.append(len(content))
            shared = 0
        content += number(shared) + number(len(key) - shared) + number(len(value))
        content += key[shared:] + value
        last = key
    restarts = restarts or [0]
    return content + b"".join(int.to_bytes(n, 4, "little") for n in (*restarts, len(restarts)))


def table(entries, blocks=2, compression=0, magic=sstable.SSTABLE_MAGIC, spoil=lambda part: part):
    """A sorted table of some entries, in a few blocks, each spoilt before its checksum is made."""
    content, index = b"", []

    def add(part):
        nonlocal content
        part = spoil(part)
        handle = number(len(content)) + number(len(part))
        part += bytes([compression])
        content += part + masked(part).to_bytes(4, "little")
        return handle

    entries = sorted(entries)
    size = -(-len(entries) // blocks) or 1
    for start in range(0, len(entries), size):
        some = entries[start : start + size]
        index.append((some[-1][0], add(block(some))))
    footer = add(block([])) + add(block(index))
    return content + footer.ljust(40, b"\0") + magic.to_bytes(8, "little")


def field(tag, value):
    """A field of a protobuf message."""
    if isinstance(value, bytes):
        return number(tag << 3 | 2) + number(len(value)) + value
    return number(tag << 3) + number(value)


@dataclass
class Tensor:
    """What an index says of one tensor."""

    shape: tuple
    offset: int
    size: int
    crc: int
    dtype: int = 1
    shard: int = 0
    more: bytes = b""

    def entry(self):
        shape = b"".join(field(2, field(1, length)) for length in self.shape)
        content = field(1, self.dtype) + field(2, shape)
        if self.shard:
            content += field(3, self.shard)
        content += field(4, self.offset) + field(5, self.size)
        return content + number(6 << 3 | 5) + self.crc.to_bytes(4, "little") + self.more


def label(name):
    *path, parameter = name.replace("h.", "h", 1).split(".")
    if path[0] in ("wte", "wpe"):
        return f"model/{path[0]}"
    weight = "g" if path[-1].startswith("ln") else "w"
    return "/".join(["model", *path, weight if parameter == "weight" else "b"])


def laid_out(model):
    """The model's tensors as TensorFlow keeps them, and their bytes one after the other."""
    tensors, content = {}, bytearray()
    for name, array in model.state_dict().items():
        if "c_" in name and array.ndim == 2:
            array = array.T[None]
        data = np.ascontiguousarray(array).tobytes()
        tensors[label(name)] = Tensor(array.shape, len(content), len(data), masked(data))
        content += data
    return tensors, bytes(content)


HEADER = field(1, 1) + field(3, field(1, 1))


def write(folder, model, change=None, header=HEADER, hparams=HPARAMS, **options):
    """A checkpoint of the model; `change` may alter what the index says before it is written."""
    folder.mkdir(exist_ok=True)
    tensors, data = laid_out(model)
    if change is not None:
        change(tensors)
    entries = [(name.encode(), tensor.entry()) for name, tensor in tensors.items()]
    (folder / "model.ckpt.index").write_bytes(table([(b"", header), *entries], **options))
    (folder / "model.ckpt.data-00000-of-00001").write_bytes(data)
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt"\n')
    if hparams is not None:
        (folder / "hparams.json").write_text(json.dumps(hparams))
    return folder
