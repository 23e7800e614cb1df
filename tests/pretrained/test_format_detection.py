"""Formats are told by content; folders with several models, or none."""

import numpy as np
import pytest
from random_gpt2 import load, random_model, require_equal

import microgpt as mg
from microgpt.data import write_shard
from microgpt.errors import FormatError

FOREIGN = {
    "empty": (b"", "is of no known format"),
    "text": (b"A model, or is it?\n", "is of no known format"),
    "zip": (b"PK\x03\x04" + bytes(100), "nothing is unpickled here"),
    "pickle": (b"\x80\x02}q\x00.", "convert it to safetensors"),
    "llm.c's shard": ((20240520).to_bytes(4, "little") + bytes(1020), "is a token shard"),
    "other byte order": ((20240326).to_bytes(4, "big") + bytes(1020), "big-endian"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_the_content_says_what_a_file_is(tmp_path, kind):
    content, message = FOREIGN[kind]
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    with pytest.raises(mg.FormatError, match=message) as refused:
        mg.load_pretrained(path)
    assert str(path) in str(refused.value)


def test_a_folder_of_pickles_is_refused(tmp_path):
    with pytest.raises(mg.FormatError, match="there is no checkpoint at"):
        mg.load_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(mg.FormatError, match=r"pytorch_model.bin is a pickle, or may be one"):
        mg.load_pretrained(tmp_path)


@pytest.mark.parametrize("magic", [b"\x80\x02", b"\x80\x04", b"\x1f\x8b\x08"])
def test_the_length_of_a_header_may_look_like_a_pickle(tmp_path, magic):
    folder = mg.save_pretrained(tmp_path, random_model())
    file = folder / "model.safetensors"
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    wanted = int.from_bytes(magic, "little")
    while wanted < length:
        wanted += 1 << (8 * len(magic))
    header = content[8 : 8 + length].ljust(wanted)
    file.write_bytes(wanted.to_bytes(8, "little") + header + content[8 + length :])
    require_equal(random_model(), load(file))


def test_names_of_files_do_not_matter(tmp_path):
    config = mg.GPTConfig.preset(
        "gpt2-124M", vocab_size=11, block_size=6, n_layer=1, n_head=1, n_embd=64
    )
    model = mg.GPT(config, seed=3, backend="numpy")
    folder = mg.save_pretrained(tmp_path / "hf", model)
    file = mg.save_pretrained(tmp_path / "c", model, format="llmc")
    for name, source in (("a", folder / "model.safetensors"), ("b", file)):
        (tmp_path / name).write_bytes(source.read_bytes())
        loaded = mg.load_pretrained(tmp_path / name, backend="numpy").model
        for parameter, array in model.state_dict().items():
            np.testing.assert_array_equal(loaded.state_dict()[parameter], array)
    (tmp_path / "c" / "other.bin").write_bytes(file.read_bytes())
    with pytest.raises(mg.FormatError, match=r"holds 2 models, model.bin, other.bin; give"):
        mg.load_pretrained(tmp_path / "c")


def test_a_folder_of_token_shards_is_no_model(tmp_path):
    write_shard(tmp_path / "train.bin", [1, 2, 3])
    with pytest.raises(mg.FormatError, match="token shard"):
        mg.load_pretrained(tmp_path)


def test_two_programs_models_in_one_folder_are_refused(tmp_path):
    mg.save_pretrained(tmp_path, random_model())
    file = mg.save_pretrained(tmp_path, random_model(seed=4), format="llmc")
    with pytest.raises(FormatError, match=r"2 models, model.safetensors, model.bin; give the path"):
        load(tmp_path)
    require_equal(random_model(seed=4), load(file))
    file.unlink()
    (tmp_path / "model.ckpt.index").touch()
    with pytest.raises(FormatError, match=r"holds 2 models, model.safetensors, model.ckpt.index;"):
        load(tmp_path)
