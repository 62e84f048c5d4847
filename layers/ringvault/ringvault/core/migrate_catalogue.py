"""Brings what an earlier release wrote into the catalogue up to this one's schema.

The items themselves tell how far it has come: whoever is killed runs it again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ringvault.core.at_once import AtOnce
from ringvault.core.errors import ConflictError, UnreadableItemError

# A catalogue of which more is damaged needs a restore, not a list.
MAX_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class SchemaPage:
    """Some items of the catalogue: how many, and how to bring each up that is outdated.

    That raises ConflictError where the item has changed since it was read. `unreadable` are
    those that are damaged.
    """

    items: int
    outdated: Sequence[Callable[[], None]]
    unreadable: Sequence[UnreadableItemError] = ()


@dataclass(frozen=True, slots=True)
class Migrated:
    """How many items were read until now, brought up, and left because they were being changed.

    `unreadable` has the ids of damaged ones, at most MAX_NAMED; None where even that is lost.
    """

    items: int = 0
    brought_up: int = 0
    overtaken: int = 0
    unreadable: tuple[str | None, ...] = ()


def migrate_catalogue(pages: Iterable[SchemaPage], *, at_once: AtOnce) -> Iterator[Migrated]:
    """Bring up page after page; yield how far it has come after each, at least once.

    Raises:
        NewerCatalogueError: a newer release has written what is read; that stays as it is.
    """
    done = Migrated()
    for page in pages:
        kept = sum(at_once(_brought_up, page.outdated))
        done = Migrated(
            items=done.items + page.items,
            brought_up=done.brought_up + kept,
            overtaken=done.overtaken + len(page.outdated) - kept,
            unreadable=(*done.unreadable, *(it.recording_id for it in page.unreadable))[:MAX_NAMED],
        )
        yield done
    yield done


def _brought_up(bring_up: Callable[[], None]) -> bool:
    try:
        bring_up()
    except ConflictError:
        return False
    return True
