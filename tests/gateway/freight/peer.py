"""A monitoring system of a few lines that speaks the documented format: what any other implementation would
see."""

import json
import threading
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols.freight.registers import Snapshot
from protocols.freight.snapshot import seal
from protocols.monitoring.documents import (
    DocumentReceipt,
    Item,
    Result,
    ResultCode,
    decode_upload,
    encode_document_receipt,
)
from protocols.monitoring.topics import (
    anchors_filter,
    codes_topic,
    document_receipts_topic,
    documents_filter,
    snapshots_topic,
)
from tests.freight import fleet

PREFIX = "gov/v1"
LAST_DAY = "20991231"
Judge = Callable[[Item], Result]


def accept(item: Item) -> Result:
    """Everything is well."""
    return Result(item.reference, ResultCode.OK)


class Peer:
    """arrived: each document once, in order. times: how often a reference came. anchors: as they came."""

    def __init__(self, port: int, gateway: str, judge: Judge = accept) -> None:
        self.judge = judge
        self.gateway = gateway
        self.arrived: list[Item] = []
        self.times: dict[str, int] = defaultdict(int)
        self.anchors: list[bytes] = []
        self._answers: dict[str, Result] = {}
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="peer", clean_session=False, protocol=mqtt.MQTTv311
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(20)

    def stop(self) -> None:
        """Leaves the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def know(self, snapshot: Snapshot) -> None:
        """Puts the registers where the gateway finds them."""
        payload = seal(snapshot, fleet.SIGNER)
        self._client.publish(snapshots_topic(PREFIX, self.gateway), payload, 1, True).wait_for_publish(20)

    def push(self, name: str, content: bytes, terminal: str = "") -> None:
        """Sends something to a terminal's screen."""
        message = {
            "v": 1, "id": name, "plate": fleet.PLATE, "plate_colour": int(fleet.COLOUR), "terminal": terminal,
            "push": b64encode(content).decode(),
        }  # fmt: skip
        self._client.publish(
            codes_topic(PREFIX, self.gateway), json.dumps(message).encode(), 1
        ).wait_for_publish(20)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe([(documents_filter(PREFIX), 1), (anchors_filter(PREFIX), 1)])

    def _on_message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if "/anchor/" in message.topic:
            self.anchors.append(bytes(message.payload))
            return
        upload = decode_upload(bytes(message.payload))
        results = []
        for item in upload.documents:
            self.times[item.reference] += 1
            if item.reference in self._answers:
                known = self._answers[item.reference]
                repeated = known.code in (ResultCode.OK, ResultCode.REPEATED)
                results.append(Result(item.reference, ResultCode.REPEATED) if repeated else known)
                continue
            self._answers[item.reference] = result = self.judge(item)
            self.arrived.append(item)
            results.append(result)
        receipt = encode_document_receipt(DocumentReceipt(upload.message, tuple(results)))
        client.publish(document_receipts_topic(PREFIX, self.gateway), receipt, 1)


def present_fleet(**changes: object) -> Snapshot:
    """The fleet as of this second of the real clock, its papers good for a lifetime."""
    now_s = int(time.time())
    snapshot = fleet.snapshot(issued_s=now_s, valid_until_s=now_s + 86400)

    def renewed(entries: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(
            replace(each, papers=tuple(replace(paper, valid_to=LAST_DAY) for paper in each.papers))  # type: ignore[attr-defined,type-var]
            for each in entries
        )

    return replace(
        snapshot,
        companies=renewed(snapshot.companies),  # type: ignore[arg-type]
        vehicles=renewed(snapshot.vehicles),  # type: ignore[arg-type]
        drivers=renewed(snapshot.drivers),  # type: ignore[arg-type]
        **changes,  # type: ignore[arg-type]
    )
