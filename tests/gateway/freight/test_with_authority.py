"""Gateway and authority, the real ones, over a real broker and the guarded line: from the application for a
code to a red one that stops; and nobody else at the broker reads a name.
"""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_gateway.freight.orders import LATER
from protocols.driver_code import push
from protocols.driver_code.lists import write_trust
from protocols.driver_code.presence import hashed
from protocols.evidence import decode_anchor, verify_bundle
from protocols.freight.documents import Kind
from protocols.guomi import choose
from protocols.monitoring.envelopes import KeyRing, load_envelope, new_keys, public_ring, write_ring
from protocols.monitoring.envelopes.suites import GuomiSuite
from protocols.wire import presence
from simulator.authority.books.accounts import AccountKind
from simulator.authority.books.documents import uploads
from simulator.authority.house import ANCHOR, House, Settings
from simulator.broker import Broker
from simulator.freight import SCENARIOS, World, build
from simulator.freight.registration import phone_of
from tests.authority.freight import GATEWAY, entered, recent
from tests.authority.test_house import application, logged_in
from tests.gateway.support import wait_for
from tests.gateway.test_cli import Process, ask
from tests.gateway.test_server import Truck
from tests.gateway.test_session import registration

from .house import EPOCH_2000_S
from .test_process import hear, load, position

pytestmark = pytest.mark.slow  # a broker, the authority, a process
NUMBER = "E2E1"
SCREEN_S = 3.0  # from a violation to the truck
CONFIG = """
[gateway]
id = "{gateway}"
[server]
port = 0
[mqtt]
port = {port}
envelope = "guomi"
envelope_keys = "{gateway}.keys"
envelope_peers = "authority.public"
[api]
enabled = true
port = 0
[freight]
enabled = true
trust_file = "trust.json"
authority_url = "http://127.0.0.1:{authority}"
authority_account = "gateway"
authority_secret_file = "secret"
refresh_s = 0.5
location_delay_s = 0
anchor_interval_s = 0.3
"""


class Story:
    """world: whom it is about. house: the authority. api: of the gateway. truck: of the driver."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        now_s = int(time.time())
        self.world: World = build(SCENARIOS["pilot"], 8, faults={}, period=recent(now_s))
        entered(folder / "authority", self.world, now_s).close()
        broker = stack.enter_context(Broker(folder / "broker"))
        self.capture: list[bytes] = []
        stack.callback(_listen(broker.port, self.capture))
        suite = GuomiSuite(choose())
        for owner in (GATEWAY, "authority"):
            ring = KeyRing(new_keys(suite, owner, 0))
            write_ring(folder / f"{owner}.keys", ring)
            write_ring(folder / f"{owner}.public", public_ring(ring))
        envelope = load_envelope("guomi", folder / "authority.keys", folder / f"{GATEWAY}.public")
        settings = Settings(
            folder / "authority", ("127.0.0.1", broker.port), presence=True, envelope=envelope
        )
        self.house = stack.enter_context(House(settings))
        assert self.house.wait_until_ready(20)
        (folder / "trust.json").write_bytes(write_trust(self.house.desk.keys.trusted()))
        (folder / "secret").write_text(self.house.desk.accounts.add("gateway", AccountKind.PLATFORM))
        config = folder / "gateway.toml"
        config.write_text(CONFIG.format(gateway=GATEWAY, port=broker.port, authority=self.house.port))
        made = ask("token", "create", config, "tester", "--scope=freight:read,freight:write")
        assert made.returncode == 0, made.stderr
        process = Process(config)
        stack.callback(lambda: process.child.poll() is None and process.end(signal.SIGKILL))
        self.api = stack.enter_context(
            httpx.Client(
                base_url=f"http://127.0.0.1:{process.ready['api_port']}/api/v1",
                headers={"Authorization": f"Bearer {made.stdout.strip().splitlines()[-1]}"},
                timeout=30,
            )
        )
        self.vehicle = next(each for each in self.world.cast.vehicles if each.terminal and not each.dangerous)
        self.truck = Truck(process.port)
        stack.callback(self.truck.close)
        self.truck.phone = bytes.fromhex(phone_of(self.world)[self.vehicle.key].zfill(12))
        self.truck.send(0x0100, registration(2013, plate=self.vehicle.plate.encode("gbk")), 1)
        code = self.truck.hear().auth_code
        self.truck.send(0x0102, code, 2)
        assert self.truck.hear().brief == (0x0102, 2, 0)

    def order(self) -> dict[str, Any]:
        """A waybill of this vehicle before its trip, with the scanned driver left open."""
        document = next(
            dict(each.document)
            for each in self.world.uploads
            if each.kind is Kind.WAYBILL
            and each.document["vehicleInfo"]["vehicleNumber"] == self.vehicle.plate
        )
        for name in LATER:
            del document[name]
        goods = document["vehicleInfo"]["goodsInfo"]
        return document | {
            "shippingNoteNumber": NUMBER,
            "serialNumber": "0000",
            "vehicleInfo": {"goodsInfo": goods},
        }

    def screen(self) -> dict[str, Any]:
        """The next push that reaches the truck's screen."""
        body = hear(self.truck, 0x8900)
        assert body[0] == push.PASSTHROUGH_TYPE
        return push.parse(body[1:])

    def arrived(self) -> list[str]:
        """Kinds of the documents that the authority keeps of our waybill, in order of arrival."""
        return _kinds(self.house)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with contextlib.ExitStack() as stack:
        yield Story(tmp_path, stack)


def test_from_the_application_to_a_red_code(story: Story) -> None:
    asked = application(story.world, story.house)
    driver = logged_in(story.house, "driver", AccountKind.DRIVER, str(asked["identity"]))
    assert driver.post("/codes/applications", json=asked).status_code == 201
    key, code = story.screen(), story.screen()
    assert (key["kind"], code["kind"], code["colour"]) == (push.Kind.KEY, push.Kind.CODE, push.Colour.BLUE)
    question = {"vehicle": story.vehicle.key, "driver": asked["identity"], "company": asked["carrier_id"]}
    wait_for(lambda: story.api.post("/capacity", json=question).json()["answer"] == "yes", "the registers")

    text = code["code"].decode() + _proof(code["code"], key)
    answer = story.api.post("/dispatch", json={"text": text, "order": {"document": story.order()}})
    assert answer.status_code == 201, answer.text
    assert answer.json()["held"] == []
    assert (answer.json()["code"]["colour"], answer.json()["code"]["colour_from"]) == ("blue", "online")
    assert NUMBER.encode() in hear(story.truck, 0x8900)

    story.truck.send(0x0701, load(NUMBER, True), 10)
    story.truck.send(0x0200, position(), 11)
    wait_for(
        lambda: story.api.get(f"/waybills/{NUMBER}/0000").json()["state"] == "under_way", "the departure"
    )
    story.truck.send(0x0701, load(NUMBER, False), 12)
    wait_for(lambda: story.arrived() == [Kind.WAYBILL, Kind.LOCATION], "the documents")
    wait_for(lambda: _anchored(story), "the anchor")

    desk = logged_in(story.house, "desk", AccountKind.PLATFORM)
    began = time.monotonic()
    violation = {"number": "V1", "severity": "serious", "words": "drove red", "identity": asked["identity"]}
    assert desk.post("/violations", json=violation).json()["colour"] == "red"
    assert story.screen()["colour"] == push.Colour.RED
    assert time.monotonic() - began < SCREEN_S
    wait_for(lambda: "red" in _codes(story.api.post("/capacity", json=question)), "the red code")
    again = code["code"].decode() + _proof(code["code"], key, 1)
    refused = story.api.post("/dispatch", json={"text": again, "order": {"document": story.order()}})
    assert refused.status_code == 409, refused.text

    secrets = [asked["identity"], asked["name"], story.vehicle.plate, code["code"].decode(), NUMBER]
    assert len(story.capture) > 10
    for secret in secrets:
        assert not any(str(secret).encode() in payload for payload in story.capture), "in clear on the line"


def _listen(port: int, capture: list[bytes]) -> Callable[[], object]:
    """Hears everything that the broker passes on; gives what ends it."""
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="capture")
    client.on_connect = lambda *_: client.subscribe("gov/v1/#", qos=0)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _data, message: capture.append(bytes(message.payload))
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(20)

    def end() -> None:
        client.disconnect()
        client.loop_stop()

    return end


def _codes(answer: httpx.Response) -> set[str]:
    return {each["code"] for each in answer.json()["reasons"]} if answer.json()["answer"] == "no" else set()


def _proof(code: bytes, key: dict[str, Any], later_s: int = 0) -> str:
    """What the terminal adds to its code now."""
    day, second = divmod(int(time.time()) + later_s - EPOCH_2000_S, 86400)
    return presence.proof(code, day, second, key["key"], bytes(key["secret"]), hashed).decode()


def _anchored(story: Story) -> bool:
    anchors = [
        decode_anchor(bytes.fromhex(body["payload"])) for _, body in story.house.desk.book.shelf(ANCHOR)
    ]
    bundle = story.api.get(f"/waybills/{NUMBER}/0000/evidence").content
    report = verify_bundle(bundle, published=anchors)
    return report.holds and bool(report.anchors)


def _kinds(house: House) -> list[str]:
    return [each.kind for _, each in uploads(house.desk.book) if NUMBER in json.dumps(each.document)]
