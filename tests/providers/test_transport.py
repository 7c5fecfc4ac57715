"""Connections, certificates, proxies and the size of answers: real sockets on loopback."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pilotbench.benchmark.instances import Instance
from pilotbench.ground import errors
from pilotbench.providers import transport
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.proxies import proxy_for
from pilotbench.providers.request import Request
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from support.runs import wait_until

USAGE = {"prompt_tokens": 11, "completion_tokens": 7}


def answer(text: Any, **headers: str) -> bytes:
    """Return a whole HTTP answer: a completion with `text`, or bytes as they stand."""
    message = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": USAGE}
    body = text if isinstance(text, bytes) else json.dumps(message).encode()
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body


Serve = Callable[[socket.socket, int], None]


class Server:
    """A raw server: `serve(connection, number)` answers the `number`-th request that has come."""

    def __init__(self, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self._serve, self._context = serve, context
        self.connections = self.requests = self.answered = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Server:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while _request(connection):
                    self.requests += 1
                    self._serve(connection, self.requests - 1)
                    self.answered += 1
        except OSError:
            connection.close()


def _request(connection: socket.socket) -> bool:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return False
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < size:
        body += connection.recv(65536)
    return True


@contextmanager
def client(url: str, **settings: Any) -> Iterator[ServiceClient]:
    provider = ProviderSettings("p", "openai", {"k": Key("k", "p", 1)}, base_url=url, **settings)
    made = KINDS[provider.kind].connect(
        provider, Model("m", "p", "m"), {"k": Access(url, "sk-secret")}
    )
    assert isinstance(made, ServiceClient)
    try:
        yield made
    finally:
        made.close()


def ask(provider: ServiceClient) -> str | None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    request = Request(body, Instance("t", "none", 0, "hi"), "none", 0, 0)
    content: str | None = provider.complete(request, "k", 20).message["content"]
    return content


def _at_once(connection: socket.socket, number: int) -> None:
    surplus = answer("666") if number == 0 else b""
    connection.sendall(answer(str(7 + number)) + surplus)


def _a_little_later(connection: socket.socket, number: int) -> None:
    connection.sendall(answer(str(7 + number)))
    if number == 0:
        connection.sendall(answer("666"))


def _a_byte(connection: socket.socket, number: int) -> None:
    connection.sendall(answer(str(7 + number)) + b"\n" * (number == 0))


@pytest.mark.parametrize("serve", [_at_once, _a_little_later, _a_byte])
def test_surplus_data_is_not_an_answer_to_the_next_question(serve: Serve) -> None:
    with Server(serve) as server, client(f"http://{server.address}/v1") as provider:
        found = [ask(provider)]
        wait_until(lambda: server.answered)  # the surplus has arrived before the next question
        found += [ask(provider), ask(provider)]
        assert found == ["7", "8", "9"]
        assert server.connections == 2


def test_a_clean_connection_is_used_again() -> None:
    def serve(connection: socket.socket, number: int) -> None:
        connection.sendall(answer(str(number)))

    with Server(serve) as server, client(f"http://{server.address}/v1") as provider:
        assert [ask(provider) for _ in range(5)] == ["0", "1", "2", "3", "4"]
        assert server.connections == 1


@pytest.mark.parametrize("status", [200, 500])
def test_a_small_body_that_decodes_to_a_huge_one_is_cut_off(status: int) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        connection.sendall(bomb.replace(b"200 OK", f"{status} OK".encode()))

    bomb = answer(gzip.compress(b" " * (80 << 20), 9), content_encoding="gzip")
    assert len(bomb) < 100_000
    expected = errors.UnusableAnswer if status == 200 else errors.ServerFailed
    with (
        Server(serve) as server,
        client(f"http://{server.address}/v1") as provider,
        pytest.raises(expected),
    ):
        ask(provider)


MEMORY = """
import resource, sys, threading
from test_transport import Server, answer, ask, client, gzip, errors, transport

transport.LARGEST_BODY = 16 << 20
BOMB = gzip.compress(b" " * (32 << 20), 9)

def serve(connection, number):
    connection.sendall(answer(BOMB, content_encoding="gzip"))

def work():
    try:
        ask(provider)
    except errors.UnusableAnswer:
        found.append(1)

found = []
with Server(serve) as server, client(f"http://{server.address}/v1") as provider:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(len(found), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_many_huge_answers_at_once_take_the_memory_of_one() -> None:
    here = Path(__file__).parent
    library = here.parents[1] / "workflow" / "scripts"
    run = subprocess.run(
        [sys.executable, "-c", MEMORY],
        env={"PYTHONPATH": f"{here}:{library}:{here.parent}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    cut, grown_mib = map(int, run.stdout.split())
    assert cut == 12
    assert grown_mib < 80  # apart from each other they would take 192


def test_a_compressed_answer_is_read_and_a_large_one_too() -> None:
    text = "x" * (3 << 20)

    def serve(connection: socket.socket, number: int) -> None:
        body = answer(text).partition(b"\r\n\r\n")[2]
        connection.sendall(answer(gzip.compress(body), content_encoding="gzip"))

    with Server(serve) as server, client(f"http://{server.address}/v1") as provider:
        assert [ask(provider), ask(provider)] == [text, text]
    assert not transport._large.locked()


def certificate(folder: Path, host: str = "localhost", days: int = 1) -> Path:
    """Return a folder with a self-signed certificate that ends in `days`, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


def secure(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def url_of(server: Server) -> str:
    return f"https://localhost:{server.address.rpartition(':')[2]}/v1"


def _hello(connection: socket.socket, number: int) -> None:
    connection.sendall(answer("hello"))


def test_a_certificate_of_a_known_authority_is_accepted(tmp_path: Path) -> None:
    bundle = str(certificate(tmp_path) / "cert.pem")
    with (
        Server(_hello, secure(tmp_path)) as server,
        client(url_of(server), ca_bundle=bundle) as provider,
    ):
        assert [ask(provider), ask(provider)] == ["hello", "hello"]
        assert server.connections == 1


@pytest.mark.parametrize(
    ("host", "days", "known", "words"),
    [
        ("localhost", 1, False, "self-signed"),
        ("localhost", -2, True, "expired"),
        ("elsewhere.example", 1, True, "not valid for 'localhost'"),
    ],
)
def test_a_bad_certificate_ends_at_once(
    tmp_path: Path, host: str, days: int, known: bool, words: str
) -> None:
    bundle = str(certificate(tmp_path, host, days) / "cert.pem")
    with (
        Server(_hello, secure(tmp_path)) as server,
        client(url_of(server), ca_bundle=bundle if known else None) as provider,
        pytest.raises(errors.Untrusted, match=words) as caught,
    ):
        ask(provider)
    assert not isinstance(caught.value, errors.Retryable)
    assert "ca_bundle" in str(caught.value)


class Plain(Server):
    """A server that answers in plain HTTP whatever comes."""

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")


def test_a_service_without_tls_ends_at_once() -> None:
    with (
        Plain(_hello) as server,
        client(f"https://{server.address}/v1") as provider,
        pytest.raises(errors.Untrusted, match="http://"),
    ):
        ask(provider)


@pytest.mark.parametrize("name", ["missing.pem", "notes.txt", "."])
def test_an_unusable_ca_bundle_is_one_line_before_anything_is_sent(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "notes.txt").write_text("not a certificate")
    with (
        pytest.raises(errors.ConfigError, match=r"^ca_bundle: ") as caught,
        client("https://127.0.0.1:1/v1", ca_bundle=str(tmp_path / name)),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_certificates_that_the_environment_names_and_that_are_missing_end_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with (
        client("https://127.0.0.1:1/v1") as provider,
        pytest.raises(errors.Untrusted, match="SSL_CERT_FILE"),
    ):
        ask(provider)


OUT = httpx2.URL("https://out.example/v1")


@pytest.fixture
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("https_proxy", "proxy.example:8080", "http://proxy.example:8080"),
        ("HTTPS_PROXY", "http://proxy.example:8080", "http://proxy.example:8080"),
        ("all_proxy", "proxy.example", "http://proxy.example"),
        ("https_proxy", "https://proxy.example", "https://proxy.example"),
    ],
)
def test_a_proxy_without_a_scheme_is_an_http_proxy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert proxy_for(OUT, None) == expected
    assert proxy_for(OUT, value) == expected


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("all_proxy", "socks5://user:secret@127.0.0.1:1080"),
        ("https_proxy", "socks5h://127.0.0.1:1080"),
        ("https_proxy", "http://user:secret@proxy.example:eighty"),
        ("HTTPS_PROXY", "proxy.example:99999"),
        ("https_proxy", "ftp://proxy.example"),
        ("https_proxy", "http://"),
    ],
)
def test_an_unusable_proxy_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(errors.ConfigError, match=f"^{variable}: ") as caught, client(str(OUT)):
        pass
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
