"""The desk's camera: its picture is a file that the configuration names."""

PIECE_BYTES = 256


class FileCamera:
    """The camera port: `take(file)` writes a JPEG into `file` and says whether it could."""

    def __init__(self, path):
        self._path = path

    def take(self, file):
        """Raises OSError when the picture cannot be read or written."""
        with open(self._path, "rb") as source:
            while True:
                piece = source.read(PIECE_BYTES)
                if not piece:
                    return True
                file.write(piece)
