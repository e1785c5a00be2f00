"""The same commands over MQTT: asked for on `{prefix}/cmd/{gateway}`, told of on `…/cmd-result/{gateway}`.

A request is what REST takes, with `cmd_id` in the place of the idempotency key; each state that its command
reaches is published. Asking again with the same `cmd_id` tells where it stands: that is how a request or a
result that was lost on the way is found again. Every mistake is told with its field.
"""

import asyncio
import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Final

from protocols.monitoring.topics import command_results_topic, commands_topic

from ..delivery.backoff import Backoff
from ..delivery.link import Answer, Link, LinkError
from ..delivery.sealing import envelope_of
from ..delivery.settings import Settings
from ..delivery.waker import Waker
from ..log import Throttle
from ..store_file import StoreError
from .command import Command, CommandError
from .service import CommandService, Request

SCHEMA: Final = "dianyun.command/1"  # protocols/monitoring/command-1.schema.json
RESULT_SCHEMA: Final = "dianyun.command-result/1"
ASKER: Final = "mqtt"  # who stands in audit lines; the broker's rules say who may publish there
REQUEST_BYTES_MAX: Final = 64 * 1024
RESULTS_MAX: Final = 10_000  # that wait for the broker; the oldest go first, asking again finds them
ON_THE_WAY_MAX: Final = 100  # results that the broker has not confirmed
AT_ONCE_MAX: Final = 1000  # requests in work
REST_S: Final = 1.0
_RECONNECT_MS: Final = (500, 30_000)
_KEYS: Final = {"schema", "cmd_id", "terminal", "message", "body", "not_after", "file"}
_KINDS: Final = {"cmd_id": (str,), "terminal": (str,), "message": (str, int), "body": (dict,), "file": (str,)}
_SAID: Final = {str: "text", int: "a number", dict: "an object"}
_TOLD: Final = (
    "id", "terminal", "message", "state", "done", "result", "error", "answer", "changed_at",
)  # fmt: skip
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CommandTopics(Settings):
    """A destination's broker, with a session and topics of its own for commands."""

    @property
    def client_id(self) -> str:
        """Not the one of deliveries: two connections cannot share it."""
        return f"edge-{self.gateway}-commands"

    @property
    def answers_topic(self) -> str:
        """Where commands are asked for."""
        return commands_topic(self.topic_prefix, self.gateway)

    @property
    def results_topic(self) -> str:
        """Where their states are told."""
        return command_results_topic(self.topic_prefix, self.gateway)


class MqttCommands:
    """`start()` in the service's loop, `await stop()`. A thread of its own talks to the broker.

    The broker keeps a request until it is judged and, when it is good, on the disk; we keep a result until
    the broker has it.
    """

    def __init__(self, settings: Settings, service: CommandService, random: Callable[[], float]) -> None:
        self._topics = CommandTopics(**vars(replace(settings, name="")))
        self._envelope = envelope_of(self._topics)
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._results: deque[bytes] = deque(maxlen=RESULTS_MAX)
        self._judged: SimpleQueue[tuple[Link, int]] = SimpleQueue()  # requests that the broker may forget
        self._on_the_way: dict[int, bytes] = {}  # results by the message id of this connection
        self._waker = Waker()
        self._stopping = threading.Event()
        self._backoff = Backoff(*_RECONNECT_MS, random)
        self._thread = threading.Thread(target=self._run, name="mqtt commands", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._throttle = Throttle()
        service.on_change.append(self._changed)

    def start(self) -> None:
        """Begins to connect."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether its thread lives; that there is a broker is another question."""
        return self._thread.is_alive()

    async def stop(self) -> None:
        """Ends the connection; the broker keeps requests that come meanwhile."""
        self._service.on_change.remove(self._changed)
        self._stopping.set()
        self._waker.wake()
        await asyncio.to_thread(self._thread.join)
        for task in list(self._tasks):
            task.cancel()
        self._waker.close()

    # In the loop.

    async def _take(self, link: Link, asked: Answer) -> None:
        try:
            await self._judge(asked.payload)
        except Exception:  # a bug with one request; the broker gives it again on the next connection
            _log.exception("a request for a command could not be judged")
            return
        self._judged.put((link, asked.mid))
        self._waker.wake()

    async def _judge(self, payload: bytes) -> None:
        cmd_id = None
        try:
            if len(self._tasks) > AT_ONCE_MAX:
                raise CommandError(f"more than {AT_ONCE_MAX} requests at once", kind="full")
            request = request_of(payload)
            cmd_id = request.idempotency_key
            row, _ = await self._service.create(request, ASKER)
            self._say({"cmd_id": cmd_id, **_told(self._service.as_json(row))})
        except (CommandError, StoreError) as error:
            cmd_id = cmd_id or _id_in(payload)
            field = getattr(error, "field", "") or None
            self._say({"cmd_id": cmd_id, "state": "rejected", "field": field, "error": str(error)})

    def _changed(self, command: Command) -> None:
        row = self._service.row(command.number)
        if row is not None and row.asked_by == ASKER:
            self._say({"cmd_id": row.idempotency_key, **_told(self._service.as_json(row))})

    def _say(self, result: dict[str, Any]) -> None:
        text = json.dumps({"schema": RESULT_SCHEMA, **result}, ensure_ascii=False)
        if len(self._results) == RESULTS_MAX and self._throttle.allows("mqtt", "full", self._loop.time()):
            _log.error("%d results wait for the broker: the oldest are dropped", RESULTS_MAX)
        # What is no text in a wrong request is told as "?", not a reason to tell nothing.
        self._results.append(text.encode("utf-8", "replace"))
        self._waker.wake()

    def _asked(self, link: Link, asked: Answer) -> None:
        task = self._loop.create_task(self._take(link, asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # In the thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            link = Link(self._topics, keeps_answers=True, envelope=self._envelope)
            try:
                link.open()
                while not self._stopping.is_set():
                    self._step(link)
            except LinkError as error:
                _log.warning("commands over MQTT wait: %s", error)
            except Exception:  # a bug must not end commands for good
                _log.exception("commands over MQTT begin again")
            finally:
                link.close()
                self._take_back()
            if not self._stopping.is_set():
                self._stopping.wait(self._backoff.next_ms() / 1000)

    def _step(self, link: Link) -> None:
        while link.ready and self._results and len(self._on_the_way) < ON_THE_WAY_MAX:
            result = self._results.popleft()
            self._on_the_way[link.publish(self._topics.results_topic, result)] = result
        link.wait(self._waker.receiver, REST_S)
        self._waker.drain()
        for event in link.events():
            self._backoff.reset()
            if isinstance(event, Answer):
                self._loop.call_soon_threadsafe(self._asked, link, event)
            else:
                self._on_the_way.pop(event.mid, None)
        self._acknowledge(link)

    def _acknowledge(self, link: Link) -> None:
        """Not over another connection than they came by: there a number may be another request's."""
        while True:
            try:
                came_by, mid = self._judged.get_nowait()
            except Empty:
                return
            if came_by is link:
                link.acknowledge(mid)

    def _take_back(self) -> None:
        """What the broker did not confirm is told again on the next connection, in order."""
        self._results.extendleft(reversed(self._on_the_way.values()))
        self._on_the_way.clear()


def request_of(payload: bytes) -> Request:
    """The request of a message. Raises CommandError, naming the field."""
    if len(payload) > REQUEST_BYTES_MAX:
        raise CommandError(f"{len(payload)} bytes, {REQUEST_BYTES_MAX} at most")
    try:
        asked = json.loads(payload)
        json.dumps(asked, ensure_ascii=False).encode()  # JSON can hold halves of characters, no file can
    except (ValueError, RecursionError) as error:
        raise CommandError(f"not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise CommandError("a request is a JSON object")
    for key in asked:
        if key not in _KEYS:
            raise CommandError("no such key", str(key))
    if asked.get("schema") != SCHEMA:
        raise CommandError(f"is not {SCHEMA!r}", "schema")
    whole = {"message": "", "body": {}, "file": "", **asked}
    for key, kinds in _KINDS.items():
        if not isinstance(whole.get(key), kinds) or isinstance(whole[key], bool):
            raise CommandError(f"{' or '.join(_SAID[kind] for kind in kinds)} is wanted", key)
    return Request(
        whole["terminal"],
        whole["message"],
        whole["body"],
        _end_of(whole.get("not_after")),
        whole["cmd_id"],
        whole["file"],
    )


def _end_of(text: Any) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise CommandError("a time as 2026-01-02T03:04:05+08:00 is wanted", "not_after") from None
    if moment.tzinfo is None:
        raise CommandError("needs a time zone", "not_after")
    return int(moment.timestamp() * 1000)


def _told(shown: dict[str, Any]) -> dict[str, Any]:
    return {key: shown[key] for key in _TOLD}


def _id_in(payload: bytes) -> str | None:
    """The id that a wrong request claims, so that its asker knows it again."""
    try:
        claimed = json.loads(payload)["cmd_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return claimed[:200] if isinstance(claimed, str) else None
