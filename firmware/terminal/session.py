"""The session with the platform: link, registration, authentication, heartbeat, serial numbers, answers.

Reports are the terminal's business; here are the messages that keep the line. Sans-io: the board opens and
closes the link when `wants_link` and `wants_close` ask for it, and tells when it did.
"""

from protocols.wire.bodies import encode_body
from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from protocols.wire.tables import (
    MSG_TERMINAL_AUTHENTICATION,
    MSG_TERMINAL_GENERAL_RESPONSE,
    MSG_TERMINAL_HEARTBEAT,
    MSG_TERMINAL_REGISTRATION,
    RESULT_OK,
)

from . import session_table as table
from .request import IDLE, TO_SEND, Request
from .waits import reconnect_pause_ms

CODE_NAME = "auth"  # of the stored authentication code
CODE_BYTES_MAX = 255  # what the length byte of 2019 can say; a longer one could never be sent back
REPLIES_MAX = 16  # answers to the platform that wait for the line; more are dropped and counted
STABLE_MS = 30000  # a session that lived so long was a good one: the next pause is the shortest again


class Session:
    """state: a name of session_table. request: the one outstanding message of the session itself.

    Counters: connections, refusals (codes and registrations), replies_dropped, store_failures.
    """

    __slots__ = (
        "_code",
        "_failures",
        "_online_ms",
        "_phone",
        "_random16",
        "_refused_here",
        "_replies",
        "_retry_ms",
        "_serial",
        "_server",
        "_settings",
        "_visit_code",
        "_visit_end_ms",
        "_visited",
        "connections",
        "held",
        "last_sent_ms",
        "refusals",
        "replies_dropped",
        "request",
        "state",
        "store_failures",
    )

    def __init__(self, settings, random16):
        self._settings = settings
        self._random16 = random16
        self._phone = settings.phone_bytes()
        self._code = settings.store.get(CODE_NAME) if settings.store is not None else b""
        self._replies = []
        # A new terminal begins with 0. Later, equal messages of two starts would be one to a platform that
        # knows them by their serials, if each start began with 0.
        self._serial = random16() if self._code else 0
        self._server = self._failures = 0
        self._retry_ms = self._online_ms = 0
        self._refused_here = False
        self._visited = None  # a server that the platform sent us to
        self._visit_code = b""
        self._visit_end_ms = 0
        self.held = False  # the platform ordered silence (0x8105 command 6)
        self.state = table.WAITING
        self.request = Request()
        self.last_sent_ms = 0
        self.connections = self.refusals = self.replies_dropped = self.store_failures = 0

    def wants_link(self):
        """(host, port) of the server that the board is to connect to, None when none."""
        if self.state != table.CONNECTING:
            return None
        if self._visited is not None:
            return self._visited
        return self._settings.servers[self._server % len(self._settings.servers)]

    def visit(self, server, code, duration_ms, now_ms):
        """From the next connection on: this (host, port) with this code, for so long; 0: until told.

        server None: back to the servers of the settings.
        """
        self._visited = server
        self._visit_code = code
        self._visit_end_ms = now_ms + duration_ms if server is not None and duration_ms else 0

    def next_serial(self):
        """The serial number of the next message: 0…65535, round and round (§4.4.3)."""
        serial = self._serial
        self._serial = (serial + 1) & 0xFFFF
        return serial

    def link_opened(self):
        """The board has connected."""
        self.connections += 1
        self._refused_here = False
        if self._code or (self._visited is not None and self._visit_code):
            self._go(table.LINK_UP_KNOWN)
            self._authenticate()
        else:
            self._go(table.LINK_UP_UNKNOWN)
            self._register()

    def link_closed(self, now_ms):
        """The link is gone or could not be had: pause, then the next attempt."""
        was_online = self._online_ms > 0
        if was_online and now_ms - self._online_ms >= STABLE_MS:
            self._failures = 0
        if self.state != table.WAITING:
            # From a server that served back to the main one; from one that did not to the next.
            self._server = 0 if was_online else self._server + 1
            rounds = self._failures // len(self._settings.servers)
            pause_ms = reconnect_pause_ms(
                self._settings.reconnect_s, rounds, self._settings.reconnect_max_s, self._random16
            )
            self._retry_ms = now_ms + pause_ms
            self._failures += 1
        self._online_ms = 0
        self.request.stop()
        self._replies = []
        self._go(table.LINK_DOWN)

    def forget_code(self):
        """The next connection registers anew: what the terminal is has changed."""
        self._remember(b"")

    def give_up(self):
        """The platform is silent or refuses: the link is to be closed."""
        self.request.stop()
        self._go(table.GIVE_UP)

    def registration_answered(self, values, now_ms):
        """0x8100 with these wire values."""
        if not self.request.answers(MSG_TERMINAL_REGISTRATION, values["reply_serial"]):
            return
        self.request.stop()
        if values["result"] != RESULT_OK or len(values["auth_code"]) > CODE_BYTES_MAX:
            self.refusals += 1
            self.give_up()
            return
        if self._visited is not None:
            self._visit_code = values["auth_code"]
        else:
            self._remember(values["auth_code"])
        self._go(table.REGISTERED)
        self._authenticate()

    def answered(self, message_id, serial, result, now_ms):
        """0x8001. True when it was the answer to a message of the session itself."""
        if not self.request.answers(message_id, serial):
            return False
        self.request.stop()
        if message_id == MSG_TERMINAL_AUTHENTICATION:
            if result == RESULT_OK:
                self._online_ms = max(now_ms, 1)
                self._go(table.ACCEPTED)
            else:
                self._code_refused()
        return True

    def tick(self, now_ms):
        """Ends the pause, repeats what was not answered, sends the heartbeat when nothing else was sent."""
        if self._visit_end_ms and now_ms >= self._visit_end_ms:
            self.visit(None, b"", 0, now_ms)
            if self.state == table.ONLINE:
                self.give_up()
                return
        if self.state == table.WAITING and now_ms >= self._retry_ms and not self.held:
            self._go(table.PAUSE_OVER)
        elif self.request.late(self._settings, now_ms):
            self.give_up()
        elif self._heartbeat_ms() is not None and now_ms >= self._heartbeat_ms():
            self._ask(MSG_TERMINAL_HEARTBEAT, {})

    def reply(self, message_id, values):
        """Queues an answer to the platform, sent once and not waited for."""
        if len(self._replies) >= REPLIES_MAX:
            self.replies_dropped += 1
            return
        self._replies.append(self._frame(message_id, values, self.next_serial()))

    def queue(self, frame):
        """Queues a frame as it is, sent once; False when there is no room."""
        if len(self._replies) >= REPLIES_MAX:
            self.replies_dropped += 1
            return False
        self._replies.append(frame)
        return True

    def acknowledge(self, header, result):
        """Queues the general response to a message of the platform."""
        values = {"reply_serial": header.serial, "reply_id": header.message_id, "result": result}
        self.reply(MSG_TERMINAL_GENERAL_RESPONSE, values)

    def data_to_send(self, now_ms):
        """The next bytes of the session itself, None when there are none."""
        if self.request.state == TO_SEND:
            return self.request.take(self._settings, now_ms)
        return self._replies.pop(0) if self._replies else None

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the next thing to do here."""
        if self.state == table.WAITING:
            return deadline_ms if self.held else min(deadline_ms, self._retry_ms)
        if self.request.state != IDLE:
            return min(deadline_ms, self.request.deadline_ms)
        heartbeat_ms = self._heartbeat_ms()
        return deadline_ms if heartbeat_ms is None else min(deadline_ms, heartbeat_ms)

    def _heartbeat_ms(self):
        """When the next heartbeat is due; None when one is out or the session is not online."""
        if self.state != table.ONLINE or self.request.state != IDLE:
            return None
        return self.last_sent_ms + self._settings.heartbeat_s * 1000

    def _go(self, event):
        following = table.TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError("event %d in state %s" % (event, self.state))
        self.state = following

    def _code_refused(self):
        """The platform does not know the code: forget it and register anew, once in a connection."""
        self.refusals += 1
        if self._visited is not None:
            self._visit_code = b""  # our own code is for our own servers
        else:
            self._remember(b"")
        if self._refused_here:
            self.give_up()
            return
        self._refused_here = True
        self._go(table.CODE_REFUSED)
        self._register()

    def _remember(self, code):
        self._code = code
        if self._settings.store is None:
            return
        try:
            self._settings.store.put(CODE_NAME, code)
        except OSError:
            self.store_failures += 1

    def _register(self):
        self._ask(MSG_TERMINAL_REGISTRATION, self._settings.registration())

    def _authenticate(self):
        visiting = self._visited is not None and self._visit_code
        code = self._visit_code if visiting else self._code
        self._ask(MSG_TERMINAL_AUTHENTICATION, self._settings.authentication(code))

    def _ask(self, message_id, values):
        serial = self.next_serial()
        self.request.start(message_id, serial, self._frame(message_id, values, serial))

    def _frame(self, message_id, values, serial):
        body = encode_body(message_id, self._settings.edition, values)
        return build_frame(build_header(message_id, len(body), self._phone, serial) + body)
