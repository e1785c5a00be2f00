"""A platform on the other end of a terminal, scripted by a test; built on protocols.wire alone. Portable."""

from firmware.terminal.record_log import RecordLog
from firmware.terminal.settings import Settings
from firmware.terminal.terminal import Terminal
from protocols.wire.bodies import decode_body, decode_layout, encode_body, knows, layout_of
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header, parse_header
from protocols.wire.pages import (
    areas,
    control,
    driver,
    link,
    media,
    parameters,
    passthrough,
    recorder,
    text,
    vehicle,
    waybill,
)

PHONE = "13800138000"
TABLES = (areas, control, driver, link, media, parameters, passthrough, recorder, text, vehicle, waybill)
ANSWERS = (0x0001, 0x0005, 0x0104, 0x0107, 0x0201, 0x0500, 0x0608, 0x0700, 0x0802, 0x0805)  # never answered


def sentence(text):
    """A whole NMEA sentence as bytes."""
    check = 0
    for character in text:
        check ^= ord(character)
    return b"$%s*%02X\r\n" % (text.encode(), check)


def decoded(message_id, edition, body):
    """The wire values of any message of the terminal."""
    if knows(message_id, edition):
        return decode_body(message_id, edition, body)
    for table in TABLES:
        if message_id in table.BODIES:
            return decode_layout(layout_of(table.BODIES, message_id, edition), body)
    raise ValueError(f"no body of message {message_id}")


class Road:
    """A terminal, its board and its platform in one thread; time passes when `pass_ms` says so.

    answers: whether the platform answers of itself. results: {message id: result} other than 0.
    seen: (message id, serial, values, raw frame) of everything that came up. bodies: report bodies taken.
    """

    def __init__(self, files, store, **settings):
        values = {"phone": PHONE, "edition": 2013, "servers": (("main", 1), ("backup", 2)), "interval_s": 1}
        values.update(settings)
        self.settings = Settings(store=store, **values)
        self.emitted = {}
        self.acknowledged = []
        self.seen = []
        self.packages = []  # (number, total, piece, serial)
        self.answers = True
        self.results = {}
        self.now_ms = 0
        self.linked = False
        self.reachable = True
        self.asked = []
        self.chance = 0  # what the board's source of chance gives
        self._serial = 0
        self.power_on(files)

    def power_on(self, files):
        """A new terminal on the same flash."""
        self.linked = False
        self.terminal = Terminal(self.settings, RecordLog(files, 500, 10), lambda: self.chance)
        self.terminal.on_report = self._on_report
        self.terminal.on_acknowledged = self.acknowledged.append

    def _on_report(self, sequence, body, length):
        self.emitted[sequence] = bytes(body[:length])

    def fix(self, second, status="A", speed="30.0", course="90.0", minute="01.0"):
        """The receiver says where the truck is, `second` seconds after midnight."""
        clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}.00"
        rmc = f"GNRMC,{clock},{status},25{minute},N,10243.0,E,{speed},{course},020326,,,A"
        quality = 1 if status == "A" else 0
        gga = f"GNGGA,{clock},25{minute},N,10243.0,E,{quality},9,1.0,1891.0,M,,M,,"
        data = sentence(gga) + sentence(rmc)
        self.terminal.feed_gnss(data, len(data), self.now_ms)
        self.serve()

    def pass_ms(self, total_ms, step_ms=100):
        """Time passes."""
        for _ in range(total_ms // step_ms):
            self.now_ms += step_ms
            self.terminal.tick(self.now_ms)
            self.serve()

    def drive(self, start, seconds):
        """A fix a second."""
        for second in range(start, start + seconds):
            self.pass_ms(1000)
            self.fix(second)

    def cut(self):
        """The link breaks."""
        if self.linked:
            self.linked = False
            self.terminal.link_closed(self.now_ms)

    def serve(self):
        """The board: opens, closes, carries what is to be carried."""
        wanted = self.terminal.wants_link()
        if wanted is not None and not self.linked:
            self.asked.append((self.now_ms, wanted[0]))
            if self.reachable:
                self.linked = True
                self._splitter = FrameSplitter()
                self.terminal.link_opened(self.now_ms)
            else:
                self.terminal.link_closed(self.now_ms)
        if self.terminal.wants_close():
            self.cut()
        data = self.terminal.data_to_send()
        while data is not None:
            for payload in self._splitter.receive(data):
                self._take(payload, data)
            data = self.terminal.data_to_send()

    def send(self, message_id, values=None, body=None, flags=0):
        """The platform says something."""
        body = encode_body(message_id, self.settings.edition, values) if body is None else body
        phone = self.settings.phone_bytes()
        header = build_header(message_id, len(body), phone, self._serial, encryption=flags)
        self._serial += 1
        self.terminal.receive(build_frame(header + body), self.now_ms)
        self.serve()

    def of(self, message_id):
        """Everything of that id that came up, as (serial, values, frame)."""
        return [entry[1:] for entry in self.seen if entry[0] == message_id]

    def _take(self, payload, frame):
        header = parse_header(payload)
        if header.subpackaged:
            piece = bytes(payload[header.body_at :])
            self.packages.append((header.number, header.total, piece, header.serial))
            return
        values = decoded(header.message_id, self.settings.edition, payload[header.body_at :])
        self.seen.append((header.message_id, header.serial, values, bytes(frame)))
        if not self.answers or header.message_id in ANSWERS:
            return
        result = self.results.get(header.message_id, 0)
        if header.message_id == 0x0100:
            answer = {"reply_serial": header.serial, "result": result, "auth_code": b"code"}
            self.send(0x8100, answer)
        else:
            answer = {"reply_serial": header.serial, "reply_id": header.message_id, "result": result}
            self.send(0x8001, answer)
