"""What the terminal does, line by line on standard output, for the ledger of a test.

`emit SEQ BODYHEX`, `ack SEQ`, `refused SEQ`, `state NAME`, `counts EMITTED ACKED HELD`; of other messages
`posted ID SERIAL BODYHEX` (a letter is on flash), `taken ID SERIAL` and `sent ID SERIAL BODYHEX` (an answer).
A report that is on flash is emitted, so those found there at the start are told again: the power may have
failed in between.
"""

from binascii import hexlify

from firmware.terminal import mail

COUNTS_MS = 1000
PIECE_BYTES = 256  # of a body that is printed at a time


class Trace:
    """Observes a Terminal; `look` once in every turn of the loop."""

    def __init__(self, terminal):
        self._terminal = terminal
        self._state = ""
        self._next_ms = 0
        terminal.on_report = self._report
        terminal.on_acknowledged = self._acknowledged
        terminal.on_refused = self._refused
        terminal.mail.observer = self._mail
        self._tell_what_is_held()

    def look(self, now_ms):
        """Prints the state when it changed, and the counts once a second."""
        terminal = self._terminal
        if terminal.state != self._state:
            self._state = terminal.state
            print("state", self._state)
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + COUNTS_MS
            print("counts", terminal.emitted, terminal.acknowledged, terminal.held)

    def _tell_what_is_held(self):
        log = self._terminal.log
        body = bytearray(256)
        sequence = log.next_held(0)
        while sequence:
            self._report(sequence, body, log.read(sequence, body))
            sequence = log.next_held(sequence + 1)

    def _report(self, sequence, body, length):
        print("emit", sequence, hexlify(memoryview(body)[:length]).decode())

    def _acknowledged(self, sequence):
        print("ack", sequence)

    def _refused(self, sequence):
        print("refused", sequence)

    def _mail(self, what, message_id, serial, body):
        if body is None:
            print("taken", message_id, serial)
            return
        print("posted" if what == mail.POSTED else "sent", message_id, serial, end=" ")
        for at in range(0, len(body), PIECE_BYTES):
            print(hexlify(memoryview(body)[at : at + PIECE_BYTES]).decode(), end="")
        print()
