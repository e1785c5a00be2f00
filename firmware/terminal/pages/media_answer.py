"""What the platform says of a picture that came (0x8800): a page of its own, since `media` is large."""


def handle(terminal, header, body, now_ms):
    """Tells who works on pictures, if there is anybody; a reply is never answered."""
    if terminal.media is not None:
        terminal.media.on_answer(terminal, header, body)
