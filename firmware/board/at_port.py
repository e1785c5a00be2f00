"""Talks AT with a modem over a serial line: one command at a time, lines and counted bytes back.

Pure: bytes and `now_ms` in; bytes, lines and outcomes out. What a line means is its owner's business.
"""

IDLE = 0
WAITING = 1  # for OK, ERROR or, when asked for, the prompt
LINE_BYTES_MAX = 256  # a longer one is noise: it is dropped and counted
OK_STARTS = (b"OK", b"CONNECT")  # the second ends a dial: from there on the line carries PPP
ERROR_STARTS = (b"ERROR", b"NO CARRIER", b"+CME ERROR", b"+CMS ERROR", b"+CIPERROR", b"+IP ERROR")
PROMPT = 0x3E  # ">"
CR = 0x0D
LF = 0x0A


class AtPort:
    """owner: has `on_line(line)`, `on_bytes(data)`, `on_done(ok)`, `on_prompt()`, called while `feed` runs.

    dropped: lines that were too long. timeouts: commands without an answer.
    """

    __slots__ = (
        "_counted", "_deadline_ms", "_line", "_out", "_owner", "_too_long", "_wants_prompt",
        "dropped", "state", "timeouts",
    )  # fmt: skip

    def __init__(self, owner):
        self._owner = owner
        self._line = bytearray()
        self._out = b""
        self._counted = 0  # bytes still to come that are no lines
        self._deadline_ms = 0
        self._too_long = self._wants_prompt = False
        self.state = IDLE
        self.dropped = self.timeouts = 0

    def command(self, text, timeout_ms, now_ms, wants_prompt=False):
        """Sends a command (bytes, without line end). To be called in state IDLE only.

        wants_prompt: `on_prompt` is called for ">", and then `payload` must be; OK or ERROR ends it all.
        """
        self._out += text + b"\r"
        self._deadline_ms = now_ms + timeout_ms
        self._wants_prompt = wants_prompt
        self.state = WAITING

    def payload(self, data):
        """What the prompt asked for."""
        self._out += data

    def expect_bytes(self, count):
        """The next `count` bytes after this line are data (called by the owner inside `on_line`)."""
        self._counted = count

    def data_to_send(self):
        """Bytes for the modem; b"" when there are none."""
        out = self._out
        self._out = b""
        return out

    def reset(self):
        """The modem starts anew: what was under way is forgotten."""
        self._line = bytearray()
        self._out = b""
        self._counted = 0
        self._too_long = self._wants_prompt = False
        self.state = IDLE

    def tick(self, now_ms):
        """Ends a command that got no answer in time."""
        if self.state == WAITING and now_ms >= self._deadline_ms:
            self.timeouts += 1
            self._counted = 0
            self._done(False)

    def feed(self, data):
        """Bytes from the modem, cut anywhere."""
        at = 0
        while at < len(data):
            at = self._take_counted(data, at) if self._counted else self._take_byte(data[at], at)

    def _take_counted(self, data, at):
        stop = min(len(data), at + self._counted)
        self._counted -= stop - at
        self._owner.on_bytes(data[at:stop])
        return stop

    def _take_byte(self, byte, at):
        if byte == PROMPT and self._wants_prompt and not self._line:
            self._wants_prompt = False
            self._owner.on_prompt()
        elif byte == LF:  # and not CR: counted bytes may follow, and they begin behind the LF
            self._end_line()
        elif byte == CR:
            return at + 1
        elif len(self._line) >= LINE_BYTES_MAX:
            self._too_long = True
        else:
            self._line.append(byte)
        return at + 1

    def _end_line(self):
        line = bytes(self._line)
        self._line = bytearray()
        if self._too_long:
            self._too_long = False
            self.dropped += 1
        elif line:
            self._take_line(line)

    def _take_line(self, line):
        if self.state == WAITING:
            for start in OK_STARTS:
                if line.startswith(start):
                    return self._done(True)
            for start in ERROR_STARTS:
                if line.startswith(start):
                    self._owner.on_line(line)
                    return self._done(False)
        return self._owner.on_line(line)

    def _done(self, ok):
        self.state = IDLE
        self._wants_prompt = False
        self._owner.on_done(ok)
