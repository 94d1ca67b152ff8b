"""A time-stamping authority on this machine: `openssl ts` behind a small HTTP server."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

CONFIG = """
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[stamping]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = own
[own]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
clock_precision_digits = 0
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""

Answer = Callable[[bytes], tuple[int, bytes]]


@dataclass
class Authority:
    """An authority with a root of its own; a test may make it answer otherwise."""

    folder: Path
    url: str
    answer: Answer

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def stamp(self, query: bytes) -> bytes:
        """Stamp a query, as `openssl ts` does."""
        (self.folder / "query.tsq").write_bytes(query)
        words = ("-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
        openssl(self.folder, "ts", *words)
        return (self.folder / "reply.tsr").read_bytes()


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(("/usr/bin/env", "openssl", *words), cwd=folder, check=True, capture_output=True)


def make_certificates(folder: Path) -> None:
    """Make a root, and a certificate for stamps that it signed."""
    folder.mkdir()
    (folder / "tsa.cnf").write_text(CONFIG, "utf-8")
    (folder / "serial").write_text("01\n", "utf-8")
    key = ("req", "-config", "tsa.cnf", "-newkey", "rsa:2048", "-nodes")
    root = ("-x509", "-extensions", "root", "-days", "30", "-subj", "/CN=Invented root")
    openssl(folder, *key, *root, "-keyout", "root.key", "-out", "root.pem")
    own = ("-subj", "/O=Invented/CN=Invented stamps", "-keyout", "tsa.key", "-out", "tsa.csr")
    openssl(folder, *key, *own)
    signed_by = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30")
    extension = ("-extfile", "tsa.cnf", "-extensions", "stamping")
    openssl(folder, "x509", "-req", "-in", "tsa.csr", *signed_by, *extension, "-out", "tsa.pem")


@contextlib.contextmanager
def authority_at(folder: Path) -> Iterator[Authority]:
    """Run an authority until the block ends."""

    class Stamping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = authority.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    make_certificates(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stamping)
    authority = Authority(folder, f"http://127.0.0.1:{server.server_port}", lambda _q: (500, b""))
    authority.answer = lambda query: (200, authority.stamp(query))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
