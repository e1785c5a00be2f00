"""What the platform says to the driver: one panel over the symbol at a time, the others wait; and the keys.

Resident and small: panels are made and keys understood by pages.
"""

from .. import pages

WAITING_MAX = 4
WAITING_BYTES_MAX = 2048  # of the texts of all panels
PANEL_MS = 60000  # a text that nobody closes goes by itself; what is urgent or asks something stays

# What a panel is, so that keys mean the right thing.
TEXT = 0
QUESTION = 1
CHOICE = 2  # the driver's own menu

# Keys of the keypad; digits are their ASCII codes.
KEY_UP = 1
KEY_DOWN = 2
KEY_OK = 3
KEY_BACK = 4
KEY_MENU = 5


class Console:
    """`put` a panel, `on_key` for each key; `tick` each second, which a Screen does.

    kind, extra: of the panel that is shown; extra is its maker's. speak(text), dial(number, listen),
    advertise(text): the board's ports, GBK bytes, None where the board has none.
    """

    __slots__ = ("_until_ms", "_waiting", "advertise", "dial", "extra", "kind", "speak", "view")

    def __init__(self, view):
        self.view = view
        view.console = self
        self.kind = TEXT
        self.extra = None
        self.speak = self.dial = self.advertise = None
        self._waiting = []  # (kind, title, text, extra, shown for ms or 0)
        self._until_ms = 0

    def put(self, kind, title, text, extra, lasting_ms, first, now_ms):
        """Shows a panel, or lets it wait; `first`: now. False when too many wait.

        lasting_ms: it goes by itself after so long, 0: never.
        """
        entry = (kind, title, text, extra, lasting_ms)
        if self.view.panel is None:
            self._show(entry, now_ms)
            return True
        held = len(self.view.panel[1]) + len(text) + sum([len(each[2]) for each in self._waiting])
        if len(self._waiting) >= WAITING_MAX or held > WAITING_BYTES_MAX:
            return False
        if first:
            panel = self.view.panel
            self._waiting.insert(
                0, (self.kind, panel[0], panel[1], self.extra, PANEL_MS if self._until_ms else 0)
            )
            self._show(entry, now_ms)
        else:
            self._waiting.append(entry)
        return True

    def close(self, now_ms):
        """Takes the panel away; the next one comes."""
        self.view.panel = self.extra = None
        self._until_ms = 0
        if self._waiting:
            self._show(self._waiting.pop(0), now_ms)

    def turn(self, at):
        """Shows the panel from this byte on."""
        title, text, _ = self.view.panel
        self.view.panel = (title, text, at)

    def tick(self, now_ms):
        """Takes away what has been there for long enough."""
        if self._until_ms and now_ms >= self._until_ms:
            self.close(now_ms)

    def on_key(self, terminal, code, now_ms):
        """The driver pressed a key. False when it meant nothing."""
        return pages.use("keypad").press(terminal, code, now_ms)

    def _show(self, entry, now_ms):
        self.kind, title, text, self.extra, lasting_ms = entry
        self.view.panel = (title, text, 0)
        self._until_ms = now_ms + lasting_ms if lasting_ms else 0
