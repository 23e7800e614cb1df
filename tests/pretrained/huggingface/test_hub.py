"""The hub, played by a server on this machine."""

import hashlib
import json
import shutil
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_files import byte_pairs
from random_gpt2 import SMALL, load, random_model, require_equal

import microgpt as mg
from microgpt.errors import DownloadError
from microgpt.pretrained.huggingface import hub


class Hub(BaseHTTPRequestHandler):
    """What the library asks of the hub: what a file is (HEAD), and its bytes from a place on."""

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        server = self.server
        server.asked.append((self.command, self.path, self.headers.get("Range")))
        prefix, _, file = self.path.rpartition("/")
        path = server.folder / file
        if not prefix.startswith("/openai-community/gpt2/resolve/") or not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", "1" * 40)
        self.send_header("ETag", f'"{server.etags.get(file) or sha256(content)}"')
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", span)
        self.end_headers()
        if with_body:
            cut = server.cuts.pop(file, None)
            self.wfile.write(content[start:cut])
            self.close_connection = cut is not None

    def log_message(self, *_):
        pass


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A hub on this machine with a small `gpt2`, and an empty cache for the library."""
    from huggingface_hub import constants

    tokenizer = byte_pairs()
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    found = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    found.folder = mg.save_pretrained(tmp_path / "published", model, tokenizer)
    (found.folder / "vocab.json").unlink()  # ids in GPT-2's order need none
    found.asked, found.etags, found.cuts, found.model = [], {}, {}, model
    address = f"http://127.0.0.1:{found.server_address[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)
    monkeypatch.chdir(tmp_path)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    with found:
        yield found
        found.shutdown()
        thread.join()


def test_gpt2_is_fetched_once(server):
    require_equal(server.model, load("gpt2"))
    assert {path.rsplit("/", 1)[1] for format, path, _ in server.asked if format == "GET"} >= set(
        hub.FILES
    )
    server.asked.clear()
    checkpoint = mg.load_pretrained("openai-community/gpt2", backend="numpy")
    require_equal(server.model, checkpoint.model)
    assert checkpoint.tokenizer.vocab_size == 270
    assert server.asked == []


def test_all_files_come_from_one_commit(server):
    """If the repository changes meanwhile, weights and tokenizer still belong together."""
    load("gpt2")
    asked = [path.split("/")[-2:] for _, path, _ in server.asked]
    assert {revision for revision, file in asked if file == hub.FILES[0]} == {"main"}
    for file in hub.FILES[1:]:
        assert {revision for revision, name in asked if name == file} == {"1" * 40}


def test_a_download_goes_on_where_it_broke_off(server):
    server.cuts["model.safetensors"] = 1000
    require_equal(server.model, load("gpt2"))
    ranges = [given for command, _, given in server.asked if command == "GET" and given]
    assert [given.startswith("bytes=1000-") for given in ranges] == [True]


def test_a_damaged_download_is_deleted(server, tmp_path):
    server.etags["model.safetensors"] = "0" * 64
    with pytest.raises(DownloadError, match=r"model.safetensors arrived damaged.*try again"):
        load("gpt2")
    assert not list((tmp_path / "hub").rglob("model.safetensors"))
    assert not list((tmp_path / "hub").rglob("0" * 64))  # the content that its link pointed to
    server.etags.clear()
    require_equal(server.model, load("gpt2"))


def test_what_has_no_checksum_is_said(tmp_path):
    (tmp_path / "merges.txt").touch()
    for etag in (None, "W/1"):
        with pytest.warns(UserWarning, match="merges.txt could not be verified: the hub named no"):
            hub._verify_checksum(tmp_path / "merges.txt", etag)


def test_no_network(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match=r"'gpt2-xl' could not be fetched .*put config.json, m"):
        load("gpt2-xl")


def test_a_file_that_the_hub_lacks(server):
    (server.folder / "merges.txt").unlink()
    with pytest.raises(DownloadError, match="'gpt2' could not be fetched"):
        load("gpt2")


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DownloadError, match=r'pip install "microgpt-lab\[hub\]"; or do without: p'):
        load("gpt2")


@pytest.mark.parametrize("name", ["gpt2", "openai-community--gpt2"])
@pytest.mark.parametrize("tokenizer_file", ["tokenizer.json", "merges.txt"])
def test_a_cache_under_either_name_needs_no_network(server, tmp_path, name, tokenizer_file):
    commit = "2" * 40
    snapshot = tmp_path / "hub" / f"models--{name}" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (tmp_path / "hub" / f"models--{name}" / "refs").mkdir()
    (tmp_path / "hub" / f"models--{name}" / "refs" / "main").write_text(commit)
    for file in hub.MODEL_FILES:
        shutil.copy(server.folder / file, snapshot / file)
    tokenizer = mg.tokenizers.load(server.folder)
    if tokenizer_file == "merges.txt":
        shutil.copy(server.folder / tokenizer_file, snapshot / tokenizer_file)
    else:
        (snapshot / tokenizer_file).write_text(json.dumps(tokenizer.to_dict()))
    checkpoint = mg.load_pretrained("gpt2", backend="numpy")
    require_equal(server.model, checkpoint.model)
    assert checkpoint.tokenizer.to_dict() == tokenizer.to_dict()
    assert server.asked == []


def test_a_cache_without_a_tokenizer_is_completed_or_loaded_as_it_is(server, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "has_tokenizer", lambda folder: (folder / "merges.txt").is_file())
    require_equal(server.model, load("gpt2"))
    (merges,) = (tmp_path / "hub").rglob("merges.txt")
    merges.unlink()
    assert mg.load_pretrained("gpt2", backend="numpy").tokenizer.vocab_size == 270
    next((tmp_path / "hub").rglob("merges.txt")).unlink()
    server.shutdown()
    server.server_close()
    checkpoint = mg.load_pretrained("gpt2", backend="numpy")
    require_equal(server.model, checkpoint.model)
    assert checkpoint.tokenizer is None
