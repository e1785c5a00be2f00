"""`python -m simulator.authority`: the virtual monitoring system as a process of its own.

Prints `{"event":"ready",…}` when it is subscribed, and its counts as one JSON line when it ends.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Final

import typer

from protocols.monitoring.envelopes import Envelope
from protocols.monitoring.topics import DEFAULT_PREFIX

from .service import Authority

_READY_POLL_S: Final = 0.5


def run(
    broker: str,
    database: Path,
    topic_prefix: str = DEFAULT_PREFIX,
    client_id: str = "authority",
    envelope: Envelope | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT. broker: `HOST:PORT`. Raises ValueError when that is not its form."""
    host, colon, port = broker.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{broker!r} is not HOST:PORT")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    authority = Authority(host, int(port), database, topic_prefix, client_id=client_id, envelope=envelope)
    with authority:
        ready = authority.wait_until_ready(_READY_POLL_S)
        if not ready:
            logging.getLogger(__name__).warning("waiting for the broker at %s", broker)
        while not ready and not ended.is_set():
            ready = authority.wait_until_ready(_READY_POLL_S)
        if ready:
            _say({"event": "ready", "broker": broker, "database": str(database)})
        ended.wait()
    _say({"event": "stopped"} | authority.stats())


def main(
    broker: Annotated[str, typer.Option(help="HOST:PORT of the MQTT broker")],
    database: Annotated[Path, typer.Option(help="SQLite file, made when absent")],
    topic_prefix: Annotated[
        str, typer.Option(help="what the gateway's configuration says too")
    ] = DEFAULT_PREFIX,
    client_id: Annotated[str, typer.Option(help="names the durable session")] = "authority",
) -> None:
    """A virtual monitoring system: stores every report once and sends receipts."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        run(broker, database, topic_prefix, client_id)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _say(event: dict[str, object]) -> None:
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    typer.run(main)
