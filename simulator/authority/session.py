"""The MQTT client of both lines of the authority: a durable session, and no PUBACK but by hand."""

from __future__ import annotations

from typing import Final

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

KEEPALIVE_S: Final = 30
_RECONNECT_S: Final = (1, 5)  # paho doubles from the first to the second
_IN_FLIGHT: Final = 200  # messages of ours that the broker has not taken yet


def durable_client(client_id: str) -> mqtt.Client:
    """Not connected yet. The session of this name outlives the connection: what comes meanwhile waits."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=False,
        protocol=mqtt.MQTTv311,
        manual_ack=True,
    )
    client.reconnect_delay_set(*_RECONNECT_S)
    client.max_inflight_messages_set(_IN_FLIGHT)
    return client
