"""A message that meets a bug, or half a character, must not end the thread that reads all of them."""

from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as mqtt

from protocols.freight.consent import Purpose
from protocols.freight.documents import Kind
from protocols.monitoring.documents import Item, ResultCode, Upload, encode_upload
from protocols.monitoring.topics import DEFAULT_PREFIX, documents_topic
from protocols.wire.errors import LocalProtocolError
from simulator.authority.bureau import Waiting
from simulator.authority.house import House
from simulator.authority.line import Line
from simulator.freight import SCENARIOS, build

from .freight import GATEWAY, entered


class _Client:
    """Takes note of what is acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def ack(self, mid: int, qos: int) -> None:
        self.acknowledged.append(mid)

    def publish(self, *_: Any, **__: Any) -> None:
        """Receipts are not of interest here."""


def _arrives(line: Line, client: Any) -> None:
    message = mqtt.MQTTMessage(7, documents_topic(DEFAULT_PREFIX, GATEWAY).encode())
    item = Item("r1", Kind.DRIVER, 1, Purpose.MONITORING, {"drivingLicense": "x"})
    message.payload, message.qos = encode_upload(Upload(GATEWAY, 1, (item,))), 1
    line._arrived(client, None, message)


def test_a_bug_is_counted_and_the_message_left_with_the_broker() -> None:
    def take(_: Upload) -> Any:
        raise TypeError("a bug")

    line = Line(("127.0.0.1", 1), take, anchor=lambda *_: None, on_connected=lambda: None)
    client = _Client()
    _arrives(line, client)
    assert (line.counts["crashes"], client.acknowledged) == (1, [])


@pytest.mark.parametrize("identity", ["\ud800", "x" * 10_000, "\0"])
def test_an_identity_number_that_is_none_is_refused_as_any_other_fault(tmp_path: Path, identity: str) -> None:
    desk = entered(tmp_path, build(SCENARIOS["pilot"], 6, faults={}), 0)
    item = Item("r1", Kind.DRIVER, 1, Purpose.MONITORING, {"drivingLicense": identity})
    receipt = desk.arrivals.take(Upload(GATEWAY, 1, (item,)), 1_770_000_000)
    assert receipt.results[0].code is ResultCode.FIELD_CHECK_FAILED
    desk.close()


class _Line:
    """A line that has no key for the first gateway."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.snapshots: list[str] = []

    def sent(self) -> list[str]:
        """None yet."""
        return []

    def send_code(self, gateway: str, name: str, payload: bytes) -> None:
        """See `Line`."""
        self._sealed(gateway)
        self.codes.append(name)

    def send_snapshot(self, gateway: str, sealed: bytes) -> None:
        """See `Line`."""
        self._sealed(gateway)
        self.snapshots.append(gateway)

    def _sealed(self, gateway: str) -> None:
        if gateway == "a-first":
            raise LocalProtocolError("no key", field="keys")


def test_a_gateway_without_a_key_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build(SCENARIOS["pilot"], 6, faults={})
    house = object.__new__(House)
    house.desk = entered(tmp_path, world, 0)
    house.desk.bureau.registry.put_gateway("a-first", world.registers.enterprises, at_s=0, actor="test")
    line = _Line()
    house._line, house._under_way, house._snapshots = line, {}, {}  # type: ignore[assignment]
    pushes = [Waiting("1", "a-first", b"x"), Waiting("2", GATEWAY, b"x")]
    monkeypatch.setattr(house.desk.bureau, "waiting", lambda: pushes)
    house._carry_pushes()
    house._carry_snapshots(1_770_000_000)
    assert (line.codes, line.snapshots) == (["2"], [GATEWAY])
    house.desk.close()
