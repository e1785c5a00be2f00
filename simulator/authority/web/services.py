"""The parts of the authority that routes ask."""

from dataclasses import dataclass

from fastapi import Request

from protocols.guomi import Guomi

from ..books.accounts import Accounts
from ..books.consents import Audit, Consents
from ..bureau import Bureau
from ..licences import Licences
from ..persons import Persons
from ..roadside import Roadside


@dataclass(frozen=True)
class Services:
    """All of one house."""

    guomi: Guomi
    bureau: Bureau
    accounts: Accounts
    roadside: Roadside
    persons: Persons
    licences: Licences
    consents: Consents
    audit: Audit


def services_of(request: Request) -> Services:
    """Those of this application."""
    services: Services = request.app.state.services
    return services
