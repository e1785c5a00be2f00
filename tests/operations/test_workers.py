"""Two workers as one gateway: API, commands, TLS, datagrams, pages, files, whichever worker accepted."""

import contextlib
import json
import os
import signal
import socket
import ssl
import time

import httpx
import pytest

from edge_gateway.workers import owner_of
from protocols.wire.bcd import digits_to_bcd
from tests.commands.test_gateway import confirm, order, state
from tests.gateway.support import body_of, frame, wait_for
from tests.gateway.test_attachments import FILE, about_file, all_blocks, announce, finished
from tests.gateway.test_cli import CONFIG, Process, ask
from tests.gateway.test_server import Truck
from tests.gateway.test_transports import DatagramTruck, make_certificate, tls_truck

pytestmark = pytest.mark.slow

WORKERS = 2
SCOPES = "commands:read,commands:write,registry:read,registry:write,stats:read,media:read"
SECTIONS = """
[api]
enabled = true
port = 0
[metrics]
enabled = true
port = 0
[media]
attachments = true
port = 0
[tls]
enabled = true
port = 0
certificate_file = "{}"
key_file = "{}"
[udp]
enabled = true
port = 0
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """One gateway for all tests; `http` with a token of every scope, `pages` without."""
    folder = tmp_path_factory.mktemp("workers")
    (certificate, key), _ = make_certificate(folder, "gateway")
    config = folder / "gateway.toml"
    sections = CONFIG.replace("port = 0", f"port = 0\nworkers = {WORKERS}", 1)
    config.write_text(sections + SECTIONS.format(certificate, key))
    token = ask("token", "create", config, "tester", "--scope", SCOPES).stdout.strip()
    with contextlib.ExitStack() as stack:
        process = Process(config)
        stack.callback(lambda: process.child.poll() is None and process.end(signal.SIGKILL))
        process.config, process.certificate = config, certificate
        for name, path, headers in (
            ("http", "api_port", {"Authorization": f"Bearer {token}"}),
            ("pages", "metrics_port", {}),
        ):
            url = f"http://127.0.0.1:{process.ready[path]}" + ("/api/v1" if name == "http" else "")
            client = stack.enter_context(httpx.Client(base_url=url, headers=headers, timeout=30))
            setattr(process, name, client)
        yield process
        assert process.end() == 0


def phones_of(owner, count, begin):
    """Phones of terminals that belong to this worker."""
    found = (str(number) for number in range(begin, begin + 10_000))
    return [phone for phone in found if owner_of(phone, WORKERS) == owner][:count]


def truck_of(made, phone):
    made.phone = digits_to_bcd(phone, 6)
    return made.log_in()


def trucks(gateway, make, begin, each=3):
    """Several for each worker: with so many, some come to another's door."""
    return [truck_of(make(), phone) for owner in range(WORKERS) for phone in phones_of(owner, each, begin)]


def counters(gateway):
    return gateway.http.get("/stats").json()["server"]["counters"]


def reported(truck, number):
    truck.send(0x0200, body_of(number), 100 + number)
    return truck.hear().brief == (0x0200, 100 + number, 0)


def test_commands_reach_terminals_of_every_worker_and_their_answers_come_back(gateway):
    fleet = trucks(gateway, lambda: Truck(gateway.port), 13_900_000_000)
    numbers = [order(gateway, truck) for truck in fleet]
    for truck, number in zip(fleet, numbers, strict=True):
        heard = truck.hear()
        assert heard.id == 0x8300
        confirm(truck, heard)
        done = state(gateway, number)
        assert (done["state"], done["attempts"]) == ("acknowledged", 1)
        assert gateway.http.get(f"/terminals/{done['terminal']}").json()["online"] is True
    query = order(gateway, fleet[0], message="ListedParameterQuery", body={"count": 1, "ids": [1]})
    heard = fleet[0].hear()
    fleet[0].send(0x0104, heard.header.serial.to_bytes(2, "big") + bytes.fromhex("01000000010400000014"), 9)
    assert state(gateway, query)["answer"]["message"] == "ParameterQueryResponse"
    for truck in fleet:
        truck.close()


def test_a_large_command_arrives_whole(gateway):
    truck = truck_of(Truck(gateway.port), phones_of(1, 1, 13_910_000_000)[0])
    content = bytes(range(256)) * 300
    sha256 = gateway.http.post("/files", content=content).json()["sha256"]
    body = {"upgraded": "terminal", "maker": "DYMAK", "version": "2"}
    number = order(gateway, truck, message="UpgradePackage", body=body, file=sha256)
    heard, pieces = truck.hear(), []
    while True:
        pieces.append(heard.body)
        if heard.header.number == heard.header.total:
            break
        heard = truck.hear()
    assert content in b"".join(pieces)
    confirm(truck, heard)
    assert state(gateway, number)["state"] == "acknowledged"
    truck.close()


def test_a_command_on_the_line_of_a_killed_worker_is_sent_again_by_its_successor(gateway):
    phone = phones_of(0, 1, 13_920_000_000)[0]
    truck = truck_of(Truck(gateway.port), phone)
    number = order(gateway, truck)
    assert truck.hear().id == 0x8300
    victim = gateway.http.get("/stats").json()["workers"][0]
    os.kill(victim["pid"], signal.SIGKILL)
    assert truck.hear() is None
    wait_for(lambda: state(gateway, number, 0)["state"] == "queued")
    again = Truck(gateway.port)
    again.phone = truck.phone
    again.log_in(truck.code)
    heard = again.hear()
    assert heard.id == 0x8300
    confirm(again, heard)
    done = state(gateway, number)
    assert (done["state"], done["attempts"]) == ("acknowledged", 2)
    wait_for(lambda: all(one["up"] for one in gateway.http.get("/stats").json()["workers"]))
    again.close()


def test_terminals_over_tls_are_served_by_their_owner_and_known_by_their_address(gateway):
    before = counters(gateway).get("passed_on", 0)
    fleet = trucks(
        gateway, lambda: tls_truck(gateway.ready["tls_port"], gateway.certificate), 13_930_000_000, each=8
    )
    wait_for(lambda: counters(gateway).get("passed_on", 0) > before)
    for number, truck in enumerate(fleet):
        assert reported(truck, number)
    live = {row["identity"]: row["peer"] for row in online(gateway)}
    for truck in fleet:
        name, port = truck.socket.getsockname()
        assert live[truck.phone.hex().lstrip("0")] == f"{name}:{port}"
    many = b"".join(frame_of(fleet[-1], number) for number in range(1000, 3000))
    fleet[-1].socket.sendall(many)
    assert [fleet[-1].hear().result for _ in range(2000)] == [0] * 2000
    plain = Truck(gateway.port)
    plain.phone = fleet[0].phone
    plain.log_in(fleet[0].code)
    with contextlib.suppress(ssl.SSLError):
        assert fleet[0].hear() is None, "taken over"
    for truck in [*fleet, plain]:
        truck.close()


def frame_of(truck, number):
    return frame(0x0200, body_of(number), number, truck.phone)


def test_datagrams_are_served_by_their_owner_on_the_one_port(gateway):
    fleet = trucks(gateway, lambda: DatagramTruck(gateway.ready["udp_port"]), 13_940_000_000, each=6)
    for number, truck in enumerate(fleet):
        assert reported(truck, number)
        truck.move(gateway.ready["udp_port"])
        truck.log_in(truck.code)
        assert reported(truck, 100 + number)
    wait_for(lambda: counters(gateway).get("passed_on_datagrams", 0) > 0)
    for truck in fleet:
        truck.close()


def online(gateway):
    return json.loads(ask("terminals", gateway.config, "--json", "--online", "--limit", 1000).stdout)


def test_the_registry_is_changed_by_the_owner_and_read_by_all(gateway):
    phones = phones_of(0, 2, 13_950_000_000) + phones_of(1, 2, 13_950_000_000)
    text = "identity,status,note\n" + "".join(f"{phone},approved,by hand\n" for phone in phones) + "x,,\n"
    done = gateway.http.post("/terminals.csv", content=text.encode()).json()
    assert (done["taken"], done["refused"], done["errors"][0]["row"]) == (4, 1, 6)
    for phone in phones:
        code = gateway.http.post(f"/terminals/{phone}/codes").json()["code"].encode()
        truck = Truck(gateway.port)
        truck.phone = digits_to_bcd(phone, 6)
        truck.log_in(code)
        assert reported(truck, 1)
        assert gateway.http.get(f"/terminals/{phone}/position").json()["report"]
        shown = gateway.http.put(f"/terminals/{phone}", json={"status": "blocked", "note": "sold"})
        assert shown.status_code == 200 and shown.json()["note"] == "sold"
        assert truck.hear() is None, "who is blocked is disconnected"
        assert gateway.http.delete(f"/terminals/{phone}").status_code == 204
        assert gateway.http.get(f"/terminals/{phone}").status_code == 404
    assert gateway.http.put("/vehicles/云A12345/2", json={"terminal": phones[0]}).status_code == 200
    assert [row["plate"] for row in gateway.http.get("/vehicles").json()] == ["云A12345"]


def test_files_of_an_alarm_are_ordered_and_listed_with_pictures_of_every_worker(gateway):
    truck = Truck(gateway.port).log_in()
    identifier = {"terminal_id": "T000001", "time_bcd": "2025-01-02T03:04:05+08:00", "sequence": 1}
    asked = {
        "terminal": truck.phone.hex().lstrip("0"),
        "identifier": {**identifier, "attachments": 1},
    }
    wrong = {**asked, "identifier": {**asked["identifier"], "terminal_id": "T00000000001"}}
    answer = gateway.http.post("/media/orders", json=wrong)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "identifier.terminal_id")
    answer = gateway.http.post("/media/orders", json=asked)
    assert answer.status_code == 201, answer.text
    assert truck.hear().id == 0x9208
    with socket.create_connection(("127.0.0.1", gateway.ready["attachments_port"]), 10) as link:
        link.sendall(announce(answer.json()["alarm"]) + about_file(0x1211) + b"".join(all_blocks()))
        link.sendall(about_file(0x1212, serial=5))
        received = b""
        while not finished(received[: received.rfind(b"\x7e") + 1]):
            received += link.recv(4096)
    (item,) = gateway.http.get("/media").json()
    assert gateway.http.get(f"/media/{item['id']}").content == FILE
    fleet = trucks(gateway, lambda: Truck(gateway.port), 13_970_000_000, each=1)
    for number, one in enumerate(fleet):
        picture = (number + 1).to_bytes(4, "big") + bytes([0, 0, 1, 1]) + bytes(28) + b"\xff\xd8abc"
        one.send(0x0801, picture, 7)
        assert one.hear().id == 0x8800
    rows = gateway.http.get("/media").json()
    pictures = [row for row in rows if row["kind"] == "picture"]
    assert {row["terminal"] for row in pictures} == {one.phone.hex().lstrip("0") for one in fleet}
    for row in pictures:
        assert gateway.http.get(f"/media/{row['id']}").content == b"\xff\xd8abc"
        assert not [
            each for each in gateway.http.get("/media", params={"after": row["id"]}).json()
            if each["id"] <= row["id"]
        ]  # fmt: skip
    for one in [truck, *fleet]:
        one.close()


def test_pages_and_tools_speak_for_all_workers(gateway):
    fleet = trucks(gateway, lambda: Truck(gateway.port), 13_980_000_000)
    number = order(gateway, fleet[0])
    confirm(fleet[0], fleet[0].hear())
    assert state(gateway, number)["state"] == "acknowledged"
    assert gateway.pages.get("/healthz").json()["alive"] is True
    ready = gateway.pages.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": []})
    page = gateway.pages.get("/metrics").text
    for index in range(WORKERS):
        assert f'edge_gateway_worker_up{{worker="{index}"}} 1.0' in page
        assert f'edge_gateway_connections{{worker="{index}"}}' in page
    assert 'edge_gateway_commands_total{event="acknowledged"}' in page
    findings = json.loads(ask("doctor", gateway.config, "--json").stdout)
    assert not [one for one in findings if one["verdict"] == "wrong"], findings
    status = json.loads(ask("status", gateway.config, "--json").stdout)
    assert status["live"]["commands"]["counters"]["acknowledged"] > 0


def test_a_worker_that_is_down_is_told_of(gateway):
    pid = gateway.http.get("/stats").json()["workers"][1]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        seen = set()
        while time.monotonic() < deadline and "up" not in seen:
            ready = gateway.pages.get("/readyz").json()
            if any("worker 1" in problem for problem in ready["problems"]):
                seen.add("down")
            elif seen:
                seen.add("up")
        assert seen == {"down", "up"}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
