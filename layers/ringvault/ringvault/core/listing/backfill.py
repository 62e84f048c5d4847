"""Backfills that a person adds or stops; the lister reads them, oldest first."""

from datetime import datetime

from ringvault.core.errors import InvalidRequestError
from ringvault.core.listing.windows import MAX_WINDOWS, Kind, ListingProgress, Window
from ringvault.core.versioned import Versioned, change


def open_backfills(progress: ListingProgress) -> tuple[Window, ...]:
    """Return the rest of the open backfills, oldest first."""
    return tuple(window for window in progress.windows if window.kind is Kind.BACKFILL)


def require_backfill(state: ListingProgress, from_at: datetime, to_at: datetime) -> None:
    """Raise an error if the backfill can't be opened.

    Raises:
        InvalidRequestError: the lister has not run yet, this window is open, or too many are.
    """
    if not state.opened_to:
        raise InvalidRequestError(
            "the first run of the lister has not read the call log yet",
            hint="wait for it: it reads the past by itself",
        )
    if any((it.from_at, it.to_at) == (from_at, to_at) for it in open_backfills(state)):
        raise InvalidRequestError(
            "this backfill is open already", hint="see ringvault backfill --list"
        )
    if state.is_full:
        raise InvalidRequestError(
            f"{MAX_WINDOWS} windows of the call log are open, which is the limit",
            hint="wait until some are read, cancel all backfills (ringvault backfill --stop), or"
            " give one longer span",
        )


def add_backfill(
    *, progress: Versioned[ListingProgress], from_at: datetime, to_at: datetime
) -> ListingProgress:
    """Open a backfill beside the open ones; return the new progress.

    Raises:
        InvalidRequestError: the lister has not run yet, this window is open, or too many are.
        ConflictError: the lister was first every time; nothing was changed.
    """

    def added(state: ListingProgress) -> ListingProgress:
        require_backfill(state, from_at, to_at)
        return state.with_backfill(from_at, to_at)

    return change(progress, added)


def stop_backfills(*, progress: Versioned[ListingProgress]) -> ListingProgress:
    """Stop every open backfill; recordings that they listed stay listed.

    Raises:
        ConflictError: the lister was first every time; nothing was changed.
    """
    return change(progress, ListingProgress.without_backfills)
