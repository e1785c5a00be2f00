"""Asks the authority over HTTP: registers, trust list, revocations, the colour of today. Blocking; for
threads.

Everything here can fail at any time, and freight goes on with what it knows.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from protocols.driver_code.content import Colour
from protocols.driver_code.lists import ListError, read_trust
from protocols.freight.registers import SnapshotError

from ..log import Throttle
from .authority_api import Answer, AuthorityApi
from .login import LoginError
from .registers import Registers

SNAPSHOT: Final = "/v1/registers/snapshot"
TRUST: Final = "/v1/codes/trust"
REVOCATIONS: Final = "/v1/codes/revocations"
VERIFY: Final = "/v1/codes/verify"
OK: Final = 200
NOT_MODIFIED: Final = 304
COLOUR_PAUSE_S: Final = 30.0  # after a failure: a scan must not wait for an authority that is away
_log = logging.getLogger(__name__)


class Authority:
    """gateway: whose registers are asked for. `refresh` brings what is new; `colour` asks for one code."""

    def __init__(
        self,
        api: AuthorityApi,
        gateway: str,
        registers: Registers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._gateway, self._registers = api, gateway, registers
        self._clock = clock
        self._throttle = Throttle()
        self._not_before_s = 0.0
        self._tag = ""

    def refresh(self) -> bool:
        """Whether a newer snapshot came. Raises nothing of the authority's making."""
        try:
            self._registers.trust(read_trust(self._get(TRUST).data))
            self._registers.take_revocations(self._get(REVOCATIONS).data)
            return self._snapshot()
        except (OSError, LoginError, ListError, SnapshotError) as error:
            if self._throttle.allows("authority", str(error), self._clock()):
                _log.warning("the authority's registers are not renewed: %s", error)
            return False

    def colour(self, text: str) -> Colour | None:
        """Today's colour of a code; None when nobody tells. One that the authority takes no more is red: the
        list of revocations here may not say so yet."""
        if self._clock() < self._not_before_s:
            return None
        try:
            answer = self._api.call("POST", VERIFY, {"text": text})
        except (OSError, LoginError):
            self._not_before_s = self._clock() + COLOUR_PAUSE_S
            return None
        told = answer.value if isinstance(answer.value, dict) else {}
        if told.get("accepted") is False and told.get("content") is not None:
            return Colour.RED
        today = told.get("today")
        named = today.get("colour") if isinstance(today, dict) else None
        return next((each for each in Colour if each.name.lower() == named), None)

    def _snapshot(self) -> bool:
        known = self._registers.snapshot
        aged = known is None or time.time() > (known.issued_s + known.valid_until_s) / 2
        headers = {"X-Gateway": self._gateway}
        if self._tag and not aged:
            headers["If-None-Match"] = self._tag
        answer = self._api.call("GET", SNAPSHOT, headers=headers)
        if answer.status == NOT_MODIFIED:
            return False
        if answer.status != OK:
            raise OSError(f"{SNAPSHOT}: answered {answer.status}")
        taken = self._registers.take_snapshot(answer.data)
        self._tag = answer.headers.get("etag", "")
        return taken

    def _get(self, path: str) -> Answer:
        answer = self._api.call("GET", path)
        if answer.status != OK:
            raise OSError(f"{path}: answered {answer.status}")
        return answer
