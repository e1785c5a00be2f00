"""Freight documents (网络货运单据): fields, code tables, checks; certificates; what may leave, and how.

`documents` declares the five documents once; checks, JSON Schemas and the page of docs come from there.
`masking`, `pseudonyms` and `release` guard personal data. Opens no socket, reads no clock, knows no envelope.
"""

from .checking import Context, check
from .documents import DOCUMENTS, PROVINCE_2_0, SPECIFICATION, Kind, Profile
from .faults import Fault, FaultCode

__all__ = [
    "DOCUMENTS",
    "PROVINCE_2_0",
    "SPECIFICATION",
    "Context",
    "Fault",
    "FaultCode",
    "Kind",
    "Profile",
    "check",
]
