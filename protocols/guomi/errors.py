"""What can go wrong behind the door."""


class GuomiError(ValueError):
    """An argument is not what the standard says: the text names it. A bug or a bad peer, never a crash."""


class IntegrityError(GuomiError):
    """The bytes were changed, or belong to another key."""
