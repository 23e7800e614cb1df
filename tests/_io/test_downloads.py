"""Downloads, from a server on this machine: kept, verified, and every way they fail."""

import http.server
import stat
import threading

import pytest

import microgpt as mg
from microgpt._io import downloads
from microgpt.data.remote_corpora import REMOTE_CORPORA, RemoteCorpus
from microgpt.errors import DownloadError, FormatError

CONTENT = b"anna\nbo\n" * 1000


DIGEST = __import__("hashlib").sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        content = CONTENT[:100] if self.path == "/cut" else CONTENT
        self.wfile.write(b"x" * len(CONTENT) if self.path == "/wrong" else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def point(path):
        url = f"http://127.0.0.1:{server.server_port}{path}"
        monkeypatch.setitem(REMOTE_CORPORA, "names", RemoteCorpus("names.txt", url, DIGEST))

    yield point
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_is_kept(serve, cache):
    serve("/whole")
    assert len(mg.load_corpus("names")) == 2000
    serve("/missing")
    assert len(mg.load_corpus("names")) == 2000


@pytest.mark.parametrize("path", ["/cut", "/wrong", "/missing"])
def test_a_broken_download_leaves_nothing_and_says_what_to_do(serve, cache, path):
    serve(path)
    with pytest.raises(DownloadError, match=r"names\.txt could not be fetched.*MICROGPT_DATA"):
        mg.load_corpus("names")
    assert [file for file in cache.rglob("*") if file.is_file()] == []
    serve("/whole")
    assert len(mg.load_corpus("names")) == 2000


def test_no_network(cache, monkeypatch):
    source = RemoteCorpus("names.txt", "http://127.0.0.1:9/names.txt", DIGEST)
    monkeypatch.setitem(REMOTE_CORPORA, "names", source)
    with pytest.raises(
        DownloadError,
        match=r"could not be fetched: .*; use the corpus 'names-mini', or put the file",
    ):
        mg.load_corpus("names")


def test_a_damaged_file_is_named(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(tmp_path))
    (tmp_path / "names.txt").write_text("anna\n")
    with pytest.raises(FormatError, match=r"names\.txt is not the published file"):
        mg.load_corpus("names")


def test_a_damaged_copy_in_the_cache_is_named(serve, cache):
    serve("/whole")
    mg.load_corpus("names")
    (file,) = (file for file in cache.rglob("*") if file.is_file())
    file.write_bytes(CONTENT[:-1])
    with pytest.raises(FormatError, match=r"names\.txt is not the published file.*delete it"):
        mg.load_corpus("names")


def test_a_cache_that_cannot_be_made(tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.touch()
    monkeypatch.delenv("MICROGPT_DATA", raising=False)
    monkeypatch.setenv("MICROGPT_CACHE", str(blocker / "cache"))
    with pytest.raises(DownloadError, match="not writable"):
        downloads.fetch(REMOTE_CORPORA["names"])
    assert stat.S_ISREG(blocker.stat().st_mode)
