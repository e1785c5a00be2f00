"""The screen, for terminals that have a display: loaded once with `pages.keep` and there for good."""

from .. import pages
from ..screen.console import Console
from ..screen.screen import Screen
from ..screen.view import View


def attach(terminal, display, hashed=None, key=b"", key_number=1, sealed=False):
    """Makes view, console and screen and shows what flash holds; gives the Screen.

    sealed: codes are taken only under a seal of the key.
    """
    terminal.view = View(terminal.settings.plate)
    if key:
        terminal.view.seal = (hashed, key, sealed)
    Console(terminal.view)
    pages.use("driver_code").restore(terminal)
    return Screen(display, terminal.view, terminal.clock, terminal.settings.store, hashed, key, key_number)
