"""What the terminal does, line by line on standard output, for the ledger of a test.

`emit SEQ BODYHEX`, `ack SEQ`, `refused SEQ`, `state NAME`, `counts EMITTED ACKED HELD`. A report that is on
flash is emitted, so those found there at the start are told again: the power may have failed in between.
"""

from binascii import hexlify

COUNTS_MS = 1000


class Trace:
    """Observes a Terminal; `look` once in every turn of the loop."""

    def __init__(self, terminal):
        self._terminal = terminal
        self._state = ""
        self._next_ms = 0
        terminal.on_report = self._report
        terminal.on_acknowledged = self._acknowledged
        terminal.on_refused = self._refused
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
