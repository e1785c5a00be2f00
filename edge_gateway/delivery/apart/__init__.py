"""Delivery in a process of its own, at a lower priority than the answers to terminals.

It shares no interpreter with them: encoding a thousand records holds nobody up, and while both want a
processor the answers get it. It reads the journal's file itself; what is to be written goes to the gateway,
the one writer, as a line (`lines`). `keeper` is the gateway's side, `journal` and `process` are the other.
Nothing here knows brokers or batches, and nothing is kept that the journal does not keep: either side may be
killed at any moment.
"""

from .keeper import DeliveryKeeper

__all__ = ["DeliveryKeeper"]
