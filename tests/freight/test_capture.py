"""Everything that passes the broker in a run, searched for a planted person: found under plain, nowhere else.

Positions and driver cards by the real delivery, documents, codes and snapshots over the freight lines, each
to the real authority, with its receipts. Searched: every byte of every connection, client ids and topics too.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.delivery import Delivery
from edge_gateway.delivery.link import Answer, Link
from edge_gateway.delivery.settings import settings_of
from edge_gateway.delivery.waker import Waker
from edge_gateway.freight.line import FreightTopics
from protocols.freight import Kind
from protocols.freight.consent import Purpose
from protocols.monitoring.batch import Batch
from protocols.monitoring.documents import (
    DocumentReceipt,
    Item,
    Result,
    ResultCode,
    Upload,
    encode_upload,
)
from protocols.monitoring.envelopes import load_envelope
from protocols.monitoring.forms import encode_batch
from protocols.monitoring.records import MESSAGE, Record
from simulator.authority.line import Line
from simulator.authority.service import Authority
from simulator.broker import Broker
from tests.delivery.journal_in_memory import JournalInMemory
from tests.delivery.settings import Batching, Config, Mqtt
from tests.delivery.test_guarded_road import write_keys
from tests.delivery.waiting import wait_for
from tests.gateway.support import RECEIVED_MS, body_of

from .planted import IDENTITY, NAME, PHONE, PLANTED, driver_body, forms_of, found_in
from .tap import Tap, published, unpacked

pytestmark = pytest.mark.slow

PREFIX = "gov/v1"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


def records() -> list[Record]:
    """Positions and the card of the planted driver, from a terminal with the planted phone."""
    phone = "0" + PHONE
    found = [Record(n, RECEIVED_MS, phone, 2013, 0, 0x0200, n, 0, body_of(n)) for n in range(1, 30)]
    return [*found, Record(30, RECEIVED_MS, phone, 2013, 0, 0x0702, 30, MESSAGE, driver_body())]


def upload() -> Upload:
    """A driver document of the planted person."""
    document = {"driverName": NAME, "drivingLicense": IDENTITY, "telephone": PHONE}
    return Upload("gw", 1, (Item("reference-1", Kind.DRIVER, 1, Purpose.MONITORING, document),))


def config_for(tap: Tap, folder: Path, profile: str) -> Config:
    """The gateway's, through the tap. JSON without compression: nothing but the envelope hides anything."""
    keys: dict[str, Any] = {}
    if profile != "plain":
        write_keys(folder, profile)
        keys = {"envelope_keys": str(folder / "gw.keys"), "envelope_peers": str(folder / "authority.public")}
    mqtt = replace(Mqtt(tap.port), envelope=profile, **keys)
    return Config(mqtt, batch=Batching(form="json", compression="none"))


class Freight:
    """The gateway's freight connection: sends the documents, takes what comes down."""

    def __init__(self, config: Config) -> None:
        (settings,) = settings_of(config)
        topics = FreightTopics(**{name: getattr(settings, name) for name in settings.__dataclass_fields__})
        self._topic = topics.topic
        self.link = Link(topics, topics=(topics.receipts, topics.snapshots, topics.codes))
        self._waker = Waker()
        self._sent = False
        self.came: dict[str, bytes] = {}

    def step(self) -> bool:
        """One round; whether a receipt, a snapshot and a code are there."""
        self.link.wait(self._waker.receiver, 0.05)
        if self.link.ready and not self._sent:
            self.link.publish(self._topic, encode_upload(upload()))
            self._sent = True
        for event in self.link.events():
            if isinstance(event, Answer):
                self.came[event.topic] = event.payload
        return len(self.came) == 3

    def close(self) -> None:
        """Ends the connection."""
        self.link.close()
        self._waker.close()


def run_once(tap: Tap, folder: Path, profile: str) -> tuple[list[Upload], dict[str, bytes]]:
    """Everything travels; gives what the authority and the gateway read."""
    config, taken = config_for(tap, folder, profile), list[Upload]()

    def take(one: Upload) -> DocumentReceipt:
        taken.append(one)
        return DocumentReceipt(
            one.message, tuple(Result(each.reference, ResultCode.OK) for each in one.documents)
        )

    def envelope(name: str) -> Any:
        return load_envelope(
            profile, folder / "authority.keys", folder / "gw.public", seen_file=folder / name
        )

    journal = JournalInMemory()
    journal.append(records())
    with ExitStack() as ending:
        authority = Authority("127.0.0.1", tap.port, folder / "authority.db", envelope=envelope("one"))
        ending.enter_context(authority)
        line = Line(
            ("127.0.0.1", tap.port), take, anchor=lambda *_: None, on_connected=lambda: None,
            prefix=PREFIX, envelope=envelope("two"),
        )  # fmt: skip
        line.start()
        ending.callback(line.stop)
        assert line.wait_until_ready(20)
        line.send_code("gw", "push", json.dumps({"name": NAME}, ensure_ascii=False).encode())
        line.send_snapshot("gw", NAME.encode("gbk") + IDENTITY.encode())
        delivery, freight = Delivery(settings_of(config), journal), Freight(config)
        freight.link.open()
        ending.callback(freight.close)
        delivery.start()
        ending.callback(delivery.stop)
        # A code that was sent before the gateway ever subscribed is nobody's; a snapshot is kept, but a
        # subscription may come while the broker is still about to keep it.
        wait_for(lambda: freight.link.ready or freight.step(), "the freight connection")
        line.send_snapshot("gw", NAME.encode("gbk") + IDENTITY.encode())
        line.send_code("gw", "push", json.dumps({"name": NAME}, ensure_ascii=False).encode())
        wait_for(freight.step, lambda: freight.came)
        wait_for(lambda: journal.confirmed_sequence == 30, delivery.stats)
    return taken, freight.came


@pytest.mark.parametrize("profile", ["plain", "guomi", "rsa-aes"])
def test_a_tapped_line_gives_a_planted_person_away_only_under_plain(
    broker: Broker, tmp_path: Path, profile: str
) -> None:
    with Tap(broker.host, broker.port) as tap:
        taken, came = run_once(tap, tmp_path, profile)
        captured = tap.everything()
    # It did travel, and both ends read it.
    assert taken[0].documents[0].document["driverName"] == NAME
    assert NAME.encode() in came[f"{PREFIX}/code/gw"]
    assert IDENTITY.encode() in came[f"{PREFIX}/registers/gw"]
    assert b"gov/v1/pos/gw" in captured
    assert b"edge-gw-freight" in captured
    assert found_in(captured) == (list(PLANTED) if profile == "plain" else [])


@pytest.mark.parametrize("value", PLANTED)
def test_the_search_finds_every_form(value: str) -> None:
    for form in forms_of(value):
        assert found_in(b"noise" + form + b"noise") == [value]


@pytest.mark.parametrize("compression", ["zlib", "zstd", "none"])
def test_the_search_looks_into_what_is_packed(compression: str) -> None:
    """Bodies stand whole in a batch, and nowhere on the wire once it is compressed."""
    card = records()[-1]
    payload = encode_batch(Batch("gw", [card._replace(sequence=1)]), compression=compression)
    packet = _publish("gov/v1/pos/gw", payload)
    noise = bytes(range(256)) * 3
    stream = _publish("a", noise) + packet + packet[:20]
    assert list(published(stream)) == [noise, payload]
    assert found_in(b"".join(unpacked(stream))) == list(PLANTED)
    assert list(unpacked(noise)) == []


def _publish(topic: str, payload: bytes) -> bytes:
    """An MQTT packet with QoS 1."""
    rest = len(topic).to_bytes(2, "big") + topic.encode() + b"\0\7" + payload
    length = bytes([len(rest) & 0x7F | 0x80, len(rest) >> 7]) if len(rest) > 127 else bytes([len(rest)])
    return b"\x32" + length + rest
