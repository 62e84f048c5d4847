"""`ringvault migrate`: what an earlier release wrote into the catalogue, as this one writes it."""

from dataclasses import asdict

from cli.failures import ExitStatus
from cli.options import (
    DEFAULT_PORT,
    DEFAULT_STACK,
    Json,
    Local,
    Place,
    Port,
    Profile,
    Region,
    StackName,
)
from cli.screen import Screen, ended, screen
from ringvault.core.catalogue import SCHEMA_VERSION
from ringvault.core.migrate_catalogue import Migrated, migrate_catalogue


def migrate(
    *,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Bring the catalogue up to this release's schema.

    Reads the whole catalogue and changes what an earlier release wrote; nothing has to be stopped
    for it. Run it after an upgrade whose changelog asks for it, never before. Ctrl-C ends the
    command and loses nothing: the same command goes on.

    Ends with 1 when an item was being changed meanwhile: run it again. With 1 when an item is
    damaged: it is named and left as it is. And with 1 when a newer
    release has written into the catalogue: nothing of that is touched.
    """
    with screen(as_json=json) as shown:
        deployed = Place(stack, profile, region, local, port).open()
        from cli.parts import catalogue_migration_in
        from ringvault.adapters.at_once import at_once

        migration = catalogue_migration_in(deployed)
        expected = migration.expected_items()
        with shown.bar("read", unit="items") as advance:
            for migrated in migrate_catalogue(migration.pages(), at_once=at_once):
                advance(migrated.items, max(expected, migrated.items))
        show(migrated, shown=shown)
        shown.answer(asdict(migrated) | {"schema_version": SCHEMA_VERSION})
        is_whole = not migrated.overtaken and not migrated.unreadable
        ended(ExitStatus.OK if is_whole else ExitStatus.WRONG)


def show(migrated: Migrated, *, shown: Screen) -> None:
    """Print what became of the catalogue, for a person."""
    shown.say(f"the catalogue, schema {SCHEMA_VERSION}")
    shown.row("  items", f"{migrated.items:,}")
    shown.row("  brought up", f"{migrated.brought_up:,}")
    if migrated.overtaken:
        shown.row("  changed meanwhile", f"{migrated.overtaken:,}: run it again")
    for recording_id in migrated.unreadable:
        shown.row("  unreadable", recording_id or "an item without an id")
