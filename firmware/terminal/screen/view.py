"""What the screen is to show, as plain values; whoever knows one sets it and says `changed`."""

from ..calendar import seconds_between

# Colours of the code, as the push says them.
COLOUR_NONE = 0
COLOUR_BLUE = 1
COLOUR_YELLOW = 2
COLOUR_RED = 3

# What is shown of it: the colours, and why there is grey.
SHOWN_NONE = 0
SHOWN_BLUE = 1
SHOWN_YELLOW = 2
SHOWN_RED = 3
SHOWN_EXPIRED = 4
SHOWN_STALE = 5
SHOWN_PENDING = 6  # nobody knows yet what time it is, so nobody knows whether the code is valid

NAME_GLYPHS_MAX = 4
GLYPH_BYTES = 32


class View:
    """code: bytes of the symbol, b"" for none. colour: COLOUR_*. until_day, until_second: its end, UTC.

    plate: GBK. name: 16×16 glyphs, 32 bytes each, at most NAME_GLYPHS_MAX. licence_end: 3 BCD bytes
    YYMMDD, b"" unknown, 99 99 99 without end. refreshed_day, refreshed_second: last word of the gateway about
    the code, UTC. key: reference of the presence key. link, fix: whether they are there.
    panel: None, or what lies over the symbol: (title, text, first byte shown), GBK. panel_end: where its next
    page begins, 0 when it ends on this one (the screen says so). console: None, or what puts panels there.
    screen: None, or what draws all this.
    accepts_keys: whether a presence key is taken from a push, in the clear.
    seal: None, or (hashed(key, message), key, whether pushes without a seal are refused).
    serial: counts the calls of `changed`; the screen looks whether it moved.
    """

    __slots__ = (
        "accepts_keys",
        "code",
        "colour",
        "console",
        "fix",
        "key",
        "licence_end",
        "link",
        "name",
        "panel",
        "panel_end",
        "plate",
        "refreshed_day",
        "refreshed_second",
        "screen",
        "seal",
        "serial",
        "until_day",
        "until_second",
    )

    def __init__(self, plate=b""):
        self.code = self.name = self.licence_end = b""
        self.plate = plate
        self.colour = COLOUR_NONE
        self.until_day = self.until_second = self.refreshed_day = self.refreshed_second = self.key = 0
        self.link = self.fix = False
        self.panel = self.console = self.screen = self.seal = None
        self.panel_end = 0
        self.accepts_keys = False
        self.serial = 0

    def changed(self):
        """Something else than link, fix or panel is another value now."""
        self.serial = self.serial + 1 & 0xFFFF

    def shown(self, known, day, second, stale_s):
        """SHOWN_* at this time (UTC); known: whether the time is known at all."""
        if not self.code or self.colour == COLOUR_NONE:
            return SHOWN_NONE
        if not known:
            return SHOWN_PENDING
        if seconds_between(day, second, self.until_day, self.until_second) <= 0:
            return SHOWN_EXPIRED
        if self.age_s(day, second) >= stale_s:
            return SHOWN_STALE
        return self.colour

    def age_s(self, day, second):
        """Seconds since the gateway last spoke of the code; never negative."""
        return max(0, seconds_between(self.refreshed_day, self.refreshed_second, day, second))
