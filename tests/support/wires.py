"""Servers and proxies of a few lines on loopback, and certificates for them."""

from __future__ import annotations

import base64
import contextlib
import datetime
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """Talk to whoever connects, each in a thread."""
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    def serve(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            talk(peer)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def head_of(peer: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data and (more := peer.recv(4096)):
        data += more
    return data.decode(errors="replace")


def silent(peer: socket.socket) -> None:
    """Read a little and say nothing."""
    peer.recv(1)
    threading.Event().wait(3)


def answering(status: str, body: str = "", *headers: str) -> Talk:
    def talk(peer: socket.socket) -> None:
        head_of(peer)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
        peer.sendall("\r\n".join(lines).encode())

    return talk


def pipe(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


def connecting(target: int, *, password: str | None = None, allow: bool = True, heads: list[str]) -> Talk:
    """Be an HTTP proxy that connects everybody to one port."""

    def talk(peer: socket.socket) -> None:
        head = head_of(peer)
        heads.append(head)
        wanted = f"Proxy-Authorization: Basic {base64.b64encode((password or '').encode()).decode()}"
        if password is not None and wanted not in head:
            peer.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif not allow:
            peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            with socket.create_connection(("127.0.0.1", target)) as far:
                peer.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                pipe(peer, far)

    return talk


def certificate(folder: Path, name: str = "gateway.test", *, days: int = 1, issuer: str | None = None) -> Path:
    """Make a certificate that vouches for itself, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]) if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}-{days}-{issuer}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def in_tls(file: Path, target: int) -> Talk:
    """Speak TLS with a certificate, in front of a port that does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def talk(peer: socket.socket) -> None:
        with (
            context.wrap_socket(peer, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", target)) as far,
        ):

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := far.recv(65536):
                        inside.sendall(data)
                    inside.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=back, daemon=True).start()
            while data := inside.recv(65536):
                far.sendall(data)

    return talk
