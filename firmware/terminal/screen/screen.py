"""Keeps the display true to the view, a slice at a time: `work` until it says that nothing is left.

Small, and there for good. The symbol is made by the pages `code_text`, `symbol` and `modules`, the picture by
`fields` (what is written where), `glyphs` and `picture` (rows of pixels); each is gone before the next comes.
"""

from .. import pages
from ..calendar import DAY_SECONDS
from .view import SHOWN_NONE

PROOF_S = 60  # a proof of presence stands so long, then the symbol is made anew
STALE_S = 12 * 3600  # without a word from the gateway the colour is not trusted any more
LOOK_MS = 1000
SHORT_MS = 5000  # pause when the heap did not suffice
NO_AGE = -1
KEY_NAME = "pkey"  # in the store: reference (2 bytes, high first) and the secret

# Parts of the picture, as bits.
PART_SYMBOL = 1
PART_HEAD = 2
PART_BAND = 4
PART_INFO = 8
PART_ALL = 15

_UNKNOWN_SLOT = -2
_IDLE = 0
_CODING = 1
_DRAWING = 2
_PLANNING = 3
_COMPOSING = 4
_PAINTING = 5


class Screen:
    """One display. Call `work(now_ms)` while it gives True, and again at `deadline_ms`.

    proof_s, stale_s: may be set before the first `work`. symbol: the packed modules (bytes, rows from a new
    byte), size: on a side; 0 for none. shown: SHOWN_*.
    age: minutes since the gateway's last word as they are shown, NO_AGE for none. short: how often the heap
    did not suffice.
    """

    __slots__ = (
        "_clock",
        "_code",
        "_dirty",
        "_fix",
        "_hashed",
        "_job",
        "_link",
        "_look_ms",
        "_made",
        "_own_key",
        "_own_number",
        "_panel",
        "_secret",
        "_serial",
        "_slot",
        "_state",
        "_store",
        "age",
        "display",
        "proof_s",
        "short",
        "shown",
        "size",
        "stale_s",
        "symbol",
        "view",
    )

    def __init__(self, display, view, clock, store, hashed=None, key=b"", key_number=1):
        """clock: DeviceClock. hashed(key, message) → 32 bytes of HMAC-SHA256; None: a board without proofs.

        key, key_number: the presence key of the board's settings and its reference, b"" when there is none;
        the store may hold another one, that was pushed.
        """
        self.display = display
        self.view = view
        view.screen = self
        self._clock = clock
        self._store = store
        self._own_key = key
        self._own_number = key_number
        self.proof_s = PROOF_S
        self.stale_s = STALE_S
        self._hashed = hashed
        self._job = self._made = self._panel = None
        self._state = _IDLE
        self._dirty = PART_ALL
        self._look_ms = 0
        self._serial = -1
        self._slot = _UNKNOWN_SLOT
        self._link = self._fix = False
        self._secret = self._code = self.symbol = b""
        self.age = NO_AGE
        self.shown = SHOWN_NONE
        self.size = self.short = 0

    def work(self, now_ms):
        """Does a slice. True while there is more to do now. Without memory it begins again a little later."""
        try:
            self._slice(now_ms)
        except MemoryError:
            self.short += 1
            self._let_go(now_ms)
        return self._state != _IDLE

    def give_way(self, now_ms):
        """Lets go of what is half made, for a little while: somebody needs the heap. False: nothing was."""
        if self._state == _IDLE:
            return False
        self._let_go(now_ms)
        return True

    def _let_go(self, now_ms):
        self._job = self._made = None
        self._state = _IDLE
        self._slot = _UNKNOWN_SLOT  # what was half made is made anew
        self._dirty |= PART_SYMBOL
        self._look_ms = now_ms + SHORT_MS

    def deadline_ms(self, deadline_ms):
        """`deadline_ms`, or when there is something to do, whichever is first."""
        return min(deadline_ms, 0 if self._state != _IDLE else self._look_ms)

    def redraw(self):
        """The display may have lost its picture: all of it is drawn again."""
        self._dirty = PART_ALL
        self._look_ms = 0

    def _slice(self, now_ms):
        if self._state == _IDLE:
            view = self.view
            if now_ms >= self._look_ms or self._serial != view.serial or self._panel != view.panel:
                self._look_ms = now_ms + LOOK_MS
                self._look(now_ms)
        elif self._state == _PLANNING:
            self._job = pages.use("fields").plan(self, self._dirty)
            self._state = _COMPOSING
        elif self._state == _COMPOSING:
            pages.use("glyphs").compose_all(self._job, self._store)
            self._job = pages.use("picture").Picture(self, self._job)
            self._state = _PAINTING
        elif self._job.work():
            return
        elif self._state == _CODING:
            self._job = None  # a page goes before the next one comes
            buffer, at, version, level = self._made
            self._job = pages.use("modules").draw(buffer, at, version, level)
            self._state = _DRAWING
        elif self._state == _DRAWING:
            self.symbol = self._job.pack()
            self.size = self._job.size
            self._job = self._made = None
            self._dirty |= PART_SYMBOL
            self._paint()
        else:
            self._painted()

    def _look(self, now_ms):
        """Compares what is shown with what is; begins with what has to be done first."""
        view = self.view
        clock = self._clock
        if clock.known:
            clock.read(now_ms)
        if view.console is not None:
            view.console.tick(now_ms)
        if view.serial != self._serial:
            self._serial = view.serial
            self._secret = self._secret_of(view.key)
            self._dirty |= PART_HEAD | PART_INFO | PART_BAND
        self._compare(view, clock)
        slot = self._slot_of(clock)
        if view.code != self._code or slot != self._slot:
            self._code = view.code
            self._slot = slot
            self._dirty |= PART_SYMBOL
            self.symbol = b""
            self.size = 0
            if view.code:
                self._encode(slot)
                return
        if self._dirty:
            self._paint()

    def _compare(self, view, clock):
        shown = view.shown(clock.known, clock.day, clock.second, self.stale_s)
        age = NO_AGE
        if clock.known and shown != SHOWN_NONE:
            age = view.age_s(clock.day, clock.second) // 60
            age = age if age < 60 else age // 60 * 60 if age < 1440 else age // 1440 * 1440
        if shown != self.shown or age != self.age or view.link != self._link or view.fix != self._fix:
            self._dirty |= PART_BAND
        if view.panel != self._panel or (shown != self.shown and not self.size):
            self._dirty |= PART_SYMBOL
        self.shown = shown
        self.age = age
        self._link = view.link
        self._fix = view.fix
        self._panel = view.panel

    def _slot_of(self, clock):
        """When the present proof begins, in seconds of two days (so that midnight counts); -1: no proof."""
        if self._hashed is None or not clock.known or not self._code_has_secret():
            return -1
        step = self.proof_s
        return clock.day % 2 * DAY_SECONDS + clock.second // step * step

    def _code_has_secret(self):
        return self.view.code and self._secret

    def _encode(self, slot):
        """Makes the symbol anew, with a proof of presence where a key and the time are there."""
        secret = self._secret if slot >= 0 else b""
        prepared = pages.use("code_text").prepare(
            self.view, self.display, self._clock.day, slot % DAY_SECONDS, secret, self._hashed
        )
        if prepared is None:
            self._paint()
            return
        text, alphanumeric, version, level, at, size = prepared
        buffer = bytearray(size)  # before the page: a small heap has few places for it
        self._made = (buffer, at, version, level)
        self._job = pages.use("symbol").code(buffer, text, alphanumeric, version, level)
        self._state = _CODING

    def _paint(self):
        self._state = _PLANNING

    def _painted(self):
        self._job = None
        self._state = _IDLE
        if self.display.show(self._dirty == PART_ALL):
            self._paint()  # e-paper wants the same once more
        else:
            self._dirty = 0

    def _secret_of(self, reference):
        """The presence key with this reference (0: none), b"" when it is not here."""
        if not reference:
            return b""
        if self._own_key and reference == self._own_number:
            return self._own_key
        stored = self._store.get(KEY_NAME) if self._store is not None else b""
        return stored[2:] if len(stored) > 2 and stored[0] << 8 | stored[1] == reference else b""
