"""Commands over a real broker and a real gateway: asked for, told of, found again by their id."""

import asyncio
import json
import queue
import select
import signal
import threading
from pathlib import Path
from typing import ClassVar

import jsonschema
import pytest
import yaml
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_gateway.commands import CommandError, over_mqtt
from edge_gateway.commands.over_mqtt import SCHEMA, MqttCommands, request_of
from edge_gateway.delivery.link import Answer, LinkError, Puback
from edge_gateway.delivery.settings import Settings
from protocols import monitoring
from simulator.broker import Broker
from tests.gateway.support import DEADLINE_S
from tests.gateway.test_cli import CONFIG, Process
from tests.gateway.test_server import Truck

from .test_gateway import confirm
from .test_service import running, until

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

REQUEST_SCHEMA, RESULT_SCHEMA = (
    json.loads((Path(monitoring.__file__).parent / f"{name}.schema.json").read_text("utf-8"))
    for name in ("command-1", "command-result-1")
)
GOOD = {"schema": SCHEMA, "cmd_id": "c1", "terminal": "13800138000", "message": "TextMessage",
        "body": {"flag": ["display"], "text": "ABC"}}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": "x"}, "schema"),
        ({"cmd_id": 1}, "cmd_id"),
        ({"terminal": None}, "terminal"),
        ({"body": []}, "body"),
        ({"file": 1}, "file"),
        ({"not_after": "tomorrow"}, "not_after"),
        ({"not_after": "2026-01-01T00:00:00"}, "not_after"),
        ({"colour": 1}, "colour"),
    ],
)
def test_wrong_requests_name_the_field(change, field):
    with pytest.raises(CommandError) as caught:
        request_of(json.dumps({**GOOD, **change}).encode())
    assert caught.value.field == field


def test_the_schema_says_what_is_taken():
    for change, taken in (
        ({}, True),
        ({"message": 0x8300, "file": "ab", "not_after": "2026-01-01T00:00:00Z"}, True),
        ({"message": None}, False),
        ({"colour": 1}, False),
        ({"cmd_id": 1}, False),
    ):
        request = {**GOOD, **change}
        assert jsonschema.Draft202012Validator(REQUEST_SCHEMA).is_valid(request) == taken
        if taken:
            assert request_of(json.dumps(request).encode()).idempotency_key == "c1"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"[" * 10_000, b"x" * 70_000])
def test_what_is_no_request(payload):
    with pytest.raises(CommandError):
        request_of(payload)


class Dispatcher:
    """The other side of the broker."""

    def __init__(self, port):
        self.results, self.all = queue.Queue(), []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="dispatcher")
        ready = queue.Queue()
        self.client.on_subscribe = lambda *_: ready.put(True)
        self.client.on_message = lambda _c, _d, message: self.take(json.loads(message.payload))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe("gov/v1/cmd-result/test", qos=1)
        ready.get(timeout=DEADLINE_S)

    def ask(self, request, qos=1):
        self.client.publish("gov/v1/cmd/test", json.dumps(request), qos=qos).wait_for_publish(DEADLINE_S)

    def take(self, result):
        self.all.append(result)
        self.results.put(result)

    def told(self, state):
        """The next result with this state."""
        while True:
            result = self.results.get(timeout=DEADLINE_S)
            if result["state"] == state:
                return result

    def close(self):
        self.client.loop_stop()
        self.client.disconnect()


def test_a_command_over_the_broker(tmp_path):
    with Broker(tmp_path / "broker") as broker:
        config = tmp_path / "gateway.toml"
        config.write_text(
            CONFIG.replace("enabled = false", f"port = {broker.port}") + "\n[commands]\nmqtt = true\n"
        )
        process, dispatcher = Process(config), Dispatcher(broker.port)
        try:
            truck = Truck(process.port).log_in()
            while True:  # the gateway subscribes when it is ready to; what is asked before is asked again
                dispatcher.ask(GOOD)
                try:
                    first = dispatcher.results.get(timeout=1.0)
                    break
                except queue.Empty:
                    continue
            assert (first["cmd_id"], first["terminal"]) == ("c1", "13800138000")
            heard = truck.hear()
            assert (heard.id, heard.body) == (0x8300, b"\x04ABC")
            confirm(truck, heard)
            done = dispatcher.told("acknowledged")
            assert (done["done"], done["result"], done["cmd_id"]) == (True, "ok", "c1")
            dispatcher.ask(GOOD)
            assert dispatcher.told("acknowledged")["id"] == done["id"]  # the same command, not sent again
            dispatcher.ask({**GOOD, "cmd_id": "c2", "terminal": "999"})
            refused = dispatcher.told("rejected")
            dispatcher.ask({**GOOD, "cmd_id": "c3", "terminal": "998"}, qos=0)  # wants no PUBACK, gets none
            assert dispatcher.told("rejected")["cmd_id"] == "c3"
            assert (refused["cmd_id"], refused["field"]) == ("c2", "terminal")
            dispatcher.ask({**GOOD, "cmd_id": "c1", "body": {"hex": "00"}})
            assert dispatcher.told("rejected")["field"] == "idempotency_key"
            for result in dispatcher.all:
                jsonschema.Draft202012Validator(RESULT_SCHEMA).validate(result)
        finally:
            dispatcher.close()
            if process.child.poll() is None:
                assert process.end(signal.SIGTERM) == 0


def test_halves_of_characters_are_refused_and_told():
    """JSON can hold them, no file and no topic can."""
    for change in ({"cmd_id": "\ud800"}, {"\udfff": 1}, {"body": {"text": "\ud800"}}):
        with pytest.raises(CommandError, match="not JSON"):
            request_of(json.dumps({**GOOD, **change}).encode())


class Session:
    """The broker's side of one connection, so far as commands see it."""

    made: ClassVar[list["Session"]] = []
    to_give: ClassVar[list[bytes]] = []

    def __init__(self, settings, keeps_answers=False, envelope=None):
        assert keeps_answers, "what is not on the disk yet is still the broker's"
        self.ready, self.lost = True, threading.Event()
        self.published, self.acknowledged, self.pubacks = [], [], []
        self._news = [Answer(payload, mid) for mid, payload in enumerate(self.to_give, 1)]
        self.made.append(self)

    def open(self):
        return

    def close(self):
        return

    def publish(self, topic, payload):
        self.published.append(json.loads(payload))
        return len(self.published)

    def acknowledge(self, mid):
        self.acknowledged.append(mid)

    def wait(self, wake, timeout_s):
        select.select([wake], [], [], 0.01)
        if self.lost.is_set():
            raise LinkError("gone")

    def events(self):
        news, self._news = self._news, []
        pubacks, self.pubacks = self.pubacks, []
        return [*news, *map(Puback, pubacks)]


def test_the_broker_keeps_a_request_until_it_is_on_the_disk_and_we_a_result_until_the_broker_has_it(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(over_mqtt, "Link", Session)
    monkeypatch.setattr(over_mqtt, "_RECONNECT_MS", (1, 1))
    monkeypatch.setattr(Session, "made", [])
    monkeypatch.setattr(Session, "to_give", [json.dumps(GOOD).encode(), b'{"cmd_id": "\\ud800"}'])
    settings = Settings("", "test", "127.0.0.1", 1883)

    async def scenario():
        async with running(tmp_path) as service:
            write, held = service.store._one, threading.Event()

            def slow(change):
                held.wait(DEADLINE_S)
                return write(change)

            service.store._one = slow
            commands = MqttCommands(settings, service, lambda: 0.0)
            commands.start()
            await until(lambda: Session.made and 2 in Session.made[0].acknowledged)
            first = Session.made[0]
            assert 1 not in first.acknowledged and service.store.get(1) is None
            held.set()
            await until(lambda: first.acknowledged == [2, 1])
            assert service.store.get(1) is not None
            await until(lambda: len(first.published) == 2)
            assert [each["state"] for each in first.published] == ["rejected", "queued"]
            first.pubacks.append(1)  # the broker has the first of the two results
            await until(lambda: not first.pubacks and len(commands._on_the_way) == 1)
            Session.to_give.clear()
            first.lost.set()
            await until(lambda: len(Session.made) > 1 and Session.made[1].published)
            assert [each["state"] for each in Session.made[1].published] == ["queued"], (
                "the other comes again"
            )
            await commands.stop()

    asyncio.run(scenario())


def test_the_example_of_the_contract_is_taken():
    document = yaml.safe_load((Path(monitoring.__file__).parent / "asyncapi.yaml").read_text("utf-8"))
    (example,) = document["components"]["messages"]["command"]["examples"]
    assert request_of(json.dumps(example["payload"]).encode()).message == "TextMessage"
