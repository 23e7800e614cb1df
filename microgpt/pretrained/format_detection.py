"""What a file or folder holds, told by its content: whose weights, and the file to begin with."""

from collections.abc import Callable, Collection
from pathlib import Path

from microgpt.checkpoints.checkpoint import KEY, STATE_KEY
from microgpt.errors import FormatError
from microgpt.pretrained.huggingface import safetensors_file, weights
from microgpt.pretrained.llmc import model_file
from microgpt.pretrained.llmc.header import KINDS, MODEL_MAGIC
from microgpt.pretrained.tensorflow import gpt2_checkpoint
from microgpt.pretrained.tensorflow.sstable import MAGIC
from microgpt.pretrained.weight_source import WeightSource

Opener = Callable[[Path, int | None], WeightSource]

# First bytes of files that PyTorch writes: a zip archive, or a pickle.
_PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

MOST_LISTED = 6  # models of a folder

KNOWN = (
    "microgpt's own checkpoints, Hugging Face's safetensors, OpenAI's TensorFlow checkpoint and "
    "llm.c's model files"
)


def detect_format(path: Path) -> tuple[Path, Opener | None]:
    """The file to read, and who reads it; nobody (None) for a checkpoint of our own."""
    file = _in_folder(path) if path.is_dir() else path
    if not file.is_file():
        raise FormatError(f"{file} is not a file; give a model's file or folder")
    with open(file, "rb") as stream:
        first = stream.read(16)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8))
        last = stream.read(8)
    if _is_llmc(first):
        return file, lambda file, _: model_file.open_model(file)
    if last == MAGIC.to_bytes(8, "little") or file.suffix == gpt2_checkpoint.SUFFIX:
        return file, gpt2_checkpoint.open_model
    if file.name.endswith(".index.json"):
        return file, weights.open_model
    if file.suffix == ".safetensors" or first[8:9] == b"{":
        is_own = bool({KEY, STATE_KEY} & set(safetensors_file.metadata(file)))
        return file, None if is_own else weights.open_model
    if first.startswith(_PICKLED):
        raise _pickled(file)
    raise FormatError(f"{file} is of no kind that is known: {KNOWN}")


def _in_folder(folder: Path) -> Path:
    found = [*_safetensors(folder), *_tensorflow(folder)]
    found += filter(_is_llmc_model, sorted(folder.glob("*.bin")))
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:MOST_LISTED])
        more = ", …" if len(found) > MOST_LISTED else ""
        raise FormatError(
            f"{folder} holds {len(found)} models, {names}{more}; give the path of one"
        )
    if found:
        return found[0]
    for pattern in _PICKLES:
        for file in sorted(folder.glob(pattern)):
            if _is_llmc_file(file):  # a shard, a state: whose reader says what it is
                return file
            raise _pickled(file)
    raise FormatError(f"there is no checkpoint at {folder}, nor any other model; known: {KNOWN}")


def _safetensors(folder: Path) -> list[Path]:
    """The usual names, or else any file; a training of ours has its state beside its model."""
    usual = [folder / name for name in (weights.FILE, weights.INDEX)]
    for files in (
        [file for file in usual if file.is_file()],
        sorted(folder.glob("*.safetensors.index.json")),
        sorted(folder.glob("*.safetensors")),
    ):
        if files:
            return files
    return []


def _tensorflow(folder: Path) -> list[Path]:
    usual = folder / gpt2_checkpoint.FILE
    return [usual] if usual.is_file() else sorted(folder.glob("*.index"))


def _is_llmc_model(file: Path) -> bool:
    return _is_llmc_file(file, (MODEL_MAGIC,))


def _is_llmc_file(file: Path, kinds: Collection[int] = KINDS) -> bool:
    with open(file, "rb") as stream:
        return _is_llmc(stream.read(4), kinds)


def _is_llmc(first: bytes, kinds: Collection[int] = KINDS) -> bool:
    """Whether it is one of llm.c's files, in either byte order."""
    numbers = [int.from_bytes(first[:4], order) for order in ("little", "big")]
    return len(first) >= 4 and any(number in kinds for number in numbers)


def _pickled(file: Path) -> FormatError:
    return FormatError(
        f"{file} is a pickle, or may be one, and nothing is unpickled here, since a pickle can run "
        "any code; convert it to safetensors, for example with save_pretrained of transformers"
    )
