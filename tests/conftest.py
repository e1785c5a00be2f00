"""What holds for every test: properties are judged by their answers, never by the time they take."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
