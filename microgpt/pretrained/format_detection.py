"""`detect_format`: find the format of a model's file or folder from its content."""

from collections.abc import Callable, Collection
from pathlib import Path

from microgpt._io.file_signatures import SIGNATURE_BYTES, recognize
from microgpt.checkpoints.checkpoint import CHECKPOINT_KEY, TRAINER_STATE_KEY
from microgpt.checkpoints.safetensors_header import read_metadata
from microgpt.errors import FormatError
from microgpt.pretrained.huggingface.hub_cache import snapshot_folder
from microgpt.pretrained.llmc import model_file
from microgpt.pretrained.llmc.header import FILE_TYPES, MODEL_MAGIC
from microgpt.pretrained.state_dict import model_file as state_dict_file
from microgpt.pretrained.state_dict.tensor_files import INDEX_FILE, MODEL_FILE
from microgpt.pretrained.tensorflow import gpt2_checkpoint
from microgpt.pretrained.tensorflow.sstable import SSTABLE_MAGIC
from microgpt.pretrained.weight_source import WeightSource

# Takes the file, and the number of heads if the user gave one.
OpenModel = Callable[[Path, int | None], WeightSource]

# First bytes of files that PyTorch writes: a zip archive, or a pickle.
_PICKLE_MAGICS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PICKLE_PATTERNS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

MAX_LISTED = 6  # file names in an error

KNOWN_FORMATS = (
    "microgpt's own checkpoints, Hugging Face's safetensors, OpenAI's TensorFlow checkpoint and "
    "llm.c's model files"
)


def detect_format(path: Path) -> tuple[Path, OpenModel | None]:
    """Return the file to read first, and the function that opens it (None for our checkpoints)."""
    file = _find_in_folder(snapshot_folder(path)) if path.is_dir() else path
    if not file.is_file():
        raise FormatError(f"{file} is not a file; give a model's file or folder")
    with open(file, "rb") as stream:
        first = stream.read(SIGNATURE_BYTES)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8))
        last = stream.read(8)
    has_json_header = first[8:9] == b"{"  # after the length, which may look like another magic
    if not has_json_header and first.startswith(_PICKLE_MAGICS):
        raise _pickle_error(file)
    if not has_json_header and (found := recognize(first)):
        description, remedy = found
        raise FormatError(f"{file} is {description}, not a model that is read here", remedy)
    if _has_llmc_magic(first):
        return file, model_file.open_model
    if last == SSTABLE_MAGIC.to_bytes(8, "little") or file.suffix == gpt2_checkpoint.INDEX_SUFFIX:
        return file, gpt2_checkpoint.open_model
    if file.name.endswith(".index.json"):
        return file, state_dict_file.open_model
    if has_json_header or file.suffix == ".safetensors":
        is_own = bool({CHECKPOINT_KEY, TRAINER_STATE_KEY} & set(read_metadata(file)))
        return file, None if is_own else state_dict_file.open_model
    raise FormatError(f"{file} is of no known format: {KNOWN_FORMATS}")


def _find_in_folder(folder: Path) -> Path:
    files = [*_safetensors(folder), *_tensorflow(folder)]
    files += filter(_is_llmc_model, sorted(folder.glob("*.bin")))
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:MAX_LISTED])
        more = ", …" if len(files) > MAX_LISTED else ""
        raise FormatError(
            f"{folder} holds {len(files)} models, {names}{more}; give the path of one"
        )
    if files:
        return files[0]
    for pattern in _PICKLE_PATTERNS:
        for file in sorted(folder.glob(pattern)):
            if _is_llmc_file(file):  # a shard or debug state: opening it raises a clear error
                return file
            raise _pickle_error(file)
    raise FormatError(
        f"there is no checkpoint at {folder}, nor any other model; known: {KNOWN_FORMATS}"
    )


def _safetensors(folder: Path) -> list[Path]:
    """Return the files with the usual names, else the indexes, else all safetensors files.

    The usual names come first because our folders hold the trainer's state beside the model.
    """
    usual = [folder / name for name in (MODEL_FILE, INDEX_FILE)]
    for files in (
        [file for file in usual if file.is_file()],
        sorted(folder.glob("*.safetensors.index.json")),
        sorted(folder.glob("*.safetensors")),
    ):
        if files:
            return files
    return []


def _tensorflow(folder: Path) -> list[Path]:
    usual = folder / gpt2_checkpoint.INDEX_FILE
    return [usual] if usual.is_file() else sorted(folder.glob("*.index"))


def _is_llmc_model(file: Path) -> bool:
    return _is_llmc_file(file, (MODEL_MAGIC,))


def _is_llmc_file(file: Path, magics: Collection[int] = FILE_TYPES) -> bool:
    with open(file, "rb") as stream:
        return _has_llmc_magic(stream.read(4), magics)


def _has_llmc_magic(first: bytes, magics: Collection[int] = FILE_TYPES) -> bool:
    """Whether a file begins with one of llm.c's magic numbers, in either byte order."""
    values = [int.from_bytes(first[:4], byte_order) for byte_order in ("little", "big")]
    return len(first) >= 4 and any(value in magics for value in values)


def _pickle_error(file: Path) -> FormatError:
    return FormatError(
        f"{file} is a pickle, or may be one, and nothing is unpickled here, since a pickle can run "
        "any code; convert it to safetensors where PyTorch is, with `state = "
        f'torch.load("{file.name}", map_location="cpu", weights_only=True)` and '
        "`safetensors.torch.save_file({name: tensor.clone().contiguous() for name, tensor in "
        'state.get("model", state).items()}, "model.safetensors")`'
    )
