"""Certificates of a test, made by openssl: valid for a day."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """PEM files of one who can prove its name."""

    certificate: Path
    key: Path


class Ca:
    """Vouches for servers. `certificate` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._openssl(
            "req", "-x509", "-days", "1", "-subj", f"/CN={folder.name}",
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", self._key, "-out", self.certificate),
        )  # fmt: skip

    def issue(self, name: str, address: str) -> Certificate:
        """For a server at an address."""
        issued = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request = self._folder / f"{name}.csr"
        names = self._folder / f"{name}.names"
        names.write_text(f"subjectAltName=IP:{address}\n")
        self._openssl(
            "req", "-subj", f"/CN={name}",
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", issued.key, "-out", request),
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-days", "1", "-in", request, "-extfile", names, "-CAcreateserial",
            *("-CA", self.certificate, "-CAkey", self._key, "-out", issued.certificate),
        )  # fmt: skip
        return issued

    def _openssl(self, *words: str | Path) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)
