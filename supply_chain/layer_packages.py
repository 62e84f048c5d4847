"""The packages that a built layer holds, as their own metadata describe them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply_chain.licences import Licence, licence_of

# Where the layer runs, whatever machine builds it.
_LAMBDA = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
    "extra": "",
}


class IncompleteLayerError(Exception):
    """A package of the layer needs another one that the layer has not."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package; names are normalised, `requires` holds what it needs on Lambda."""

    name: str
    version: str
    licence: Licence
    requires: tuple[str, ...]

    @property
    def purl(self) -> str:
        """The package URL, by which scanners know it."""
        return f"pkg:pypi/{self.name}@{self.version}"


def layer_packages(folder: Path) -> dict[str, Package]:
    """Return the packages in `folder` by name, in order of their names.

    Raises:
        IncompleteLayerError: One of them needs a package that is not there.
        UnknownLicenceError: One of them states no licence.
    """
    found = sorted(map(_package, distributions(path=[str(folder)])), key=lambda one: one.name)
    packages = {package.name: package for package in found}
    for package in found:
        for name in package.requires:
            if name not in packages:
                raise IncompleteLayerError(f"{package.name} requires {name}, not in {folder}")
    return packages


def _package(distribution: Distribution) -> Package:
    name = canonicalize_name(distribution.metadata["Name"])
    licence = licence_of(f"{name}=={distribution.version}", distribution.metadata)
    return Package(name, distribution.version, licence, tuple(sorted(set(_needs(distribution)))))


def _needs(distribution: Distribution) -> Iterator[str]:
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(_LAMBDA):
            yield canonicalize_name(requirement.name)
