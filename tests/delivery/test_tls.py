"""TLS to the broker, really run: a CA of our own, client certificates, and whom the gateway refuses."""

import datetime
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simulator.broker import find_program, free_port
from simulator.children import Child

from .journal_in_memory import JournalInMemory
from .road import a_seed, delivered, delivering, records_of
from .settings import settings
from .waiting import wait_for

DAY = datetime.timedelta(days=1)


class Maker:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca_file = folder / f"{name}.pem"
        certificate = self._sign(name, self._key, is_ca=True)
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """(certificate, key) for `name`, valid for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(self._sign(name, key).public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, is_ca: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@contextmanager
def tls_broker(folder: Path, maker: Maker, verify: bool) -> Iterator[int]:
    """nats-server with TLS on its MQTT listener; gives the port."""
    certificate, key = maker.issue("broker")
    port, native = free_port(), free_port()
    files = f'cert_file: "{certificate}", key_file: "{key}", ca_file: "{maker.ca_file}"'
    tls = f"{files}, verify: {str(verify).lower()}"
    (folder / "nats.conf").write_text(
        f'server_name: "tls"\nlisten: "127.0.0.1:{native}"\njetstream {{ store_dir: "{folder}/js" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{port}", tls {{ {tls} }} }}\n'
    )
    with (folder / "nats.log").open("ab") as log:
        child = Child([str(find_program()), "-c", str(folder / "nats.conf")], stdout=log, stderr=log)
    try:
        wait_for(lambda: _listens(port), (folder / "nats.log").read_text, 20)
        yield port
    finally:
        child.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "ca", "our-ca")


def test_reports_travel_over_tls_with_a_client_certificate(tmp_path: Path, maker: Maker) -> None:
    seed = a_seed()
    certificate, key = maker.issue("gateway")
    journal = JournalInMemory()
    journal.append(records_of(seed, 120))
    with tls_broker(tmp_path, maker, verify=True) as port:
        tls = {"ca_file": str(maker.ca_file), "certificate_file": str(certificate), "key_file": str(key)}
        with delivering(settings(port=port, confirm="puback", **tls), journal) as destination:
            delivered(destination, journal)
        assert destination.stats()["connection_failures"] == 0
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            plain.sendall(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x05\x00\x05plain")
            plain.settimeout(5)
            assert not _accepted(plain), "the listener answers without TLS: nothing is shown by this test"


def _accepted(plain: socket.socket) -> bool:
    try:
        return plain.recv(1) == b"\x20"
    except (TimeoutError, ConnectionError):
        return False


@pytest.mark.parametrize("fault", ["stranger", "other name", "no certificate"])
def test_whom_to_trust_is_checked(tmp_path: Path, maker: Maker, fault: str) -> None:
    """A broker of another CA, one whose certificate names another host, and one that wants a certificate."""
    stranger = Maker(tmp_path / "stranger", "stranger-ca")
    journal = JournalInMemory()
    journal.append(records_of(a_seed(), 20))
    with tls_broker(tmp_path, maker, verify=fault == "no certificate") as port:
        trusted = stranger if fault == "stranger" else maker
        host = "localhost" if fault == "other name" else "127.0.0.1"
        one = settings(host=host, port=port, confirm="puback", ca_file=str(trusted.ca_file))
        with delivering(one, journal) as destination:
            wait_for(lambda: destination.stats()["connection_failures"] >= 2, destination.stats)
            stats = destination.stats()
    assert (stats["sent_batches"], journal.confirmed_sequence, stats["crashes"]) == (0, 0, 0)
    assert stats["last_error"]
