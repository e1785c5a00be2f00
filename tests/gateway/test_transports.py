"""TLS, UDP, balancers and paces, over real sockets and both event loops; the pure parts by themselves."""

import datetime
import socket
import ssl
import struct
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.config_file import ConfigError, parse
from edge_gateway.server import ServerLimits
from edge_gateway.session import SessionLimits
from edge_gateway.transports import Pace, Spending, context_of, networks_of
from edge_gateway.transports.pace import SPENDERS_MAX
from edge_gateway.transports.proxy import Header, ProxyError, read_header
from edge_gateway.transports.udp import DATAGRAM_BYTES, pieces_of

from .support import DEADLINE_S, Answer, body_of, everything, frame, wait_for
from .test_server import Truck
from .test_session import authentication, registration

LOOPBACK = networks_of(["127.0.0.0/8"])
V2_TCP4 = (
    b"\r\n\r\n\0\r\nQUIT\n"
    + bytes([0x21, 0x11])
    + struct.pack(">H4s4sHH", 12, bytes([203, 0, 113, 9]), bytes([127, 0, 0, 1]), 40_000, 7808)
)
V1_TCP4 = b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 7808\r\n"


def datagram_socket(port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(("127.0.0.1", port))
    return made


class DatagramTruck(Truck):
    """A truck that sends datagrams."""

    def __init__(self, port):
        super().__init__(port, made=datagram_socket(port))

    def move(self, port):
        """To another address."""
        self.socket.close()
        self.socket = datagram_socket(port)
        self.socket.settimeout(DEADLINE_S)


# TLS.


def make_certificate(folder, name, issuer=None):
    """A key and a certificate for localhost, signed by `issuer` or itself: ((files), issuer)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signer_name, signer_key = issuer or (subject, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(signer_key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return (str(paths[0]), str(paths[1])), (subject, key)


def tls_truck(port, trusted, certificate=None):
    context = ssl.create_default_context(cafile=trusted)
    if certificate:
        context.load_cert_chain(*certificate)
    plain = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
    return Truck(port, made=context.wrap_socket(plain, server_hostname="localhost"))


def test_a_terminal_over_tls_beside_a_plain_one(start, tmp_path):
    files, _ = make_certificate(tmp_path, "gateway")
    running = start()
    port = running.call(running.server.start_tls("127.0.0.1", 0, context_of(*files)))
    truck = tls_truck(port, files[0]).log_in()
    truck.send(0x0200, body_of(1), 3)
    assert truck.hear().brief == (0x0200, 3, 0)
    plain = Truck(running.port).log_in(truck.code)
    assert truck.hear() is None, "taken over"
    plain.send(0x0200, body_of(2), 3)
    assert plain.hear().brief == (0x0200, 3, 0)
    assert [record.serial for record in everything(running.journal)] == [3, 3]
    plain.close()


def test_who_has_no_certificate_is_not_heard_where_one_is_wanted(start, tmp_path):
    files, issuer = make_certificate(tmp_path, "authority")
    client, _ = make_certificate(tmp_path, "truck", issuer)
    running = start()
    port = running.call(running.server.start_tls("127.0.0.1", 0, context_of(*files, files[0])))
    heard = b""
    with suppress(ssl.SSLError, ConnectionError):  # when it is told depends on the version of TLS
        stranger = tls_truck(port, files[0])
        stranger.send(0x0002)
        heard = stranger.socket.recv(100)
    assert heard == b"" and running.stats()["connections"] == 0
    truck = tls_truck(port, files[0], client).log_in()
    truck.close()


def test_what_is_no_certificate_is_named_with_its_key(tmp_path):
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(OSError, match=r"tls\.certificate_file"):
        context_of(str(tmp_path / "no.pem"), "")
    files, _ = make_certificate(tmp_path, "gateway")
    with pytest.raises(OSError, match=r"tls\.client_ca_file"):
        context_of(*files, str(tmp_path / "no.pem"))


# UDP.


def test_a_terminal_over_udp_reports_and_moves_by_authenticating(start):
    running = start()
    port = running.call(running.server.start_udp("127.0.0.1", 0, 100))
    truck = DatagramTruck(port).log_in()
    truck.socket.send(frame(0x0200, body_of(1), 3) + frame(0x0200, body_of(2), 4))
    assert [truck.hear().brief for _ in range(2)] == [(0x0200, 3, 0), (0x0200, 4, 0)]
    truck.move(port)
    truck.send(0x0200, body_of(3), 5)
    assert truck.hear().brief == (0x0200, 5, 1), "an address alone proves nothing"
    truck.log_in(truck.code)
    truck.send(0x0200, body_of(3), 5)
    assert truck.hear().brief == (0x0200, 5, 0)
    wait_for(lambda: len(running.server._datagrams) == 1, "the old address is forgotten")
    assert running.stats()["online"] == 1 and running.journal.last_sequence == 3
    truck.close()


def test_the_table_of_addresses_is_bounded_and_known_terminals_stay(start):
    running = start()
    port = running.call(running.server.start_udp("127.0.0.1", 0, 4))
    truck = DatagramTruck(port).log_in()
    strangers = [DatagramTruck(port) for _ in range(12)]
    for stranger in strangers:
        stranger.send(0x0002, b"", 7)
        assert stranger.hear().result == 1
    assert len(running.server._datagrams) == 4
    truck.send(0x0200, body_of(1), 3)
    assert truck.hear().brief == (0x0200, 3, 0)
    assert running.stats()["counters"]["forgotten_datagram_peers"] == 9
    for each in (truck, *strangers):
        each.close()


def test_silent_addresses_are_forgotten(start):
    limits = ServerLimits(session=SessionLimits(unauthenticated_ms=50))
    running = start(limits=limits)
    port = running.call(running.server.start_udp("127.0.0.1", 0, 4))
    stranger = DatagramTruck(port)
    stranger.send(0x0002)
    stranger.hear()
    wait_for(lambda: len(running.server._datagrams) == 0, "the stranger is forgotten")
    stranger.close()


@given(st.lists(st.integers(10, 3000), min_size=1, max_size=30))
def test_datagrams_hold_whole_frames(sizes):
    frames = [b"\x7e" + bytes([1]) * (size - 2) + b"\x7e" for size in sizes]
    pieces = pieces_of(b"".join(frames))
    assert b"".join(pieces) == b"".join(frames)
    for piece in pieces:
        assert piece[:1] == piece[-1:] == b"\x7e"
        assert len(piece) <= DATAGRAM_BYTES or piece in frames


# Balancers.


@pytest.mark.parametrize("header", [V1_TCP4, V2_TCP4])
def test_who_is_behind_a_balancer(start, header):
    running = start(limits=ServerLimits(proxies=LOOPBACK))
    for cut in (0, 1, 5, 13, len(header) - 1):
        made = socket.create_connection(("127.0.0.1", running.port), DEADLINE_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.sendall(header[:cut])
        truck = Truck(running.port, made=made)
        made.sendall(header[cut:] + frame(0x0100, registration(2013), 1))
        truck.code = truck.hear().auth_code
        made.sendall(frame(0x0102, authentication(2013, truck.code), 2))
        assert truck.hear().brief == (0x0102, 2, 0)
        assert running.call(online(running)) == {"13800138000": "203.0.113.9:40000"}
        truck.close()


async def online(running):
    return running.server.online()


@pytest.mark.parametrize(
    "sent", [frame(0x0002), b"PROXY TCP4 nonsense\r\n", V2_TCP4[:12] + bytes(20), b"P" * 200]
)
def test_a_balancer_that_does_not_say_who_comes_is_cut(start, sent):
    running = start(limits=ServerLimits(proxies=LOOPBACK))
    truck = Truck(running.port)
    truck.socket.sendall(sent)
    assert truck.hear() is None
    assert running.stats()["counters"]["refused_proxy_headers"] == 1
    truck.close()


def test_nobody_else_is_believed(start):
    running = start(limits=ServerLimits(proxies=networks_of(["192.0.2.0/24"])))
    truck = Truck(running.port)
    truck.socket.sendall(V1_TCP4)
    truck.log_in()
    (peer,) = running.call(online(running)).values()
    assert peer.startswith("127.0.0.1:")
    truck.close()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (V1_TCP4 + b"rest", Header("203.0.113.9:40000", len(V1_TCP4))),
        (V2_TCP4 + b"rest", Header("203.0.113.9:40000", len(V2_TCP4))),
        (b"PROXY UNKNOWN whatever\r\n", Header("", 24)),
        (b"PROXY TCP6 2001:db8::1 ::1 5 6\r\n", Header("2001:db8::1:5", 32)),
        (V2_TCP4[:12] + bytes([0x20, 0, 0, 3]) + b"abc", Header("", 19)),
        (b"", None),
        (b"PRO", None),
        (V2_TCP4[:14], None),
        (V2_TCP4[:-1], None),
    ],
)
def test_headers(data, expected):
    assert read_header(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\x7e",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 99999 1\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 x 1\r\n",
        b"PROXY TCP5 1.2.3.4 5.6.7.8 1 1\r\n",
        b"PROXY " + b"x" * 200,
        V2_TCP4[:12] + bytes([0x31, 0x11, 0, 12]) + bytes(12),
        V2_TCP4[:12] + bytes([0x21, 0x11, 0, 5]) + bytes(5),
        V2_TCP4[:12] + bytes([0x21, 0x11, 0xFF, 0xFF]),
    ],
)
def test_what_is_no_header(data):
    with pytest.raises(ProxyError):
        read_header(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    try:
        header = read_header(data)
    except ProxyError:
        return
    assert header is None or 0 < header.size <= len(data)


# Paces.


def test_a_pace_saves_up_and_spends():
    pace = Pace(10, 5, 0)
    assert [pace.allows(0) for _ in range(6)] == [True] * 5 + [False]
    assert not pace.allows(99) and pace.allows(100) and not pace.allows(100)
    assert [pace.allows(60_000) for _ in range(6)] == [True] * 5 + [False]
    assert not pace.allows(1000), "a clock set back earns nothing"
    assert all(Pace(0, 1, 0).allows(0) for _ in range(100))


def test_a_storm_waits_its_turn_and_all_are_served(start):
    running = start(limits=ServerLimits(accepts_per_s=20))
    code = Truck(running.port).log_in().code
    trucks = [Truck(running.port) for _ in range(40)]
    for truck in trucks:
        truck.send(0x0102, authentication(2013, code), 2)
    briefs = [truck.hear() for truck in trucks]
    assert all(answer is None or isinstance(answer, Answer) for answer in briefs)
    assert briefs[-1].brief == (0x0102, 2, 0), "the newest speaks for the terminal"
    assert running.stats()["counters"]["connections_waited"] >= 10
    for truck in trucks:
        truck.close()


def test_who_sends_too_much_is_slowed_and_loses_nothing(start):
    running = start(limits=ServerLimits(bytes_per_s=4000))
    fast, calm = Truck(running.port).log_in(), Truck(running.port, 2019)
    stream = b"".join(frame(0x0200, body_of(number, 60), number) for number in range(3, 403))
    fast.socket.sendall(stream)
    assert [fast.hear().brief for _ in range(3, 403)] == [(0x0200, number, 0) for number in range(3, 403)]
    assert running.stats()["counters"]["slowed_peers"] >= 1
    calm.send(0x0002, b"", 1)
    assert calm.hear().result == 1
    fast.close()
    calm.close()


@pytest.mark.parametrize("noise", [b"\x01" * 1000, b"\x7e\x02\0" + b"\x01" * 40, b"\x7e"])
def test_a_stranger_is_not_heard_for_long(start, noise):
    running = start()
    truck = Truck(running.port)
    with suppress(ConnectionError):
        truck.socket.sendall(noise * (200_000 // len(noise)))
    assert truck.hear() is None
    assert running.stats()["counters"]["closed: too much before authentication"] == 1
    truck.close()


def test_who_says_who_it_is_and_goes_on_at_once_is_heard(start):
    """All it holds behind its authentication, in one piece longer than any stranger may say."""
    running = start()
    code = Truck(running.port).log_in().code
    truck = Truck(running.port)
    reports = b"".join(frame(0x0200, body_of(number, 60), number) for number in range(3, 603))
    truck.socket.sendall(frame(0x0102, authentication(2013, code), 2) + reports)
    briefs = [truck.hear().brief for _ in range(601)]
    assert briefs == [(0x0102, 2, 0)] + [(0x0200, number, 0) for number in range(3, 603)]
    truck.close()


def test_the_keys():
    for values, named in (
        ({"tls": {"enabled": True}}, "tls: certificate_file"),
        ({"server": {"proxy_from": ["10.0.0.0/99"]}}, "server.proxy_from"),
        ({"udp": {"max_peers": 0}}, "udp.max_peers"),
        ({"server": {"max_accepts_per_s": -1.0}}, "server.max_accepts_per_s"),
    ):
        with pytest.raises(ConfigError, match=named):
            parse(values)


# What a terminal may send is its own, not its connection's.


def test_a_new_connection_is_no_new_allowance():
    spending = Spending(per_s=100, at_once=400)
    assert spending.left_of("1", 0) == 400
    spending.note("1", 10, 1000)
    assert spending.left_of("1", 2000) == 110
    assert spending.left_of("1", 2000) == 400, "it is the connection's then"
    spending.note("2", -50, 0)
    assert spending.left_of("2", 100_000) == 400
    for number in range(SPENDERS_MAX + 1):
        spending.note(str(number), 0, 0)
    assert spending.left_of("0", 0) == 400 and spending.left_of("1", 0) == 0


def test_a_terminal_that_connects_anew_is_slowed_as_before(start):
    limit = 16 * 1024
    running = start(limits=ServerLimits(bytes_per_s=limit))
    truck = Truck(running.port).log_in()
    truck.socket.sendall(b"\x55" * 5 * limit)  # noise, which is not answered
    wait_for(lambda: running.stats()["counters"].get("slowed_peers"))
    again = Truck(running.port).log_in(truck.code)
    again.socket.sendall(b"\x55" * (2 * limit))
    wait_for(lambda: running.stats()["counters"]["slowed_peers"] > 1)
