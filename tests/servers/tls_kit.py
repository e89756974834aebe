"""Certificates of a test, made by openssl and valid for a day; servers that show one."""

import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from soukdev import paths, secret_file
from soukdev.kafka import Kafka
from soukdev.redis import Redis
from soukdev.server import Server


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


class RedisWithTls(Redis):
    """One Redis with a second port, where it shows a certificate of the CA."""

    PORTS = (*Redis.PORTS, "tls")

    def __init__(self, folder: Path, ca: Ca) -> None:
        super().__init__(folder)
        self._own = ca.issue("redis", "127.0.0.1")

    def prepare(self) -> None:
        super().prepare()
        with self._conf.open("a") as conf:
            conf.write(
                f"tls-port {self.ports['tls']}\n"
                f"tls-cert-file {self._own.certificate}\ntls-key-file {self._own.key}\n"
                "tls-auth-clients no\n"
            )


class Stunnel(Server):
    """The tunnel to a Redis as docs/redis.md has it, with the addresses and the CA of the test."""

    def __init__(self, folder: Path, redis: RedisWithTls, ca: Path) -> None:
        super().__init__(folder)
        self._redis = redis
        self._ca = ca

    def prepare(self) -> None:
        told = re.search(r"^```ini\n(.*?)^```", _manual(), re.MULTILINE | re.DOTALL)
        assert told
        section = told[1]
        for printed, ours in {
            "127.0.0.1:6379": self.address,
            "10.0.0.7:6380": f"127.0.0.1:{self._redis.ports['tls']}",
            "/etc/souk/redis-ca.pem": str(self._ca),
            "10.0.0.7": "127.0.0.1",
        }.items():
            assert printed in section
            section = section.replace(printed, ours)
        self._conf.write_text(f"foreground = yes\nsyslog = no\npid =\n{section}")

    def argv(self) -> list[str]:
        return ["stunnel", str(self._conf)]

    def ready(self) -> bool:
        with socket.socket() as looker:
            return looker.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def _conf(self) -> Path:
        return self.folder / "stunnel.conf"


def _manual() -> str:
    return (paths.ROOT / "docs" / "redis.md").read_text()
