"""Storage classes that can't be read at once, and how to restore an object."""

import json
from dataclasses import dataclass
from shlex import quote

from ringvault.core.errors import PermanentError

_COLD_CLASSES = {"GLACIER", "DEEP_ARCHIVE"}
_RESTORED = 'ongoing-request="false"'
# Long enough for the person to come back to it; AWS bills the copy for as long.
RESTORED_FOR_DAYS = 7


@dataclass(frozen=True, slots=True)
class StorageState:
    """How S3 stores an object, in the words of HeadObject.

    `archive_status` is that of INTELLIGENT_TIERING's archive tiers, None in the others;
    `restore` is None until a restore was requested.
    """

    bucket: str
    object_key: str
    storage_class: str
    archive_status: str | None
    restore: str | None

    @property
    def can_be_read(self) -> bool:
        """Whether S3 serves it now; GLACIER_IR is served like any warm class."""
        is_cold = self.storage_class in _COLD_CLASSES or self.archive_status is not None
        return not is_cold or _RESTORED in (self.restore or "")

    @property
    def is_being_restored(self) -> bool:
        """Whether a restore was requested already."""
        return not self.can_be_read and self.restore is not None

    def restore_command(self) -> str:
        """Return the command that restores it, for a person with the permission."""
        request: dict[str, object] = {"GlacierJobParameters": {"Tier": "Standard"}}
        if self.archive_status is None:
            # S3 refuses a number of days for INTELLIGENT_TIERING: there the move is permanent.
            request = {"Days": RESTORED_FOR_DAYS, **request}
        return (
            f"aws s3api restore-object --bucket {quote(self.bucket)}"
            f" --key {quote(self.object_key)} --restore-request {quote(json.dumps(request))}"
        )


class InColdStorageError(PermanentError):
    """The recording is in a class that can't be read at once; `stored` says how to restore it."""

    def __init__(self, stored: StorageState) -> None:
        self.stored = stored
        super().__init__(f"an object of class {stored.storage_class} is not restored")
