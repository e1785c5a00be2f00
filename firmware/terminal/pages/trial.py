"""The first and the decisive moment of a start: what happened before it, and whether it counts as good."""

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.control import BODIES
from protocols.wire.pages.ids import MSG_UPGRADE_RESULT

from .. import boot_record
from ..transfer import TERMINAL_ITSELF

NEVER_MS = 1 << 60  # a firmware that has proved itself may wait for its platform


def begin(terminal, store, reason, trial_ms):
    """Notes why the terminal started and what went wrong before. Gives when it must be ONLINE."""
    terminal.health.boot_reason = reason
    for line in store.get(boot_record.FAULTS).split(b"\n"):
        if line:
            terminal.health.note(line, 0)
    on_trial = boot_record.read(store)[boot_record.TRIAL] != boot_record.NO_SLOT
    return trial_ms if on_trial else NEVER_MS


def confirm(terminal, store):
    """The terminal is ONLINE: a slot on trial has proved itself; 0x0108 tells what came of it.

    False when there was no room for the letter yet. It is durable before the record forgets the news: a
    power cut between them tells it twice. Raises OSError.
    """
    record = boot_record.read(store)
    if record[boot_record.TRIAL] != boot_record.NO_SLOT:
        record[boot_record.ACTIVE] = record[boot_record.TRIAL]
        record[boot_record.TRIAL] = boot_record.NO_SLOT
        record[boot_record.NEWS] = boot_record.NEWS_OK
        boot_record.write(store, record)
    layout = layout_of(BODIES, MSG_UPGRADE_RESULT, terminal.settings.edition)
    if record[boot_record.NEWS] == boot_record.NO_NEWS or layout is None:
        return True
    values = {"upgraded": TERMINAL_ITSELF, "result": record[boot_record.NEWS]}
    if not terminal.mail.post(MSG_UPGRADE_RESULT, encode_layout(layout, values)):
        return False
    record[boot_record.NEWS] = boot_record.NO_NEWS
    boot_record.write(store, record)
    return True
