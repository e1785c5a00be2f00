"""Checks a document against its layout and the rules between fields. Finds every fault, raises none."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .codes import TRANSPORT_MULTIMODAL, UNINSURED
from .documents import (
    DOCUMENTS,
    LIGHT_DRIVER_FIELDS,
    LIGHT_PERMIT,
    LIGHT_QUALIFICATION,
    LIGHT_T,
    LIGHT_VEHICLE_FIELDS,
    SEGMENT_FIELDS,
    SPECIFICATION,
    Kind,
    Profile,
)
from .faults import Fault, FaultCode
from .fields import Field
from .values import scaled

Document = Mapping[str, Any]
FAULTS_MAX: Final = 100  # of one document; more say nothing new
_LIGHT_PERMIT: Final = re.compile(LIGHT_PERMIT)
_LIGHT_QUALIFICATION: Final = re.compile(LIGHT_QUALIFICATION)
_LIGHT_HUNDREDTHS: Final = scaled(LIGHT_T, 2)
_DETAIL: Final = {
    FaultCode.TYPE: "a value of another type is needed",
    FaultCode.LENGTH: "its length is not allowed",
    FaultCode.FORM: "it has not the form that is needed",
    FaultCode.TABLE: "it is not in the code table",
}


@dataclass(frozen=True)
class Context:
    """What a document does not say itself. light: whether all vehicles concerned are ordinary and of at most
    4.5 t; None: not known, so the certificate fields may say either. dangerous: the vehicle carries dangerous
    goods, so nothing of it is light."""

    profile: Profile = SPECIFICATION
    light: bool | None = None
    dangerous: bool = False


_NO_CONTEXT: Final = Context()


def check(kind: Kind, document: Any, context: Context = _NO_CONTEXT) -> tuple[Fault, ...]:
    """Every fault, at most FAULTS_MAX; empty when the document conforms."""
    if not isinstance(document, Mapping):
        return (Fault("", FaultCode.TYPE, "an object is needed"),)
    faults: list[Fault] = []
    _walk(DOCUMENTS[kind].fields, document, "", faults)
    faults.extend(_CONDITIONS[kind](document, context))
    return tuple(faults[:FAULTS_MAX])


def _walk(fields: tuple[Field, ...], document: Document, prefix: str, faults: list[Fault]) -> None:
    for field in fields:
        value = document.get(field.name)
        if value is None or value == "":
            if field.required:
                faults.append(Fault(prefix + field.name, FaultCode.MISSING, "required"))
        elif field.leaf is not None:
            fault = field.leaf.check(value)
            if fault is not None:
                faults.append(Fault(prefix + field.name, fault, f"{_DETAIL[fault]} ({field.leaf.words})"))
        elif field.many:
            _walk_list(field, value, prefix + field.name, faults)
        else:
            _walk_group(field, value, prefix + field.name, faults)


def _walk_group(field: Field, value: Any, path: str, faults: list[Fault]) -> None:
    if isinstance(value, Mapping):
        _walk(field.members, value, path + ".", faults)
    else:
        faults.append(Fault(path, FaultCode.TYPE, "an object is needed"))


def _walk_list(field: Field, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, list):
        faults.append(Fault(path, FaultCode.TYPE, "a list is needed"))
        return
    if not 1 <= len(value) <= field.most:
        faults.append(Fault(path, FaultCode.COUNT, f"1 to {field.most} members are needed"))
        return
    for i, member in enumerate(value):
        _walk_group(field, member, f"{path}[{i}]", faults)
        if len(faults) >= FAULTS_MAX:
            return


def _waybill(document: Document, context: Context) -> Iterator[Fault]:
    transport = document.get("transportTypeCode")
    if isinstance(transport, str) and transport in TRANSPORT_MULTIMODAL and not context.profile.multimodal:
        yield Fault("transportTypeCode", FaultCode.TABLE, "multimodal; this profile does not take it")
    yield from _segments(document, context)
    yield from _none_needed(document, "permitNumber", _LIGHT_PERMIT, context.light)
    carrier = _group(document, "actualCarrierInfo")
    for fault in _none_needed(carrier, "actualCarrierBusinessLicense", _LIGHT_PERMIT, context.light):
        yield Fault(f"actualCarrierInfo.{fault.field}", fault.code, fault.detail)
    insurance = _group(document, "insuranceInformation")
    policy, company = insurance.get("policyNumber"), insurance.get("insuranceCompanyCode")
    if policy and company and (policy == UNINSURED) != (company == UNINSURED):
        yield Fault(
            "insuranceInformation.policyNumber",
            FaultCode.CONDITION,
            "policy, company: both none, or neither",
        )


def _segments(document: Document, context: Context) -> Iterator[Fault]:
    serial = document.get("serialNumber")
    segmented = isinstance(serial, str) and len(serial) == 4 and serial[2:] != "00"
    vehicle = document.get("vehicleInfo")
    if isinstance(vehicle, Mapping) and (segmented or context.profile.segments_always):
        yield from _missing(vehicle, SEGMENT_FIELDS, "vehicleInfo.", "required of a segment")


def _funds(document: Document, context: Context) -> Iterator[Fault]:
    payments = document.get("financiallist")
    if context.profile.bank_code and isinstance(payments, list):
        for i, payment in enumerate(payments[:FAULTS_MAX]):
            if isinstance(payment, Mapping):
                yield from _missing(payment, ("bankCode",), f"financiallist[{i}].", "this profile asks")


def _vehicle(document: Document, context: Context) -> Iterator[Fault]:
    mass = scaled(document.get("grossMass"), 2)
    if mass is None:
        return
    assert _LIGHT_HUNDREDTHS is not None
    light = mass <= _LIGHT_HUNDREDTHS and not context.dangerous
    if light:
        yield from _missing(document, LIGHT_VEHICLE_FIELDS, "", f"required up to {LIGHT_T} t")
    yield from _none_needed(document, "roadTransportCertificateNumber", _LIGHT_PERMIT, light)


def _driver(document: Document, context: Context) -> Iterator[Fault]:
    if context.light:
        yield from _missing(document, LIGHT_DRIVER_FIELDS, "", f"required up to {LIGHT_T} t")
    yield from _none_needed(document, "qualificationCertificate", _LIGHT_QUALIFICATION, context.light)
    identity = document.get("drivingLicense")
    if context.profile.identity_exact and isinstance(identity, str) and 0 < len(identity) < 18:
        yield Fault("drivingLicense", FaultCode.LENGTH, "exactly 18 characters by this profile")


def _location(document: Document, context: Context) -> Iterator[Fault]:
    return iter(())


_CONDITIONS: Final[dict[Kind, Callable[[Document, Context], Iterator[Fault]]]] = {
    Kind.WAYBILL: _waybill,
    Kind.FUNDS: _funds,
    Kind.VEHICLE: _vehicle,
    Kind.DRIVER: _driver,
    Kind.LOCATION: _location,
}


def _none_needed(
    document: Document, name: str, zeros: re.Pattern[str], light: bool | None
) -> Iterator[Fault]:
    """The zeros that say "none needed" are for light vehicles only."""
    value = document.get(name)
    if light is False and isinstance(value, str) and zeros.fullmatch(value):
        yield Fault(name, FaultCode.CONDITION, f"zeros stand for no certificate, up to {LIGHT_T} t only")


def _missing(document: Document, names: tuple[str, ...], prefix: str, why: str) -> Iterator[Fault]:
    for name in names:
        if document.get(name) in (None, ""):
            yield Fault(prefix + name, FaultCode.MISSING, why)


def _group(document: Document, name: str) -> Document:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
