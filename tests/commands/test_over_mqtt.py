"""Commands over a real broker and a real gateway: asked for, told of, found again by their id."""

import json
import queue
import signal

import jsonschema
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_gateway.commands import CommandError
from edge_gateway.commands.over_mqtt import REQUEST_SCHEMA, SCHEMA, request_of
from simulator.broker import Broker
from tests.gateway.support import DEADLINE_S
from tests.gateway.test_cli import CONFIG, Process
from tests.gateway.test_server import Truck

from .test_gateway import confirm

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
        self.results = queue.Queue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="dispatcher")
        ready = queue.Queue()
        self.client.on_subscribe = lambda *_: ready.put(True)
        self.client.on_message = lambda _c, _d, message: self.results.put(json.loads(message.payload))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe("gov/v1/cmd-result/test", qos=1)
        ready.get(timeout=DEADLINE_S)

    def ask(self, request):
        self.client.publish("gov/v1/cmd/test", json.dumps(request), qos=1).wait_for_publish(DEADLINE_S)

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
            assert (refused["cmd_id"], refused["field"]) == ("c2", "terminal")
            dispatcher.ask({**GOOD, "cmd_id": "c1", "body": {"hex": "00"}})
            assert dispatcher.told("rejected")["field"] == "idempotency_key"
        finally:
            dispatcher.close()
            if process.child.poll() is None:
                assert process.end(signal.SIGTERM) == 0
