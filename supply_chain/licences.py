"""Under which licence a package comes, by its SPDX id."""

from dataclasses import dataclass
from importlib.metadata import PackageMetadata

# Where a release states none in its metadata, what was found by looking; another release is looked
# at again.
_CONCLUDED = {
    "observable==0.3.2": "MIT",  # states none anywhere; its author's releases from 1.0 on are MIT
    "ringcentral==0.9.2": "MIT",  # the text of its LICENSE.md
}


class UnknownLicenceError(Exception):
    """A package states no licence and nobody has looked for it yet."""


@dataclass(frozen=True, slots=True)
class Licence:
    """The SPDX id; CycloneDX's word for who says so: `declared` is the package itself."""

    spdx_id: str
    acknowledgement: str


def licence_of(package: str, metadata: PackageMetadata) -> Licence:
    """Return the licence of `package`, which is written as in a lock: `name==version`.

    Raises:
        UnknownLicenceError: Neither the metadata nor the list above has it.
    """
    declared = [*metadata.get_all("License-Expression", []), *metadata.get_all("License", [])]
    if declared:
        return Licence(declared[0], "declared")
    if package in _CONCLUDED:
        return Licence(_CONCLUDED[package], "concluded")
    raise UnknownLicenceError(
        f"{package} states no licence in its metadata: find it out and add it, with where it is "
        f"stated, to supply_chain/licences.py and docs/licences.md"
    )
