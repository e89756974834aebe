"""Certificates of a test, made by openssl: valid for a day; a Kafka that has one."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from soukdev import secret_file
from soukdev.kafka import Kafka


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


class KafkaWithTls(Kafka):
    """One broker with a second port, where both sides have to show a certificate of the CA."""

    PORTS = (*Kafka.PORTS, "tls")

    def __init__(self, folder: Path, ca: Ca) -> None:
        super().__init__(folder)
        self._ca = ca
        self._own = ca.issue("kafka", "127.0.0.1")

    @property
    def tls_address(self) -> str:
        return f"127.0.0.1:{self.ports['tls']}"

    def prepare(self) -> None:
        super().prepare()
        store = self.folder / "keystore.pem"
        secret_file.write(store, self._own.key.read_text() + self._own.certificate.read_text())
        # Of two lines with one name the last one counts.
        with self._properties.open("a") as properties:
            properties.write(
                f"listeners=PLAINTEXT://{self.address},SSL://{self.tls_address},"
                f"CONTROLLER://127.0.0.1:{self.ports['controller']}\n"
                f"advertised.listeners=PLAINTEXT://{self.address},SSL://{self.tls_address}\n"
                "listener.security.protocol.map="
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL\n"
                "ssl.client.auth=required\n"
                f"ssl.keystore.type=PEM\nssl.keystore.location={store}\n"
                f"ssl.truststore.type=PEM\nssl.truststore.location={self._ca.certificate}\n"
            )
