"""`python -m edge_gateway.api.openapi FILE` writes the API's OpenAPI document."""

import sys
from pathlib import Path

from .app import write_openapi

if __name__ == "__main__":
    write_openapi(Path(sys.argv[1]))
