"""Errors that say whose fault it is. Nothing here knows any message."""


class ProtocolError(Exception):
    """A rule of the protocol was broken.

    `reason` is for people; `message_id` (-1 unknown), `field` ("" unknown) and `offset` (byte offset in
    the frame or body that was looked at, -1 unknown) are for programs.
    """

    def __init__(self, reason, message_id=-1, field="", offset=-1):
        super().__init__(reason)  # MicroPython has no Exception.__init__ to call by name
        self.reason = reason
        self.message_id = message_id
        self.field = field
        self.offset = offset

    def __str__(self):
        text = "%s" % self.reason  # a number in a linked program
        if self.field:
            text = self.field + ": " + text
        if self.message_id >= 0:
            text = "0x%04X " % self.message_id + text
        if self.offset >= 0:
            text += " (at byte %d)" % self.offset
        return text


class RemoteProtocolError(ProtocolError):
    """The peer broke the standard: count it, answer it, go on."""


class LocalProtocolError(ProtocolError):
    """We did: a bug or a wrong argument. Let it fly."""
