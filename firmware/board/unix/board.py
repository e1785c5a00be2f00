"""What the terminal asks of the desk. Its parts, from configuration to trace, are made by `begin`."""

import sys

from firmware.terminal import actions

from ..paging import load

RESET_CODE = 75  # of the process, for whoever starts it again
FEED_MS = 1000
DUTIES = "firmware.board.unix.duties"  # loaded when it is needed; the linker gives it another name


class Board:
    """terminal, screen, uart, trace (None without a display, a tty, `trace`), link, poll, log; now_ms() of a
    clock that never goes back.

    The configuration is a JSON object: `flash` (path of the image), `uart` (path of the tty), `trace`,
    `capacity` (records), `flash_blocks`, `plate_gbk` (hex), `camera` (path of a JPEG), `display`,
    `vehicle` (false: positions only, no alarms, driver or waybill), `presence_key`, `presence_key_number`,
    `sealed_codes` (true: codes come under a seal of that key),
    `presence_keys_pushed` (true: taken from the platform), `ota_key`, `watchdog` (path of a pipe that wants
    a byte now and then; who reads it starts the process again when it ends), `trial_s`, and every name of
    Settings but `store`.
    ota_key: hex, "" where no upgrade can be started. It is its own `inputs` port.
    """

    def offers(self, action):
        """Whether `act` can do it: a process that nobody would start again does not end itself."""
        return action in (actions.RESET, actions.FACTORY_RESET) and self.watchdog is not None

    def act(self, action, value):
        """See terminal.actions. The firmware stays what it is at a factory reset."""
        if not self.offers(action):
            return False
        if action == actions.RESET:
            self._reset()
        return True

    def slots(self):
        """Where upgrades go (see board.slots)."""
        return load(DUTIES).slots(self)

    def deadline_ms(self, deadline_ms):
        """The loop turns once a second, which is enough for `serve`."""
        return deadline_ms

    def serve(self, terminal, now_ms):
        """A turn of the loop feeds the watchdog; a firmware on trial comes ONLINE in time or gives way."""
        if self.watchdog is not None and now_ms >= self.feed_ms:
            self.feed_ms = now_ms + FEED_MS
            self.watchdog.write(b".")
        if self.ends_ms and terminal.online and now_ms >= self.next_ms:
            load(DUTIES).confirm(self, terminal, now_ms)
        elif self.ends_ms and now_ms >= self.ends_ms:
            self._reset()

    def _reset(self):
        self.log.close()
        sys.exit(RESET_CODE)
