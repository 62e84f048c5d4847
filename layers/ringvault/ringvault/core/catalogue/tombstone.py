"""What stays in the catalogue of a recording that is gone for good."""

from dataclasses import replace

from ringvault.core.catalogue.item import CatalogueItem, State


def tombstone(item: CatalogueItem, state: State, *, reason: str) -> CatalogueItem:
    """Return that there was a recording of this id at that time, and why it is gone."""
    recording = replace(
        item.recording, content_uri="", duration_s=None, extension_id=None, call_record={}
    )
    return CatalogueItem(recording, state, listed_at=item.listed_at, reason=reason)
