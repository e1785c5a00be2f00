"""What every board reads from its `config.json`: the settings of the terminal; and chance for its pauses."""

import os
from binascii import unhexlify

from firmware.terminal.settings import Settings

TEXTS = ("maker", "model", "terminal_id", "imei", "software_version")  # ASCII in the file, bytes in Settings
BOARD_NAMES = (
    "apn",
    "board",
    "ota_key",
    "presence_key",
    "presence_key_number",
    "sealed_codes",
    "trial_s",
)  # no settings of a terminal
ABSENT = -1  # of a pin: nothing is connected


def settings_of(config, store):
    """Settings from what the board has left of its configuration. Raises LocalProtocolError, KeyError."""
    if "plate_gbk" in config:
        config["plate"] = unhexlify(config.pop("plate_gbk"))
    for name in TEXTS:
        if name in config:
            config[name] = config[name].encode()
    for name in BOARD_NAMES:
        config.pop(name, None)
    config["servers"] = [(server[0], server[1]) for server in config["servers"]]
    return Settings(store=store, **config)


def merged(defaults, changes, what):
    """The defaults (a dict) with some values changed. Raises ValueError for a name that is not among them."""
    values = dict(defaults)
    for name in changes:
        if name not in values:
            raise ValueError("%s.%s: no such name" % (what, name))
        values[name] = changes[name]
    return values


def random16():
    """0…65535 from the system's source of chance."""
    return int.from_bytes(os.urandom(2), "big")
