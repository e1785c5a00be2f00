"""`edge-gateway doctor`: looks at everything that must be right before a gateway can do its work.

Each check gives findings; none changes anything but for a probe file that it deletes. `checks` looks at this
machine, `certificates` at ours, `brokers` at the line to each broker.
"""

from .checks import examine
from .finding import GOOD, POOR, WRONG, Finding

__all__ = ["GOOD", "POOR", "WRONG", "Finding", "examine"]
