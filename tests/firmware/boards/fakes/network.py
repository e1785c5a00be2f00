"""Stands in for `network.PPP`: up a moment after `connect`; sockets are then the desk's own."""

POLLS_TO_UP = 3
made = []


class PPP:
    def __init__(self, stream):
        self._stream = stream
        self._polls = -1
        made.append(self)

    def active(self, on):
        if not on:
            self._polls = -1

    def connect(self):
        self._polls = 0

    def disconnect(self):
        self._polls = -1

    def poll(self):
        if self._polls >= 0:
            self._polls += 1

    def isconnected(self):
        return self._polls >= POLLS_TO_UP
