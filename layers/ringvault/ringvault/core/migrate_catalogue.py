"""Brings what an earlier release wrote into the catalogue up to this one's schema.

The items themselves tell how far it has come: whoever is killed runs it again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ringvault.core.at_once import AtOnce
from ringvault.core.errors import ConflictError


@dataclass(frozen=True, slots=True)
class SchemaPage:
    """Some items of the catalogue: how many, and how to bring each up that is outdated.

    That raises ConflictError where the item has changed since it was read.
    """

    items: int
    outdated: Sequence[Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Migrated:
    """How many items were read until now, brought up, and left because they were being changed."""

    items: int = 0
    brought_up: int = 0
    overtaken: int = 0


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
        )
        yield done
    yield done


def _brought_up(bring_up: Callable[[], None]) -> bool:
    try:
        bring_up()
    except ConflictError:
        return False
    return True
