"""TLS and mutual TLS of RPC, with CAs of the test's own."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from rpc_kit import BINARY, StartLab, call
from soukdev.refusal import Refused


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    cert: Path
    key: Path

    def options(self) -> dict[str, str]:
        return {"cert_file": str(self.cert), "cert_key_file": str(self.key)}


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """Signs certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        where = ("-keyout", self.pair.key, "-out", self.pair.cert)
        openssl("req", "-x509", *_KEY, "-subj", f"/CN={name}", "-days", 1, *where)

    @property
    def file(self) -> Path:
        return self.pair.cert

    def sign(self, name: str, *, names: str = "IP:127.0.0.1", days: int = 1) -> Pair:
        """`names` are those that clients may reach it by."""
        folder = self._folder
        pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        openssl("req", *_KEY, "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
        signer = ("-CA", self.pair.cert, "-CAkey", self.pair.key, "-CAcreateserial")
        openssl("x509", "-req", "-in", request, *signer, "-days", days, "-extfile", extensions,
                "-out", pair.cert)  # fmt: skip
        return pair


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


def test_a_server_with_a_certificate_speaks_tls_only(
    start: StartLab, ours: Authority, theirs: Authority
) -> None:
    lab, plain = start(**ours.sign("server").options())
    call(lab, lab.secure_client(ours.file), "Work")
    for wrong in (plain, lab.secure_client(theirs.file)):
        with pytest.raises(Refused) as refused:
            call(lab, wrong, "Work")
        assert refused.value.code == "UNAVAILABLE"


def test_a_server_may_want_to_know_who_its_clients_are(
    start: StartLab, ours: Authority, theirs: Authority
) -> None:
    lab, _ = start(**ours.sign("server").options(), client_ca_file=str(ours.file))
    known, stranger = ours.sign("client"), theirs.sign("client")
    call(lab, lab.secure_client(ours.file, known.key, known.cert), "Work")
    for wrong in (
        lab.secure_client(ours.file),
        lab.secure_client(ours.file, stranger.key, stranger.cert),
    ):
        with pytest.raises(Refused) as refused:
            call(lab, wrong, "Work")
        assert refused.value.code == "UNAVAILABLE"


def forward(start: StartLab, peer: int, **options: str) -> None:
    """A call by a server of ours to the one at that port."""
    lab, client = start(**options, peer_lab=f"ipv4:127.0.0.1:{peer}")
    call(lab, client, "Forward")


def test_our_client_knows_its_peer_and_is_known(
    start: StartLab, ours: Authority, theirs: Authority
) -> None:
    peer, _ = start(**ours.sign("peer").options(), client_ca_file=str(ours.file))
    at = peer.ports["rpc"]
    # Its own certificate is for its server, too, so that is asked by TLS.
    lab, _ = start(
        **ours.sign("lab").options(), peer_ca_file=str(ours.file), peer_lab=f"ipv4:127.0.0.1:{at}"
    )
    secure = lab.secure_client(ours.file)
    call(lab, secure, "Forward")

    for wrong in ({}, {"peer_ca_file": str(ours.file)}, {"peer_ca_file": str(theirs.file)}):
        with pytest.raises(Refused) as refused:
            forward(start, at, **wrong)
        assert (refused.value.code, refused.value.reason) == (
            "UNAVAILABLE",
            "DEPENDENCY_UNAVAILABLE",
        )


def test_our_client_does_not_believe_a_certificate_for_another_name(
    start: StartLab, ours: Authority
) -> None:
    peer, _ = start(**ours.sign("elsewhere", names="DNS:elsewhere.example").options())
    with pytest.raises(Refused) as refused:
        forward(start, peer.ports["rpc"], peer_ca_file=str(ours.file))
    assert refused.value.code == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cert": "good"}, "go together"),
        ({"cert": "good", "key": "other"}, "is not the key of SOUK_RPC_CERT_FILE"),
        ({"cert": "text", "key": "good"}, "SOUK_RPC_CERT_FILE has no PEM certificate"),
        ({"cert": "good", "key": "text"}, "has no PEM private key"),
        ({"cert": "good", "key": "good", "ca": "text"}, "SOUK_RPC_CLIENT_CA_FILE has no PEM"),
        ({"ca": "good"}, "SOUK_RPC_CLIENT_CA_FILE needs SOUK_RPC_CERT_FILE"),
        ({"peers": "text"}, "SOUK_PEER_CA_FILE has no PEM certificate"),
    ],
)
def test_certificates_that_do_not_fit_stop_the_start(
    tmp_path: Path, ours: Authority, options: dict[str, str], told: str
) -> None:
    good, other = ours.sign("good"), ours.sign("other")
    text = tmp_path / "text"
    text.write_text("no certificate\n")
    names = {
        "cert": ("rpc-cert-file", {"good": good.cert}),
        "key": ("rpc-cert-key-file", {"good": good.key, "other": other.key}),
        "ca": ("rpc-client-ca-file", {"good": ours.file}),
        "peers": ("peer-ca-file", {}),
    }
    flags = [f"--{names[n][0]}={names[n][1].get(w, text)}" for n, w in options.items()]
    where = ["--rpc-address=127.0.0.1:0", "--admin-address=127.0.0.1:0"]
    done = subprocess.run(
        [BINARY, *where, *flags], capture_output=True, text=True, timeout=20, check=False
    )
    assert told in done.stderr
    assert "cannot start" in done.stderr


def test_tls_carries_large_messages_and_streams(start: StartLab, ours: Authority) -> None:
    lab, _ = start(**ours.sign("server").options())
    client = lab.secure_client(ours.file)
    answer = call(lab, client, "Work", padding=bytes(1_000_000), answer_bytes=2_000_000)
    assert len(answer.padding) == 2_000_000
    stub = client.channel.unary_stream(
        "/souk.lab.v1.LabService/Count",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=type(lab.message("CountResponse")).FromString,
    )
    request = lab.message("CountRequest", to=200, padding_bytes=20_000)
    counted: grpc.Call = stub(request, timeout=20)
    assert [one.number for one in counted] == list(range(1, 201))
