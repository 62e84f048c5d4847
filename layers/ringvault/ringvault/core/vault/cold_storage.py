"""Storage classes that S3 does not read from, and how an object is brought back."""

import json
from dataclasses import dataclass
from shlex import quote

from ringvault.core.errors import PermanentError

_COLD_CLASSES = {"GLACIER", "DEEP_ARCHIVE"}
_RESTORED = 'ongoing-request="false"'
# Long enough for whoever asked to come back to it; AWS bills the copy for as long.
RESTORED_FOR_DAYS = 7


@dataclass(frozen=True, slots=True)
class StorageState:
    """How S3 keeps an object, in the words of its HeadObject.

    `archive_status` is that of INTELLIGENT_TIERING's archive tiers, None in the others;
    `restore` is None until a restoration was asked for.
    """

    bucket: str
    object_key: str
    storage_class: str
    archive_status: str | None
    restore: str | None

    @property
    def can_be_read(self) -> bool:
        """Whether S3 serves it now; the class GLACIER_IR is served like any warm one."""
        is_cold = self.storage_class in _COLD_CLASSES or self.archive_status is not None
        return not is_cold or _RESTORED in (self.restore or "")

    @property
    def is_being_restored(self) -> bool:
        """Whether somebody has asked for it already."""
        return not self.can_be_read and self.restore is not None

    def restore_command(self) -> str:
        """Return the command by which somebody who may restore objects brings it back."""
        request: dict[str, object] = {"GlacierJobParameters": {"Tier": "Standard"}}
        if self.archive_status is None:
            # S3 refuses a number of days for INTELLIGENT_TIERING: there it moves back for good.
            request = {"Days": RESTORED_FOR_DAYS, **request}
        return (
            f"aws s3api restore-object --bucket {quote(self.bucket)}"
            f" --key {quote(self.object_key)} --restore-request {quote(json.dumps(request))}"
        )


class InColdStorageError(PermanentError):
    """The recording is archived where S3 does not read it from; `stored` says how to restore it."""

    def __init__(self, stored: StorageState) -> None:
        self.stored = stored
        super().__init__(f"an object of class {stored.storage_class} is not restored")
