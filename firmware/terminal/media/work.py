"""What goes on with pictures: orders to take some (0x8801), and those that are to be uploaded, one at a time.

Lives in `terminal.media` while there is something to do.
"""

from protocols.wire.bodies import decode_layout, encode_layout, layout_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013
from protocols.wire.pages.ids import (
    MSG_CAMERA_SHOOTING_RESPONSE,
    MSG_MEDIA_DATA,
    MSG_MEDIA_EVENT,
    PARAMETER_DISTANCE_PHOTOS,
    PARAMETER_TIMED_PHOTOS,
)
from protocols.wire.pages.media import BODIES

from .album import LAST, NOWHERE, STORED, UPLOAD, Album
from .upload import Upload

IMAGE = 0  # of the field `type`
JPEG = 0  # of `format`
SHOT_OK = 0  # of 0x0805
SHOT_FAILED = 1
SHOT_NO_CHANNEL = 2
POSITION_BYTES = 28
CHANNEL = 1  # of the one camera
BY_TIMER = 1  # of `event`
BY_DISTANCE = 7
LEAST_S = 5  # between pictures by time
LEAST_M = 100  # and by distance
RETRY_MS = 1000  # after flash or memory did not suffice


class Work:
    """The port of `terminal.media`. failed: pictures that could not be taken; given_up: not uploaded."""

    def __init__(self, terminal):
        settings = terminal.settings
        self.album = Album(settings.store.files, settings.store)
        self.failed = self.given_up = 0
        self._order = None  # (serial of 0x8801, event, channel, mark, interval in ms)
        self._left = self._shot_ms = self._retry_ms = 0
        self._taken = []
        self._wanted = None  # pictures to upload; None: to be looked up
        self._upload = None
        self._regular_ms = -1  # of the next picture by parameter 0x0064, -1: not begun
        self._metres = terminal.odometer.metres  # at the last one by 0x0065

    def order(self, serial, event, channel, mark, count, interval_ms, now_ms):
        """`count` pictures from now on; False while another order is carried out."""
        if self._order is not None:
            return False
        self._order = (serial, event, channel, mark, interval_ms)
        self._left = count
        self._shot_ms = now_ms
        self._taken = []
        return True

    def stop(self, terminal):
        """No more pictures; what was taken is told."""
        if self._order is not None:
            self._finish(terminal)

    def wanted(self):
        """Marks have changed: looks again for what is to be uploaded."""
        self._wanted = None

    def tick(self, terminal, now_ms):
        """Takes a picture when it is time. False when nothing is left to do."""
        regular = self._look_regularly(terminal, now_ms)
        if self._order is not None and now_ms >= self._shot_ms:
            self._shoot(terminal, now_ms)
        if self._upload is not None and not self._upload.silent(now_ms):
            self.given_up += 1
            terminal.health.note(b"a picture was not taken by the platform", now_ms)
            self._end_upload(STORED)
        if self._upload is None and now_ms >= self._retry_ms:
            self._take_up(terminal, now_ms)
        return regular or self._order is not None or self._upload is not None or self._wanted != []

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the next thing to do here."""
        if self._order is not None:
            deadline_ms = min(deadline_ms, self._shot_ms)
        if self._regular_ms >= 0:
            deadline_ms = min(deadline_ms, self._regular_ms)
        if self._upload is not None:
            return self._upload.due_ms(deadline_ms)
        return min(deadline_ms, self._retry_ms) if self._wanted != [] else deadline_ms

    def data_to_send(self, terminal, now_ms):
        """The next package, None when there is none now."""
        if self._upload is None:
            return None
        try:
            return self._upload.frame(terminal.session, now_ms)
        except (OSError, MemoryError):
            self._upload = self._wanted = None  # it will be looked for again
            self._retry_ms = now_ms + RETRY_MS
            return None

    def interrupted(self):
        """The line is gone."""
        if self._upload is not None:
            self._upload.interrupted()

    def on_answer(self, terminal, header, body):
        """0x8800: the picture is whole, or packages of it are missing. Raises RemoteProtocolError."""
        values = decode_layout(layout_of(BODIES, header.message_id, terminal.settings.edition), body)
        upload = self._upload
        if upload is None or upload.number != values["media_id"]:
            return
        missing = values.get("missing")
        if missing and missing["numbers"]:
            upload.missing(missing["numbers"])
        elif upload.mark == LAST:
            self.album.remove(upload.number, LAST)
            self._upload = None
        else:
            self._end_upload(STORED)

    def again(self, first_serial, numbers):
        """0x8003: True when the packages are those of the picture under way."""
        if self._upload is None or not self._upload.owns(first_serial):
            return False
        self._upload.missing(numbers)
        return True

    def _look_regularly(self, terminal, now_ms):
        """Orders a picture when parameter 0x0064 (time) or 0x0065 (distance) wants one. Whether any does."""
        every_s, timed = _regular(terminal.parameters.number(PARAMETER_TIMED_PHOTOS), 60, LEAST_S)
        every_m, passed = _regular(terminal.parameters.number(PARAMETER_DISTANCE_PHOTOS), 1000, LEAST_M)
        if not every_s:
            self._regular_ms = -1
        elif self._regular_ms < 0 or self._regular_ms > now_ms + every_s * 1000:
            self._regular_ms = now_ms + every_s * 1000
        elif now_ms >= self._regular_ms and self.order(-1, BY_TIMER, CHANNEL, timed, 1, 0, now_ms):
            self._regular_ms = now_ms + every_s * 1000
        driven_m = terminal.odometer.metres - self._metres
        if every_m and driven_m >= every_m and self.order(-1, BY_DISTANCE, CHANNEL, passed, 1, 0, now_ms):
            self._metres = terminal.odometer.metres
        return bool(every_s or every_m)

    def _shoot(self, terminal, now_ms):
        _, event, channel, mark, interval_ms = self._order
        values = {"type": IMAGE, "format": JPEG, "event": event, "channel": channel}
        values["position"] = _position(terminal, now_ms)
        try:
            number = self.album.take(terminal.board.camera, values, mark)
        except (OSError, MemoryError):
            number = 0
        if number:
            self._taken.append(number)
            self._tell(terminal, number, values)
            self._wanted = None
        else:
            self.failed += 1
            terminal.health.note(b"a picture failed", now_ms)
        self._left -= 1
        self._shot_ms = now_ms + interval_ms
        if self._left <= 0 or not number:
            self._finish(terminal)

    def _tell(self, terminal, number, values):
        """0x0800, before the data."""
        values["media_id"] = number
        layout = layout_of(BODIES, MSG_MEDIA_EVENT, terminal.settings.edition)
        terminal.mail.post(MSG_MEDIA_EVENT, encode_layout(layout, values))

    def _finish(self, terminal):
        serial = self._order[0]
        self._order = None
        if serial >= 0:
            shot_answer(terminal, serial, SHOT_OK if self._taken else SHOT_FAILED, self._taken)

    def _take_up(self, terminal, now_ms):
        """The oldest picture that is to be uploaded."""
        try:
            if self._wanted is None:
                self._wanted = [each for each in self.album.entries() if each[1] in (UPLOAD, LAST)]
            if self._wanted:
                number, mark = self._wanted.pop(0)
                self._upload = Upload(self.album, number, mark, terminal.settings)
        except (OSError, MemoryError):
            self._wanted = None
            self._retry_ms = now_ms + RETRY_MS

    def _end_upload(self, mark):
        self.album.change(self._upload.number, self._upload.mark, mark)
        self._upload = None


def _regular(word, unit, least):
    """(every so many s or m, mark) of parameter 0x0064 or 0x0065; 0 when our channel is not meant."""
    every = word >> 17
    if not word & 1 or not every:
        return 0, STORED
    return max(least, every * unit if word >> 16 & 1 else every), LAST if word >> 8 & 1 else STORED


def shot_answer(terminal, serial, result, numbers):
    """0x0805; 2011 does not have it."""
    layout = layout_of(BODIES, MSG_CAMERA_SHOOTING_RESPONSE, terminal.settings.edition)
    if terminal.settings.edition == EDITION_2011:
        return
    values = {"reply_serial": serial, "result": result, "count": len(numbers), "media_ids": numbers}
    terminal.mail.answer(MSG_CAMERA_SHOOTING_RESPONSE, encode_layout(layout, values), None)


def _position(terminal, now_ms):
    """Where and when, from a report that is made for it; zeros while the time is not known."""
    body = terminal.report_for_query(now_ms)[:POSITION_BYTES]
    try:
        layout = layout_of(BODIES, MSG_MEDIA_DATA, EDITION_2013)
        return decode_layout(layout[layout.index("position") + 1], body) if body else NOWHERE
    except RemoteProtocolError:
        return NOWHERE
