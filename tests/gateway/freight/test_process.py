"""The real gateway process, the real broker, a terminal on a socket; the monitoring system is a peer of the
tests."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from edge_gateway.freight.texts import ORDER_TYPE
from protocols.driver_code import push
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour, Content, Holder
from protocols.driver_code.lists import write_revocations, write_trust
from protocols.driver_code.presence import hashed
from protocols.driver_code.trust import Revocations
from protocols.evidence import decode_anchor, verify_bundle
from protocols.freight.documents import Kind
from protocols.freight.registers import Snapshot
from protocols.freight.values import time_text
from protocols.jt808 import walk
from protocols.monitoring.documents import Item, Result, ResultCode
from protocols.wire import presence
from simulator.broker import Broker
from tests.freight import fleet
from tests.gateway.support import wait_for
from tests.gateway.test_cli import Process, ask
from tests.gateway.test_server import Truck

from .house import EPOCH_2000_S, KUNMING, PRESENCE_KEY, REFERENCE, funds, order
from .peer import Peer, present_fleet
from .test_outbox import waybill

pytestmark = pytest.mark.slow  # a broker and a process
GATEWAY = "freight"
CONFIG = """
[gateway]
id = "{gateway}"
[server]
port = 0
[mqtt]
port = {port}
[api]
enabled = true
port = 0
[freight]
enabled = true
trust_file = "trust.json"
revocations_file = "revocations.json"
location_delay_s = 0
receipt_timeout_s = 1.0
receipt_timeout_max_s = 2.0
anchor_interval_s = 0.3
[log]
format = "json"
"""


class Road:
    """The broker, the peer, and gateways over one folder."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.stack = stack
        self.broker = Broker(folder / "broker")
        self.broker.start()
        stack.callback(self.broker.stop)
        self.peer = Peer(self.broker.port, GATEWAY)
        stack.callback(self.peer.stop)
        self.config = folder / "gateway.toml"
        self.config.write_text(CONFIG.format(gateway=GATEWAY, port=self.broker.port))
        (folder / "trust.json").write_bytes(write_trust([fleet.KEY]))
        (folder / "revocations.json").write_bytes(write_revocations(Revocations(int(time.time()))))
        made = ask("token", "create", self.config, "tester", "--scope=freight:read,freight:write,stats:read")
        assert made.returncode == 0, made.stderr
        self.token = made.stdout.strip().splitlines()[-1]

    def start(self) -> tuple[Process, httpx.Client]:
        """A gateway and its API."""
        process = Process(self.config)
        self.stack.callback(lambda: process.child.poll() is None and process.end(signal.SIGKILL))
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{process.ready['api_port']}/api/v1",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        return process, self.stack.enter_context(client)


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    with contextlib.ExitStack() as stack:
        yield Road(tmp_path, stack)


def shown_code() -> str:
    """What the terminal's screen shows now."""
    now_s = int(time.time())
    content = Content(
        Holder.DRIVER, fleet.HOLDER, "张**", fleet.PLATE, int(fleet.COLOUR), ("A2",), Colour.BLUE, now_s - 60,
        now_s + 86400, fleet.KEY.key_id,
    )  # fmt: skip
    code = StandIn(fleet.GUOMI).sign(content, fleet.PRIVATE)
    day, second = divmod(now_s - EPOCH_2000_S, 86400)
    return code + presence.proof(code.encode(), day, second, REFERENCE, PRESENCE_KEY, hashed).decode()


def hear(truck: Truck, message_id: int) -> bytes:
    """The next message of that id, answered; the body."""
    while True:
        heard = truck.hear()
        assert heard is not None, "the gateway closed"
        if heard.id == message_id:
            truck.send(
                0x0001, heard.header.serial.to_bytes(2, "big") + message_id.to_bytes(2, "big") + b"\0", 77
            )
            return bytes(heard.body)


def load(number: str, loaded: bool) -> bytes:
    """The body of 0x0701."""
    when = time_text(int(time.time()))[2:]
    text = f"DYWB1;{'L' if loaded else 'U'};{number};{when};{KUNMING[0]};{KUNMING[1]};;steel"
    return walk.encode_body(0x0701, 2013, {"content": text.encode("gbk")})


def card_in() -> bytes:
    """The body of 0x0702 of the fleet's driver."""
    values = {
        "status": 1, "time_bcd": bytes.fromhex(time_text(int(time.time()))[2:]), "read_result": 0,
        "name": "张三".encode("gbk"), "qualification": b"D-qualification".ljust(20, b"\0"), "issuer": b"YN",
        "valid_until_bcd": bytes.fromhex("20991231"),
    }  # fmt: skip
    return walk.encode_body(0x0702, 2013, values)


def position() -> bytes:
    """The body of 0x0200, on the road now."""
    values = {
        "alarm": 0, "status": 3, "latitude_udeg": KUNMING[0], "longitude_udeg": KUNMING[1], "altitude_m": 0,
        "speed_dkmh": 500, "direction_deg": 0, "time_bcd": bytes.fromhex(time_text(int(time.time()))[2:]),
        "items": [], "trailing": b"",
    }  # fmt: skip
    return walk.encode_body(0x0200, 2013, values)


def refuse_small_carriers(item: Item) -> Result:
    """3005 for a funds document of a carrier called small."""
    if item.kind is Kind.FUNDS and item.document["carrier"] == "small":
        return Result(item.reference, ResultCode.FIELD_CHECK_FAILED, "carrier", "not on the register")
    return Result(item.reference, ResultCode.OK)


def test_a_day_of_one_truck(road: Road, tmp_path: Path) -> None:
    """Keys and code down, scan, order, loaded, under way, unloaded, documents, refusal, correction,
    evidence."""
    peer = road.peer
    peer.judge = refuse_small_carriers
    peer.know(present_fleet())
    process, api = road.start()
    truck = Truck(process.port).log_in()
    peer.push("key-1", push.key_push(datetime.now(UTC), 1, REFERENCE, PRESENCE_KEY), fleet.TERMINAL)
    assert hear(truck, 0x8900)[0] == push.PASSTHROUGH_TYPE
    asked = {
        "vehicle": f"{fleet.PLATE}/{fleet.COLOUR}",
        "driver": fleet.IDENTITY,
        "cargo": "0400",
        "weight_kg": 17_500,
    }
    wait_for(lambda: api.post("/capacity", json=asked).json()["answer"] == "yes", "the registers")

    text = shown_code()
    answer = api.post("/dispatch", json={"text": text, "order": {"document": order("YD1")}})
    assert answer.status_code == 201, answer.text
    assert api.post("/dispatch", json={"text": text, "order": {"document": order("YD1")}}).status_code == 200
    assert api.post("/dispatch", json={"text": text, "order": {"document": order("YD2")}}).status_code == 409
    assert hear(truck, 0x8900) == bytes([ORDER_TYPE]) + "#YD;L;YD1;螺纹钢 17.5t".encode("gbk")

    truck.send(0x0701, load("YD1", True), 10)
    truck.send(0x0200, position(), 11)
    wait_for(lambda: api.get("/waybills/YD1/0000").json()["state"] == "under_way", "the departure")
    truck.send(0x0701, load("YD1", False), 12)
    wait_for(lambda: len(peer.arrived) == 2, "the waybill and its track")
    assert [each.kind for each in peer.arrived] == [Kind.WAYBILL, Kind.LOCATION]

    wrong = funds("YD1") | {"carrier": "small"}
    reference = api.post("/documents", json={"kind": Kind.FUNDS.value, "document": wrong}).json()["reference"]
    wait_for(lambda: api.get(f"/documents/{reference}").json()["state"] == "refused", "the refusal")
    assert api.get(f"/documents/{reference}").json()["faults"] == [
        {"field": "carrier", "code": "3005", "detail": "not on the register"}
    ]
    better = api.put(f"/documents/{reference}", json={"document": funds("YD1")})
    assert better.status_code == 201, better.text
    wait_for(lambda: len(peer.arrived) == 4, "the correction")
    assert (peer.arrived[3].revision, peer.arrived[3].kind) == (2, Kind.FUNDS)
    wait_for(lambda: api.get("/documents", params={"state": "taken"}).json()["items"][2:], "the receipts")
    assert api.get("/waybills/YD1/0000").json()["state"] == "paid"

    wait_for(lambda: _anchored(api, peer), "the last anchor")
    bundle = tmp_path / "bundle"
    made = ask("evidence", "export", road.config, "YD1", "--out", bundle, "--opened")
    assert made.returncode == 0, made.stderr
    verify = [sys.executable, "-m", "protocols.evidence", "verify", str(bundle)]
    assert subprocess.run(verify, check=False, cwd="/", capture_output=True).returncode == 0

    peer.know(_red_fleet())
    wait_for(lambda: api.post("/capacity", json=asked).json()["answer"] == "no", "the red code")
    truck.send(0x0702, card_in(), 13)
    assert "drove red" in hear(truck, 0x8300)[1:].decode("gbk")
    assert process.end() == 0


def _anchored(api: httpx.Client, peer: Peer) -> bool:
    bundle = api.get("/waybills/YD1/0000/evidence").content
    report = verify_bundle(bundle, published=[decode_anchor(each) for each in list(peer.anchors)])
    return report.holds and bool(report.anchors)


def _red_fleet() -> Snapshot:
    snapshot = present_fleet(sequence=2)
    red = tuple(replace(each, colour=Colour.RED, causes=("drove red",)) for each in snapshot.drivers)
    return replace(snapshot, drivers=red)


def test_an_uplink_that_is_away_and_a_kill_lose_and_repeat_nothing(road: Road) -> None:
    """Two hours in seconds: the broker goes away in the middle of the traffic, the gateway is killed, both
    come back; every document arrives once, in order per waybill."""
    process, api = road.start()
    expected: dict[str, list[str]] = {}

    def hand_in(numbers: range) -> None:
        for number in numbers:
            name = f"W{number}"
            for kind, document in ((Kind.WAYBILL, waybill(name)), (Kind.FUNDS, funds(name, f"Z{number}"))):
                answer = api.post("/documents", json={"kind": kind.value, "document": document})
                assert answer.status_code == 201, answer.text
                expected.setdefault(name, []).append(answer.json()["reference"])

    hand_in(range(5))
    wait_for(lambda: road.peer.arrived, "the first document")
    road.broker.kill()
    hand_in(range(5, 9))
    process.end(signal.SIGKILL)
    process, api = road.start()
    hand_in(range(9, 12))
    road.broker.start()
    everything = {each for mine in expected.values() for each in mine}
    _wait(lambda: len(api.get("/documents", params={"state": "taken", "limit": 500}).json()["items"]) == 24)
    order_of_arrival = [item.reference for item in road.peer.arrived]
    assert sorted(order_of_arrival) == sorted(everything)
    for name, mine in expected.items():
        assert [each for each in order_of_arrival if each in mine] == mine, name
    assert process.end() == 0


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "not everything was taken within 60 s"
        time.sleep(0.05)


def test_a_newer_code_replaces_one_that_waits(road: Road) -> None:
    """While the truck is away two codes and a colour come; it gets the last code and the colour, once
    each."""
    process, api = road.start()
    truck = Truck(process.port).log_in()
    truck.close()
    issued = datetime.now(UTC)

    def code(text: str) -> push.DriverCode:
        return push.DriverCode(text, push.Colour.BLUE, issued + timedelta(days=1), None, fleet.PLATE)

    road.peer.push("a", push.code_push(issued, 1, code("DYC1:OLD")), fleet.TERMINAL)
    road.peer.push("b", push.code_push(issued, 2, code("DYC1:NEW")), fleet.TERMINAL)
    road.peer.push("b", push.code_push(issued, 2, code("DYC1:NEW")), fleet.TERMINAL)
    road.peer.push("c", push.colour_push(issued, 3, push.Colour.YELLOW), fleet.TERMINAL)
    wait_for(lambda: api.get("/freight").json()["errands"] == 0 and api.get("/freight").json()["pushes"] == 3)
    again = Truck(process.port).log_in(truck.code)
    first, second = push.parse(hear(again, 0x8900)[1:]), push.parse(hear(again, 0x8900)[1:])
    assert (first["code"], second["kind"]) == (b"DYC1:NEW", push.Kind.COLOUR)
    assert process.end() == 0
