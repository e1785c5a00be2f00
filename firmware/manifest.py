"""What a frozen build holds: `make FROZEN_MANIFEST=…/firmware/manifest.py` in a MicroPython port.

The same modules as package.json installs; `module` is a function of MicroPython's makemanifest, which runs
this file in its folder.
"""

import json

with open("package.json") as _package:
    for _target, _ in json.load(_package)["urls"]:
        module(_target, base_path="..", opt=3)  # noqa: F821
