"""`gpt2`: wherever its merges are, verified, downloaded once."""

import http.server
import shutil
import threading
from pathlib import Path

import pytest

import microgpt as mg
from microgpt import tokenizers
from microgpt._io import downloads
from microgpt.errors import DownloadError, FormatError
from microgpt.tokenizers import gpt2_vocab


def test_gpt2_loads_and_encodes(data):
    assert tokenizers.gpt2(data).encode("Every effort moves you") == [6109, 3626, 6100, 345]


def test_a_folder_that_may_not_be_looked_into_is_passed_over(data, monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_DATA", "x" * 5000)  # whoever asks for such a path gets an OSError
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "locked"))
    monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(data / "tiktoken-cache"))
    is_file = Path.is_file

    def refuses(path):
        if "locked" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuses)
    assert tokenizers.gpt2().vocab_size == 50257
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    (tmp_path / "data").mkdir()
    published = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    kept = shutil.copy(published, tmp_path / "data" / gpt2_vocab.VOCAB_BPE.file_name)
    assert downloads.fetch(gpt2_vocab.VOCAB_BPE) == kept


@pytest.fixture
def nowhere(cache, tmp_path, monkeypatch):
    """A machine without the list, and without a network."""
    import tempfile

    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    source = gpt2_vocab.VOCAB_BPE
    offline = type(source)(
        source.file_name, "http://127.0.0.1:9/vocab.bpe", source.sha256, ("TRAIN",)
    )
    monkeypatch.setattr(gpt2_vocab, "VOCAB_BPE", offline)
    return tmp_path


def test_a_file_of_the_right_name_and_size_is_not_enough(nowhere, data, monkeypatch):
    published = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    other = published.read_bytes().replace(b"\nr e\n", b"\nr f\n")
    assert len(other) == gpt2_vocab.FILE_BYTES
    monkeypatch.setenv("MICROGPT_DATA", str(nowhere))
    (nowhere / "vocab.bpe").write_bytes(other)
    with pytest.raises(FormatError, match=r"vocab\.bpe is not the published file"):
        tokenizers.gpt2()
    cached = nowhere / "tiktoken"
    cached.mkdir()
    shutil.copy(published, cached / gpt2_vocab.TIKTOKEN_CACHE_NAME)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(cached))
    assert tokenizers.gpt2().vocab_size == 50257  # the next candidate


def test_nothing_found_and_no_network(nowhere):
    with pytest.raises(DownloadError, match=r"no connection.*TRAIN.*MICROGPT_DATA"):
        tokenizers.gpt2()


PLACES = {
    "MICROGPT_DATA": ["vocab.bpe", "merges.txt", "SHA", "tiktoken-cache/SHA"],
    "TIKTOKEN_CACHE_DIR": ["SHA"],
    "DATA_GYM_CACHE_DIR": ["SHA"],
    "": ["temporary/data-gym-cache/SHA", "cache/data/vocab.bpe"],
}


@pytest.mark.parametrize(
    ("variable", "name"), [(variable, name) for variable in PLACES for name in PLACES[variable]]
)
def test_it_is_found(nowhere, data, monkeypatch, variable, name):
    file = nowhere / name.replace("SHA", gpt2_vocab.TIKTOKEN_CACHE_NAME)
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME, file)
    if variable:
        monkeypatch.setenv(variable, str(nowhere))
    assert mg.load_corpus("story").tokenizer("gpt2").vocab_size == 50257


def test_a_given_file_or_folder(nowhere, data):
    found = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    for path in (str(found), found.parent, data):
        assert tokenizers.gpt2(path).vocab_size == 50257
    (nowhere / "windows.txt").write_bytes(found.read_bytes().replace(b"\n", b"\r\n").strip())
    assert tokenizers.gpt2(nowhere / "windows.txt").vocab_size == 50257
    with pytest.raises(FormatError, match="holds none of GPT-2's files; expected one of vocab"):
        tokenizers.gpt2(nowhere)
    with pytest.raises(FormatError, match="there is no file"):
        tokenizers.gpt2(nowhere / "absent")


def test_another_list_is_refused_or_passed_over_and_never_changed(nowhere, data, monkeypatch):
    wrong = (data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME).read_bytes()
    wrong = wrong.replace(b"h e\n", b"h a\n", 1)
    file = nowhere / gpt2_vocab.TIKTOKEN_CACHE_NAME
    file.write_bytes(wrong)
    with pytest.raises(FormatError, match=r"not GPT-2's list of merges: .*read_merges"):
        tokenizers.gpt2(file)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(nowhere))
    with pytest.raises(DownloadError):
        tokenizers.gpt2()
    file.rename(nowhere / "vocab.bpe")
    monkeypatch.setenv("MICROGPT_DATA", str(nowhere))
    with pytest.raises(FormatError, match=r"vocab\.bpe is not the published file"):
        tokenizers.gpt2()
    assert (nowhere / "vocab.bpe").read_bytes() == wrong


def test_it_is_fetched_once(nowhere, data, monkeypatch):
    content = (data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME).read_bytes()
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = gpt2_vocab.VOCAB_BPE
        url = f"http://127.0.0.1:{server.server_port}/vocab.bpe"
        monkeypatch.setattr(
            gpt2_vocab, "VOCAB_BPE", type(source)("vocab.bpe", url, source.sha256, ())
        )
        assert tokenizers.gpt2().vocab_size == 50257
        assert tokenizers.gpt2().vocab_size == 50257
        server.shutdown()
    assert asked == ["/vocab.bpe"]
    assert (nowhere / "cache" / "data" / "vocab.bpe").read_bytes() == content


def test_a_local_copy_is_found_without_a_download(nowhere, data, monkeypatch):
    assert gpt2_vocab.find_gpt2() is None
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    found = gpt2_vocab.find_gpt2()
    assert found == data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
