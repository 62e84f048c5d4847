"""What a build holds, as a CycloneDX bill of materials.

`python -m supply_chain.bill_of_materials BUILD FILE` writes it. It carries no time and no serial
number, and everything in it is sorted: the same build gives the same bytes.
"""

import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply_chain.layer_packages import IncompleteLayerError, Package, layer_packages
from supply_chain.licences import UnknownLicenceError

_LAYER = "RingvaultLayer"
_PROJECT_FILE = Path(__file__).parents[1] / "pyproject.toml"

Json = dict[str, Any]


def bill_of_materials(build: Path, project: Json, *, direct: Iterable[str]) -> Json:
    """Return the bill of the layer and the functions in `build`.

    Args:
        build: Folder that `sam build` filled: one folder a function, and the layer's.
        project: The table `project` of pyproject.toml: name and version.
        direct: The requirements of the layer itself: the group `layer` of pyproject.toml.

    Raises:
        IncompleteLayerError: The layer lacks what one of its packages needs.
        UnknownLicenceError: A package states no licence.
    """
    functions = sorted(one.name for one in build.iterdir() if one.is_dir() and one.name != _LAYER)
    packages = layer_packages(build / _LAYER / "python")
    required = sorted(canonicalize_name(Requirement(one).name) for one in direct)
    root = {"type": "application", **_ours(project["name"], project)}
    parts = [{"type": "application", **_ours(name, project)} for name in functions]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": [
            *parts,
            {"type": "library", **_ours(_LAYER, project)},
            *map(_library, packages.values()),
        ],
        "dependencies": [
            _edges(project["name"], [*functions, _LAYER]),
            *(_edges(name, [_LAYER]) for name in functions),
            _edges(_LAYER, [packages[name].purl for name in required]),
            *(
                _edges(one.purl, [packages[name].purl for name in one.requires])
                for one in packages.values()
            ),
        ],
    }


def _ours(name: str, project: Json) -> Json:
    return {"bom-ref": name, "name": name, "version": project["version"]}


def _library(package: Package) -> Json:
    licence = {
        "id": package.licence.spdx_id,
        "acknowledgement": package.licence.acknowledgement,
    }
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "licenses": [{"license": licence}],
        "purl": package.purl,
    }


def _edges(ref: str, depends_on: Iterable[str]) -> Json:
    return {"ref": ref, "dependsOn": list(depends_on)}


def main() -> None:
    """Write the bill of the build named first to the file named second."""
    build, file = map(Path, sys.argv[1:])
    document = tomllib.loads(_PROJECT_FILE.read_text(encoding="utf-8"))
    project, direct = document["project"], document["dependency-groups"]["layer"]
    try:
        bill = bill_of_materials(build, project, direct=direct)
    except (IncompleteLayerError, UnknownLicenceError) as error:
        sys.exit(f"build: no bill of materials: {error}")
    file.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    print(f"build: bill of materials, {len(bill['components'])} components, in {file}")


if __name__ == "__main__":
    main()
