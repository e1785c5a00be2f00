"""What can be configured: one class for each section, every key with a default and a sentence about it.

Secrets stand in files of their own. `config_file` reads and checks; here nothing is opened, but that files
that are named are there.
"""

from .people import CommandsSection
from .section import ConfigError, Section
from .terminals import MediaSection, SessionsSection
from .whole import Config

__all__ = ["CommandsSection", "Config", "ConfigError", "MediaSection", "Section", "SessionsSection"]
