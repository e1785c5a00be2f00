"""The vehicle's senses, for terminals that have them: loaded once with `pages.keep` and there for good."""

from ..vehicle.vehicle import Vehicle


def attach(terminal, random16):
    """Makes the vehicle and gives it to the terminal."""
    settings = terminal.settings
    vehicle = Vehicle(terminal.parameters, settings.store, terminal.mail, random16, settings.edition)
    terminal.attach_vehicle(vehicle)
