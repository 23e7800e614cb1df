"""The tensors of a state dict under the file's own names: one safetensors file, or several."""

from pathlib import Path

from microgpt._io.json_io import read_json
from microgpt.checkpoints.safetensors_header import read_header
from microgpt.errors import FormatError
from microgpt.pretrained.tensor_slice import TensorSlice

MODEL_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
MAX_HEADER_BYTES = 8 << 20  # the largest GPT-2's header takes about 100 kB
MAX_INDEX_BYTES = 8 << 20


def read_tensors(file: Path) -> dict[str, TensorSlice]:
    """Return the tensors of a .safetensors file, or of all shards of an index."""
    return _read_shards(file) if file.suffix == ".json" else _read_file(file)


def _read_file(file: Path) -> dict[str, TensorSlice]:
    """Return the tensors of one file, also those that it only names as equal to another.

    `save_model` of the safetensors library writes one of several names that share memory, such as
    those of a tied output head; the metadata map the others to it.
    """
    header = read_header(file, MAX_HEADER_BYTES)
    slices = {
        label: TensorSlice(file, entry.start, entry.shape, entry.dtype)
        for label, entry in header.tensors.items()
    }
    shared = {
        label: slices[stored] for label, stored in header.metadata.items() if stored in slices
    }
    return shared | slices


def _read_shards(index: Path) -> dict[str, TensorSlice]:
    """Return the tensors of all shards; each must be in the shard that the index names."""
    weight_map = read_json(index, MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(v, str) for v in weight_map.values()):
        raise FormatError(f"{index} must have a weight_map from each tensor to its file")
    slices: dict[str, TensorSlice] = {}
    for name in sorted(set(weight_map.values())):
        shard = index.parent / name
        if Path(name).name != name or not name.endswith(".safetensors") or len(name) > 200:
            raise FormatError(f"{index} must name .safetensors files beside it; got {name!r:.100}")
        if not shard.is_file():
            raise FormatError(f"{index} names {name}, which is not beside it; fetch that too")
        for label, found in _read_file(shard).items():
            if weight_map.get(label) != name:
                raise FormatError(
                    f"{shard} holds {label!r:.100}, which {index.name} says is in "
                    f"{weight_map.get(label)!r:.100}"
                )
            slices[label] = found
    missing = [label for label in weight_map if label not in slices]
    if missing:
        raise FormatError(f"{index} names {missing[0]!r:.100}, which is in none of its files")
    return slices
