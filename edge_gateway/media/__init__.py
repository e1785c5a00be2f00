"""Pictures of terminals and the files of safety alarms: stored by content, listed, within a quota.

`store` keeps contents in files named by their SHA-256 and the list of what they are in SQLite; `attachments`
is the pure core of the attachment server (T/JSATL 12), `server` its thin shell. Knows nothing of sessions,
journal or HTTP; must not say that a file is stored before it is on the disk.
"""

from .attachments import Attachment, AttachmentSession
from .limits import MediaLimits
from .orders import Orders
from .schema import Item, MediaError
from .server import AttachmentServer
from .service import MediaService
from .shelves import Shelves
from .store import MediaStore, NewMedia

__all__ = [
    "Attachment",
    "AttachmentServer",
    "AttachmentSession",
    "Item",
    "MediaError",
    "MediaLimits",
    "MediaService",
    "MediaStore",
    "NewMedia",
    "Orders",
    "Shelves",
]
