"""Confirms the firmware that runs, once the platform has accepted the terminal; see the page `trial`."""

from firmware.terminal import pages

AGAIN_MS = 10000  # after a confirmation for which heap, flash or the letters had no room


class TrialPort:
    """A port of board.inputs. The time that a trial may take is the loader's."""

    def __init__(self, store):
        self._store = store
        self._next_ms = 0
        self._confirmed = False

    def serve(self, terminal, now_ms):
        """Once a start, when the terminal is ONLINE; again later when it could not be written down."""
        if self._confirmed or not terminal.online or now_ms < self._next_ms:
            return
        self._next_ms = now_ms + AGAIN_MS
        try:
            self._confirmed = pages.use("trial").confirm(terminal, self._store)
        except (MemoryError, OSError):
            terminal.health.note(b"firmware not confirmed yet", now_ms)
