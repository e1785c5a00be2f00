"""The one door to SM2, SM3 and SM4 (GB/T 32918, 32905, 32907). Nobody else calls a library for them.

`Guomi` checks what comes in and gives bytes; three providers do the arithmetic. Knows nothing of driver
codes, envelopes or keys on disk. It is no certified cryptographic module, and does not claim to be one.
"""

from .door import Guomi, available, choose
from .errors import GuomiError, IntegrityError

__all__ = ["Guomi", "GuomiError", "IntegrityError", "available", "choose"]
