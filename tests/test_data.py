"""Corpora from everywhere, the split, the batches, and every way a download fails."""

import hashlib
import http.server
import re
import stat
import threading

import numpy as np
import pytest

import microgpt as mg
from microgpt._io import downloads
from microgpt.data import Corpus, DocumentBatches, TextBatches, pad
from microgpt.data.remote_corpora import REMOTE_CORPORA, RemoteCorpus
from microgpt.errors import DownloadError, FormatError, SettingError, ShapeError


def test_names_mini():
    corpus = mg.load_corpus("names-mini")
    names = corpus.documents
    assert len(names) >= 4000
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+", name) for name in names)
    assert corpus.tokenizer().vocab_size == 27
    train, held_out = corpus.split()
    assert len(held_out) == round(0.2 * len(names))
    assert not set(train) & set(held_out)
    assert set(train) | set(held_out) == set(names)


def test_the_split_of_names_mini_stays_as_it_is():
    _, held_out = mg.load_corpus("names-mini").split()
    import hashlib

    digest = hashlib.sha256("\n".join(sorted(held_out)).encode()).hexdigest()
    assert digest.startswith(HELD_OUT)


HELD_OUT = "8ffe4f7b6d06aa6f"


def test_the_split_depends_on_no_order_and_drops_repeats():
    corpus = Corpus("c", ("b", "a", "c", "a", "d", "e", "b"))
    train, held_out = corpus.split(0.4)
    assert sorted([*train, *held_out]) == list("abcde")
    again, out_again = Corpus("c", tuple(reversed(corpus.documents))).split(0.4)
    assert set(again) == set(train)
    assert set(out_again) == set(held_out)
    assert len(held_out) == 2


def test_two_lines_can_be_split_one_cannot():
    train, held_out = Corpus("c", ("a", "b")).split(0.9)
    assert len(train) == len(held_out) == 1
    with pytest.raises(FormatError, match="1 distinct line"):
        Corpus("c", ("a", "a")).split()
    with pytest.raises(SettingError, match="above 0 and below 1"):
        Corpus("c", ("a", "b")).split(1.0)


def test_a_text_is_split_at_its_end():
    train, held_out = Corpus("t", ("abcdefghij",), "text").split(0.2)
    assert (train.documents, held_out.documents) == (("abcdefgh",), ("ij",))
    with pytest.raises(FormatError, match="too short"):
        Corpus("t", ("a",), "text").split()


@pytest.mark.parametrize(("name", "lines"), [("names", 32033), ("tinyshakespeare", 1)])
def test_public_corpora(data, monkeypatch, name, lines):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    corpus = mg.load_corpus(name)
    assert len(corpus) == lines
    assert corpus.format == REMOTE_CORPORA[name].format


def test_the_verdict(data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert mg.load_corpus("the-verdict")[0].startswith("I HAD always thought Jack Gisburn")


def test_pasted_text_and_files(tmp_path):
    pasted = mg.load_corpus(text="\ufeffJosé\r\n\r\n  Łukasz \n王芳\n")
    assert pasted.documents == ("José", "Łukasz", "王芳")
    file = tmp_path / "mine.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert mg.load_corpus(file).documents == ("one", "two")
    assert mg.load_corpus(str(file), format="text").documents == ("one\ntwo\n",)
    assert "2 lines, such as 'one'" in repr(mg.load_corpus(file))
    assert list(mg.load_corpus(file)) == ["one", "two"]


def test_refusals(tmp_path):
    for text in ("", "\n \n"):
        with pytest.raises(FormatError, match="empty"):
            mg.load_corpus(text=text)
        with pytest.raises(FormatError, match="empty"):
            mg.load_corpus(text=text, format="text")
    (tmp_path / "empty.txt").touch()
    with pytest.raises(FormatError, match=r"'empty\.txt' is empty"):
        mg.load_corpus(tmp_path / "empty.txt")
    (tmp_path / "latin.txt").write_bytes(b"Jos\xe9\n")
    with pytest.raises(FormatError, match="not UTF-8 text: byte 3"):
        mg.load_corpus(tmp_path / "latin.txt")
    with pytest.raises(
        SettingError, match="a text file, or one of 'names-mini'.*; got 'nmaes'; did you mean"
    ):
        mg.load_corpus("nmaes")
    with pytest.raises(SettingError, match="name and text must be given one without the other"):
        mg.load_corpus()
    with pytest.raises(SettingError, match="format must be one of 'lines', 'text'"):
        mg.load_corpus("names-mini", format="words")


# Downloads, from a server on this machine.

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
    with pytest.raises(DownloadError, match="could not be fetched: .*; use the corpus 'names-mini', or put the file"):
        mg.load_corpus("names")


def test_a_damaged_file_is_named(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(tmp_path))
    (tmp_path / "names.txt").write_text("anna\n")
    with pytest.raises(FormatError, match=r"names\.txt is not the published file"):
        mg.load_corpus("names")


def test_a_cache_that_cannot_be_made(tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.touch()
    monkeypatch.delenv("MICROGPT_DATA", raising=False)
    monkeypatch.setenv("MICROGPT_CACHE", str(blocker / "cache"))
    with pytest.raises(DownloadError, match="not writable"):
        downloads.fetch(REMOTE_CORPORA["names"])
    assert stat.S_ISREG(blocker.stat().st_mode)


# Batches.


def test_padding():
    tokens, targets = pad([[9, 1, 2, 9], [9, 3, 9]], pad_token=9)
    assert tokens.tolist() == [[9, 1, 2], [9, 3, 9]]
    assert targets.tolist() == [[1, 2, 9], [3, 9, -1]]
    assert tokens.dtype == targets.dtype == np.int32


def test_every_document_once_an_epoch():
    documents = ("ab", "b", "aab", "ba", "a")
    tokenizer = Corpus("c", documents).tokenizer()
    stream = iter(DocumentBatches(documents, tokenizer, 8, 1, seed=3))
    epochs = [[tokenizer.decode(next(stream)[0][0]) for _ in documents] for _ in range(3)]
    assert all(sorted(epoch) == sorted(documents) for epoch in epochs)
    assert epochs[0] != epochs[1]
    again = iter(DocumentBatches(documents, tokenizer, 8, 1, seed=3))
    assert [tokenizer.decode(next(again)[0][0]) for _ in documents] == epochs[0]


def test_long_documents_are_cut_and_it_is_said_once():
    documents = ("abcdefgh", "ab", "abcdefg")
    tokenizer = Corpus("c", documents).tokenizer()
    with pytest.warns(UserWarning, match="2 of 3 documents are longer than the block's 6") as said:
        batches = DocumentBatches(documents, tokenizer, 6)
    assert len(said) == 1
    assert [len(sequence) for sequence in batches.sequences] == [7, 4, 7]
    assert len(DocumentBatches(("abcde",), tokenizer, 6).sequences[0]) == 7


def test_windows_of_a_text():
    text = "abcdefghij"
    tokenizer = Corpus("t", (text,), "text").tokenizer()
    batches = TextBatches(text, tokenizer, 4, 3)
    tokens, targets = next(iter(batches))
    assert tokens.shape == (3, 4)
    np.testing.assert_array_equal(tokens + 1, targets)
    rows = list(batches.eval_batches(max_rows=10))
    assert rows[0][0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert TextBatches("ab", tokenizer, 4).seq_len == 1
    with pytest.raises(ShapeError, match="at least 2 tokens"):
        TextBatches("a", tokenizer, 4)


def test_every_position_of_a_text_is_drawn():
    text = "abcdefghij"
    tokenizer = Corpus("t", (text,), "text").tokenizer()
    stream = iter(TextBatches(text, tokenizer, 4, 50, seed=1))
    starts = {int(row[0]) for _ in range(5) for row in next(stream)[0]}
    assert starts == set(range(6))


# Model cards and resumed runs rest on these streams: they stay as they are.
STREAMS = [
    ("names-mini", 6632, 16, 1, 0, "54123d53721c84c9"),
    ("names-mini", 100, 16, 7, 3, "d853f68c82dd76ce"),
    ("names-mini", 5, 16, 12, 42, "3f02a950f19e9b87"),
    ("names-mini", 50, 16, 25, 1, "8fe1b15e71c26fce"),
    ("story", 1, 16, 1, 0, "c702bcc27972ec19"),
    ("story", 1, 64, 8, 3, "24f3adecc733a0b9"),
    ("story", 1, 100_000, 2, 42, "8d363a884a2324c4"),
]


@pytest.mark.parametrize(("name", "count", "block_size", "batch_size", "seed", "expected"), STREAMS)
def test_streams_of_batches_stay_as_they_are(name, count, block_size, batch_size, seed, expected):
    corpus = mg.load_corpus(name)
    batches: DocumentBatches | TextBatches
    if corpus.format == "text":
        batches = TextBatches(corpus[0], corpus.tokenizer(), block_size, batch_size, seed)
    else:
        documents = corpus.documents[:count]
        batches = DocumentBatches(documents, corpus.tokenizer(), block_size, batch_size, seed)
    digest = hashlib.sha256()
    for _ in range(300):
        tokens, targets = next(batches)
        assert tokens.flags.c_contiguous
        assert targets.flags.c_contiguous
        digest.update(repr(tokens.shape).encode() + tokens.tobytes() + targets.tobytes())
    for tokens, targets in batches.eval_batches(37, 5):
        digest.update(tokens.tobytes() + targets.tobytes())
    assert digest.hexdigest()[:16] == expected
