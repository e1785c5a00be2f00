"""The terminal's parameters (0x8103): what the platform set, over what the settings say. Kept in flash.

Holds values and gives them out without allocation; checking, storing and applying them is the page
`parameters`.
"""

from . import pages


class Parameters:
    """`number` and `text` at any time; `set_all` what the platform sends.

    values: by id, an int or bytes; only what is not 0 or empty. changed: ids that the platform has set, kept
    over power cuts. listeners: called without argument after each change.
    """

    __slots__ = ("changed", "listeners", "values")

    def __init__(self):
        self.values = {}
        self.changed = []
        self.listeners = []

    def number(self, parameter_id):
        """The value of a parameter that is a number; 0 when nobody set one."""
        return self.values.get(parameter_id, 0)

    def text(self, parameter_id):
        """The value of any other parameter as bytes (GBK where it is text); b"" when nobody set one."""
        return self.values.get(parameter_id, b"")

    def load(self, terminal):
        """Defaults from the settings, and over them what is stored; to be called once, at the start."""
        pages.use("parameters").load(terminal)

    def set_all(self, terminal, items, now_ms):
        """items: dicts of id and value (bytes). Gives the result for 0x0001; all are set or none."""
        return pages.use("parameters").set_all(terminal, items, now_ms)
