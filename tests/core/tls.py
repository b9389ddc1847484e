"""A certificate authority of the tests' own, made with the openssl command."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from attrs import define

_AUTHORITY = "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@define(frozen=True)
class Authority:
    """Vouches for names; nobody trusts it who is not told to."""

    folder: Path

    @property
    def file(self) -> Path:
        """Its own certificate."""
        return self.folder / "authority.pem"

    @classmethod
    def found(cls, folder: Path) -> Authority:
        """A new one."""
        authority = cls(folder)
        extensions = [part for text in _AUTHORITY for part in ("-addext", text)]
        _openssl(
            *("req", "-x509", *_KEY, "-days", "2", "-subj", "/CN=tests", *extensions),
            *("-keyout", str(folder / "authority.key"), "-out", str(authority.file)),
        )
        return authority

    def server(self, names: str = "DNS:localhost,IP:127.0.0.1") -> ssl.SSLContext:
        """What a server of these names needs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.file)
        self._identify(context, names)
        return context

    def client(self, identity: str | None = None) -> ssl.SSLContext:
        """What a client needs that trusts this authority, and has a certificate of it if it wants one."""
        context = ssl.create_default_context(cafile=self.file)
        if identity is not None:
            self._identify(context, identity)
        return context

    def _identify(self, context: ssl.SSLContext, names: str) -> None:
        stem = self.folder / "".join(filter(str.isalnum, names))
        key, asked, made, told = (
            stem.with_suffix(f".{end}") for end in ("key", "csr", "pem", "txt")
        )
        if not made.exists():
            _openssl(
                "req", "-new", *_KEY, "-subj", "/CN=one", "-keyout", str(key), "-out", str(asked)
            )
            told.write_text(
                f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
                "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
            )
            _openssl(
                *("x509", "-req", "-in", str(asked), "-days", "2", "-CAcreateserial"),
                *("-CA", str(self.file), "-CAkey", str(self.folder / "authority.key")),
                *("-extfile", str(told), "-out", str(made)),
            )
        context.load_cert_chain(made, key)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
