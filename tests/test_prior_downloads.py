"""Models of the catalogue from the network: whole, or not at all."""

import contextlib
import hashlib
import http.server
import threading
from dataclasses import dataclass, field, replace

import pytest

from backend.priors import download, store
from backend.priors.__main__ import fetched
from shared.prior_catalogue import CATALOGUE
from shared.settings import EstimateSettings

from .onnx_models import write_model

pytestmark = pytest.mark.usefixtures("priors_cache")


@dataclass
class Server:
    """A file server on this machine that can break, lie and redirect."""

    content: bytes
    cuts: list[int] = field(default_factory=list)
    """After how many bytes each of the next answers breaks."""
    ranges: list[str | None] = field(default_factory=list)
    """What part each request asked for."""
    knows_ranges: bool = True
    status: int = 200
    location: str = ""
    base: str = ""


@pytest.fixture
def server():
    state = Server(bytes(range(256)) * 4096)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self, state)

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield state
    running.shutdown()
    running.server_close()
    thread.join()


def answer(handler, state):
    asked = handler.headers.get("Range")
    state.ranges.append(asked)
    start = int(asked[6:-1]) if asked and state.knows_ranges else 0
    handler.send_response(206 if start and state.status == 200 else state.status)
    if state.location:
        handler.send_header("Location", state.location)
    if start:
        last = len(state.content) - 1
        handler.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
    rest = state.content[start:] if state.status == 200 else b""
    handler.send_header("Content-Length", str(len(rest)))
    handler.end_headers()
    with contextlib.suppress(ConnectionError):  # who has seen enough hangs up
        handler.wfile.write(rest[: state.cuts.pop(0)] if state.cuts else rest)


def wanted_from(server: Server, content: bytes | None = None) -> download.Wanted:
    content = server.content if content is None else content
    pinned = replace(
        CATALOGUE["moge2-s"], bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    return download.Wanted(pinned.url(server.base), pinned.bytes, pinned.sha256)


def quiet(there):
    pass


def test_a_file_comes_whole_with_progress(server, tmp_path):
    told = []
    download.fetch(wanted_from(server), tmp_path / "deep" / "m.onnx", told.append)
    assert (tmp_path / "deep" / "m.onnx").read_bytes() == server.content
    assert told == sorted(told) and told[-1] == len(server.content)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["m.onnx"]


def test_a_broken_connection_is_gone_on_from(server, tmp_path):
    server.cuts = [300_000, 200_000]
    download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)
    assert (tmp_path / "m.onnx").read_bytes() == server.content
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_a_server_that_knows_no_parts_begins_anew(server, tmp_path):
    server.cuts, server.knows_ranges = [300_000], False
    download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)
    assert (tmp_path / "m.onnx").read_bytes() == server.content


def test_a_connection_that_keeps_breaking_is_given_up_with_advice(server, tmp_path):
    server.cuts = [300_000] + [0] * download.ATTEMPTS
    with pytest.raises(download.NotFetched, match="goes on from there"):
        download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)
    assert not (tmp_path / "m.onnx").exists()
    download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)
    assert server.ranges[-1] == "bytes=300000-"


def test_a_download_that_is_stopped_is_gone_on_from(server, tmp_path):
    def stop(there):
        if there > 500_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.fetch(wanted_from(server), tmp_path / "m.onnx", stop)
    assert [path.name for path in tmp_path.iterdir()] == ["m.part"]
    there = (tmp_path / "m.part").stat().st_size
    download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)
    assert server.ranges == [None, f"bytes={there}-"] and there > 500_000


@pytest.mark.parametrize("before", [b"", b"other" * 100])
def test_another_file_is_refused_and_nothing_is_left(server, tmp_path, before):
    if before:
        (tmp_path / "m.part").write_bytes(before)
    wanted = wanted_from(server, server.content[:-1] + b"x")
    with pytest.raises(download.NotFetched, match="SHA-256"):
        download.fetch(wanted, tmp_path / "m.onnx", quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [0, 1000])
@pytest.mark.parametrize("more", [-1000, 1000])
def test_a_file_of_another_size_is_refused(server, tmp_path, there, more):
    content = server.content + b"x" * more if more > 0 else server.content[:more]
    if there:
        (tmp_path / "m.part").write_bytes(content[:there])
    with pytest.raises(download.NotFetched, match="bytes"):
        download.fetch(wanted_from(server, content), tmp_path / "m.onnx", quiet)
    assert list(tmp_path.iterdir()) == []


def test_what_the_server_refuses_is_said(server, tmp_path):
    server.status = 404
    with pytest.raises(download.NotFetched, match="answers 404"):
        download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)
    wanted = replace(wanted_from(server), url="http://127.0.0.1:1/m.onnx")
    with pytest.raises(download.NotFetched, match="cannot be reached"):
        download.fetch(wanted, tmp_path / "m.onnx", quiet)


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/m.onnx", "https://127.0.0.1/m.onnx"])
def test_no_redirect_leaves_the_scheme(server, tmp_path, location):
    server.status, server.location = 302, location
    with pytest.raises(download.NotFetched, match="not trusted"):
        download.fetch(wanted_from(server), tmp_path / "m.onnx", quiet)


@pytest.mark.parametrize("url", ["http://example.org/m", "file:///etc/passwd", "ftp://a/b"])
def test_only_https_is_asked(tmp_path, url):
    with pytest.raises(download.NotFetched, match="no https"):
        download.fetch(download.Wanted(url, 1, "0" * 64), tmp_path / "m.onnx", quiet)


def test_a_fetched_model_is_installed_and_tested(server, tmp_path, monkeypatch, capsys):
    server.content = write_model(tmp_path / "there.onnx").read_bytes()
    wanted = wanted_from(server)
    pinned = replace(CATALOGUE["moge2-s"], bytes=wanted.bytes, sha256=wanted.sha256)
    assert fetched(pinned, wanted) == 0
    assert "moge2-s works" in capsys.readouterr().out
    assert store.installed("moge2-s").signs == (1, 1, 1)
    assert fetched(pinned, wanted) == 0 and len(server.ranges) == 1  # it is there already
    store.installed("moge2-s").path.write_bytes(b"damaged")
    assert fetched(pinned, wanted) == 0 and len(server.ranges) == 2


def test_every_pin_is_whole():
    for name, pinned in CATALOGUE.items():
        assert pinned.url().startswith("https://") and len(pinned.sha256) == 64
        assert len(pinned.revision) == 40 and pinned.name == name and pinned.notices
        assert EstimateSettings(prior=name).problem() is None
