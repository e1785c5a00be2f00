"""The whole authority over a real broker, and its commands."""

import base64
import json
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from protocols.driver_code import push
from protocols.freight.certificates import Paper
from protocols.freight.snapshot import Trust, open_snapshot
from protocols.guomi import choose
from protocols.monitoring.documents import ResultCode, decode_document_receipt, encode_upload
from protocols.monitoring.envelopes import (
    GUOMI,
    Envelope,
    KeyRing,
    make_envelope,
    new_keys,
    public_ring,
)
from protocols.monitoring.envelopes.profiles import suite_of
from protocols.monitoring.topics import (
    DEFAULT_PREFIX,
    anchors_topic,
    codes_topic,
    document_receipts_topic,
    documents_topic,
    snapshots_topic,
)
from simulator.authority.books import BOOKS, POSITIONS
from simulator.authority.books.accounts import AccountKind
from simulator.authority.books.registry import certificate_to_json
from simulator.authority.commands import app
from simulator.authority.house import ANCHOR, House, Settings
from simulator.authority.store import Store
from simulator.broker import Broker
from simulator.freight import SCENARIOS, World, build
from simulator.freight.registration import driver_papers, phone_of, vehicle_papers

from .freight import GATEWAY, entered, messages, recent

WAIT_S = 20.0
DOWN = (codes_topic, snapshots_topic, document_receipts_topic)
SCREEN_S = 3.0  # from a violation to the broker; the rest of the way is the gateway's


class Gateway:
    """A client that hears what comes down to one gateway, by the end of its topic."""

    def __init__(self, port: int, envelope: Envelope) -> None:
        self._envelope = envelope
        self.heard: dict[str, queue.Queue[bytes]] = {}
        self._ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="a-gateway")
        topics = [topic(DEFAULT_PREFIX, GATEWAY) for topic in DOWN]
        for topic in topics:
            self.heard[topic] = queue.Queue()
        self.client.on_connect = lambda *_: self.client.subscribe([(topic, 1) for topic in topics])
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda _c, _d, message: self.heard[message.topic].put(message.payload)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._ready.wait(WAIT_S)

    def next(self, topic) -> bytes:
        """The next message on this topic."""
        name = topic(DEFAULT_PREFIX, GATEWAY)
        sealed = self.heard[name].get(timeout=WAIT_S)
        return self._envelope.open(sealed, name, now_ms(), fresh=topic is not snapshots_topic)

    def send(self, topic, payload: bytes) -> None:
        """One sealed message up."""
        name = topic(DEFAULT_PREFIX, GATEWAY)
        self.client.publish(name, self._envelope.seal(payload, name, now_ms()), qos=1)

    def stop(self) -> None:
        """Leaves."""
        self.client.disconnect()
        self.client.loop_stop()


def application(world: World, house: House) -> dict[str, object]:
    vehicle = next(each for each in world.cast.vehicles if each.terminal and not each.dangerous)
    driver = vehicle.drivers[0]
    permit = house.desk.bureau.registry.paper(Paper.PERMIT, vehicle.carrier.permit)
    assert permit is not None
    papers = [
        *driver_papers(world.registers.drivers[driver.identity]),
        *vehicle_papers(world.registers.vehicles[vehicle.key], vehicle),
        permit.certificate,
    ]
    return {
        "holder": "driver",
        "identity": driver.identity,
        "name": driver.name,
        "papers": [certificate_to_json(each) for each in papers],
        "plate": vehicle.plate,
        "plate_colour": vehicle.colour,
        "carrier_id": vehicle.carrier.carrier_id,
    }


def logged_in(house: House, name: str, kind: AccountKind, owner: str = "") -> httpx.Client:
    secret = house.desk.accounts.add(name, kind, owner=owner)
    client = httpx.Client(base_url=f"http://127.0.0.1:{house.port}/v1", timeout=WAIT_S)
    token = client.post("/login", json={"account": name, "secret": secret}).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def told(payload: bytes) -> dict[str, object]:
    message = json.loads(payload)
    return push.parse(base64.b64decode(message["push"])) | {"terminal": message["terminal"]}


@pytest.mark.slow
def test_documents_codes_snapshots_and_anchors_over_a_broker(tmp_path: Path) -> None:
    world = build(SCENARIOS["pilot"], 8, faults={}, period=recent(int(time.time())))
    entered(tmp_path / "data", world, int(time.time())).close()
    suite = suite_of(GUOMI)
    ours, theirs = (KeyRing(new_keys(suite, owner, now_ms() - 1000)) for owner in ("authority", GATEWAY))
    with Broker(tmp_path / "broker") as broker:
        settings = Settings(
            tmp_path / "data",
            ("127.0.0.1", broker.port),
            presence=True,
            envelope=make_envelope(GUOMI, ours, public_ring(theirs)),
        )
        gateway = Gateway(broker.port, make_envelope(GUOMI, theirs, public_ring(ours)))
        with House(settings) as house:
            assert house.wait_until_ready(WAIT_S)
            snapshot = open_snapshot(
                gateway.next(snapshots_topic), Trust(choose(), house.desk.keys.trusted())
            )
            assert {each.key for each in snapshot.vehicles} == set(world.registers.vehicles)

            for message in messages(world):
                gateway.send(documents_topic, encode_upload(message))
            for message in messages(world):
                receipt = decode_document_receipt(gateway.next(document_receipts_topic))
                assert receipt.message == message.message
                assert {result.code for result in receipt.results} == {ResultCode.OK}
            gateway.send(documents_topic, b"nonsense")
            gateway.client.publish(documents_topic(DEFAULT_PREFIX, GATEWAY), b"not sealed", qos=1)
            gateway.send(anchors_topic, b"an anchor")

            asked = application(world, house)
            driver = logged_in(house, "driver", AccountKind.DRIVER, str(asked["identity"]))
            desk = logged_in(house, "desk", AccountKind.PLATFORM)
            issued = driver.post("/codes/applications", json=asked).json()
            key, code = told(gateway.next(codes_topic)), told(gateway.next(codes_topic))
            assert (key["kind"], code["kind"]) == (push.Kind.KEY, push.Kind.CODE)
            assert (key["key"], code["code"]) == (code["key"], issued["text"].encode())
            assert code["terminal"] in phone_of(world).values()

            violation = {
                "number": "V",
                "severity": "minor",
                "words": "overtime",
                "identity": asked["identity"],
            }
            started = time.monotonic()
            assert desk.post("/violations", json=violation).json()["colour"] == "yellow"
            yellow = told(gateway.next(codes_topic))
            assert time.monotonic() - started < SCREEN_S
            assert (yellow["kind"], yellow["colour"]) == (push.Kind.CODE, int(push.Colour.YELLOW))
            wait_for(lambda: not house.desk.bureau.waiting())
            assert house.stats()["freight"]["malformed"] == 2
            assert len(house.desk.book.linked(ANCHOR, GATEWAY)) == 1

        # While nobody is there, what is decided waits in the books; the next house sends it.
        late = entered(tmp_path / "data", world, int(time.time()))
        holder = late.bureau.office.holder_of(str(asked["identity"]))
        assert late.bureau.cancel(holder)
        late.close()
        with House(settings):
            assert told(gateway.next(codes_topic))["kind"] is push.Kind.WITHDRAWN
        gateway.stop()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def wait_for(condition: Callable[[], bool]) -> None:
    """Returns once it holds; fails after a while."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


RUN = CliRunner()


def test_accounts_from_the_command_line(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    made = RUN.invoke(app, ["account", "add", "desk", "--kind", "platform", "--scope", "codes:verify", *data])
    assert made.exit_code == 0 and len(made.output.strip()) == 32
    refused = RUN.invoke(app, ["account", "add", "desk", "--kind", "platform", *data])
    assert (refused.exit_code, "taken" in refused.output) == (2, True)
    refused = RUN.invoke(app, ["account", "add", "d", "--kind", "driver", "--scope", "codes:verify", *data])
    assert (refused.exit_code, "scope: 'codes:verify'" in refused.output) == (2, True)
    assert "codes:verify" in RUN.invoke(app, ["account", "list", *data]).output
    assert RUN.invoke(app, ["account", "end", "desk", *data]).exit_code == 0
    assert RUN.invoke(app, ["account", "end", "desk", *data]).exit_code == 2
    assert made.output.strip().encode() not in (tmp_path / BOOKS).read_bytes()


def test_a_report_from_the_command_line(tmp_path: Path) -> None:
    world = build(SCENARIOS["pilot"], 9)
    desk = entered(tmp_path, world, world.period.from_s)
    for message in messages(world):
        desk.arrivals.take(message, world.period.from_s + 1)
    desk.close()
    Store(tmp_path / POSITIONS).close()
    asked = ["report", "--period", "2026Q1", "--out", str(tmp_path / "out"), "--data", str(tmp_path)]
    told_ = RUN.invoke(app, [*asked, "--json"])
    assert told_.exit_code == 0, told_.output
    assert json.loads(told_.output)["14"] == f"{len(world.cast.vehicles) / 1e4:.4f}"
    written = json.loads((tmp_path / "out/report.json").read_text("utf-8"))
    assert len(written["indicators"]) == 19
    assert "网络货运" in (tmp_path / "out/report.html").read_text("utf-8")
    assert "运单重复出现率" in RUN.invoke(app, asked).output
    assert RUN.invoke(app, [*asked[:2], "soon", *asked[3:]]).exit_code == 2
    assert RUN.invoke(app, [*asked[:-1], str(tmp_path / "none")]).exit_code == 3


def test_run_wants_one_folder_or_one_file(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["run", "--broker", "127.0.0.1:1"]).exit_code == 2
    assert RUN.invoke(app, ["run", "--broker", "nowhere", "--data", str(tmp_path)]).exit_code == 2
