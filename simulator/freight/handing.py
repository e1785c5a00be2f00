"""Hands a world's documents to the gateway, in order; what that would never let go is sent past it.

A gateway of ours holds back a document that its checks find faulty. The indicators are about such documents
too, so they take the way of an operator whose software does not check: by the same contract over MQTT.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols.freight.consent import Purpose
from protocols.monitoring.documents import Item, Upload, decode_document_receipt, encode_upload
from protocols.monitoring.envelopes import Envelope
from protocols.monitoring.topics import DEFAULT_PREFIX, document_receipts_topic, documents_topic

from ..authority.indicators import uploads
from ..http_api import Api
from .site import CARELESS

AT_ONCE: Final = 50  # documents in one message
ANSWERED_S: Final = 60.0
_FAULTY: Final = "faulty"


class HandingError(RuntimeError):
    """A document was not taken, or not answered; the text says which."""


def hand_in(
    office: Api, documents: Iterable[uploads.Upload], told: Callable[[int], None]
) -> tuple[int, list[Item]]:
    """Gives every document to the gateway's API: how many distinct ones it lets go, and those that it finds
    faulty, as they are named there. told: is given how many were handed in so far.

    Raises HandingError, OSError.
    """
    good: set[str] = set()
    faulty: list[Item] = []
    for number, upload in enumerate(documents, start=1):
        asked = {"kind": upload.kind.value, "document": upload.document, "enterprise": upload.enterprise}
        answer = office.post("/documents", asked)
        if answer.status >= 300:
            raise HandingError(f"{upload.reference}: the gateway answered {answer.status}: {answer.body}")
        kept = answer.body
        if kept["state"] == _FAULTY:
            faulty.append(_item(upload, kept))
        else:
            good.add(kept["reference"])
        told(number)
    return len(good), faulty


def send_careless(port: int, items: Sequence[Item], envelope: Envelope) -> None:
    """Publishes the documents and returns when each has its receipt. port: of the broker, on loopback.

    Raises HandingError, OSError.
    """
    parts = [tuple(items[at : at + AT_ONCE]) for at in range(0, len(items), AT_ONCE)]
    messages = [Upload(CARELESS, number, part) for number, part in enumerate(parts, start=1)]
    waiting = {each.message: each for each in messages}
    if not waiting:
        return
    answered = threading.Event()
    topic, receipts = (
        documents_topic(DEFAULT_PREFIX, CARELESS),
        document_receipts_topic(DEFAULT_PREFIX, CARELESS),
    )
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=CARELESS)

    def on_message(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        receipt = decode_document_receipt(envelope.open(bytes(message.payload), receipts, _now_ms()))
        waiting.pop(receipt.message, None)
        if not waiting:
            answered.set()

    def on_subscribe(*_: Any) -> None:
        for message in list(waiting.values()):
            client.publish(topic, envelope.seal(encode_upload(message), topic, _now_ms()), qos=1)

    def on_connect(*_: Any) -> None:
        client.subscribe(receipts, qos=1)

    client.on_connect, client.on_message, client.on_subscribe = on_connect, on_message, on_subscribe
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        if not answered.wait(ANSWERED_S):
            raise HandingError(
                f"{len(waiting)} messages of {CARELESS} have no receipt after {ANSWERED_S:.0f} s"
            )
    finally:
        client.disconnect()
        client.loop_stop()


def _item(upload: uploads.Upload, kept: Any) -> Item:
    """Under the name and revision that the gateway gave it."""
    return Item(
        kept["reference"],
        upload.kind,
        kept["revision"],
        Purpose.MONITORING,
        upload.document,
        upload.enterprise,
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
