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
    """Return the tensors of a .safetensors file, or of all shards of an index.

    Of several names that share memory, such as those of a tied output head, `save_model` of the
    safetensors library stores one, and the metadata map the others to it; these are returned too.
    """
    slices, metadata = _read_shards(file) if file.suffix == ".json" else _read_file(file)
    shared = {label: slices[stored] for label, stored in metadata.items() if stored in slices}
    return shared | slices


def _read_file(file: Path) -> tuple[dict[str, TensorSlice], dict[str, str]]:
    """Return the tensors that one file stores, and its metadata."""
    header = read_header(file, MAX_HEADER_BYTES)
    slices = {
        label: TensorSlice(file, entry.start, entry.shape, entry.dtype)
        for label, entry in header.tensors.items()
    }
    return slices, header.metadata


def _read_shards(index: Path) -> tuple[dict[str, TensorSlice], dict[str, str]]:
    """Return the tensors of all shards, each where the index says, and the shards' metadata."""
    weight_map = read_json(index, MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(v, str) for v in weight_map.values()):
        raise FormatError(f"{index} must have a weight_map from each tensor to its file")
    slices: dict[str, TensorSlice] = {}
    metadata: dict[str, str] = {}
    for name in sorted(set(weight_map.values())):
        shard = index.parent / name
        if Path(name).name != name or not name.endswith(".safetensors") or len(name) > 200:
            raise FormatError(f"{index} must name .safetensors files beside it; got {name!r:.100}")
        if not shard.is_file():
            raise FormatError(f"{index} names {name}, which is not beside it; fetch that too")
        found_slices, found_metadata = _read_file(shard)
        metadata |= found_metadata
        for label, found in found_slices.items():
            if weight_map.get(label) != name:
                raise FormatError(
                    f"{shard} holds {label!r:.100}, which {index.name} says is in "
                    f"{weight_map.get(label)!r:.100}"
                )
            slices[label] = found
    missing = [label for label in weight_map if label not in slices]
    if missing:
        raise FormatError(f"{index} names {missing[0]!r:.100}, which is in none of its files")
    return slices, metadata
