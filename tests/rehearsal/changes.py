"""What other parameters change in the template, and what AWS's own schemas say that it does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from local.cloudformation.intrinsics import Scope, holds, resolve
from local.cloudformation.provision.parameters import parameter_values
from local.cloudformation.transform import REGION, Document
from local.moto.clients import ACCOUNT_ID
from tests.rehearsal.comparison import Property, properties_of

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/rehearsal/1",
    "AWS::StackName": "rehearsal",
    "AWS::URLSuffix": "amazonaws.com",
}


class _AnyAttribute(dict[str, Any]):
    """Attributes of a resource that nobody made: each stands for itself."""

    def __init__(self, logical_id: str) -> None:
        self._logical_id = logical_id

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, attribute: str) -> str:
        return f"<{self._logical_id}.{attribute}>"


@dataclass(frozen=True, slots=True)
class Planned:
    """The resources of a template under some parameters; what refers to one stands for itself."""

    types: Mapping[str, str]
    properties: Mapping[str, Document]


def planned(template: Document, parameters: Mapping[str, str]) -> Planned:
    """Return what CloudFormation would be asked for."""
    resources = template["Resources"]
    scope = Scope(
        parameters=_PSEUDO_PARAMETERS | parameter_values(template["Parameters"], parameters),
        conditions=template["Conditions"],
        references={name: f"<{name}>" for name in resources},
        attributes={name: _AnyAttribute(name) for name in resources},
    )
    there = {
        name: it
        for name, it in resources.items()
        if "Condition" not in it or holds(it["Condition"], scope=scope)
    }
    return Planned(
        types={name: it["Type"] for name, it in there.items()},
        properties={
            name: resolve(it.get("Properties", {}), scope=scope) for name, it in there.items()
        },
    )


def changes(before: Planned, after: Planned) -> list[Property]:
    """Return every value that is added, changed or taken away in a resource that stays.

    `wanted` is what the later one has, `told` what the earlier one had; of what is taken away, the
    other way round.
    """
    return [
        change
        for first, second in ((before, after), (after, before))
        for name in before.properties.keys() & after.properties.keys()
        for change in properties_of(
            name, after.types[name], wanted=second.properties[name], told=first.properties[name]
        )
        if not change.is_as_wanted
    ]


def replaced(before: Planned, after: Planned) -> set[str]:
    """Return the resources that CloudFormation would make anew, and delete unless they are kept."""
    return {
        change.resource
        for change in changes(before, after)
        if any(_within(change.path, path) for path in create_only(change.type))
    }


def create_only(resource_type: str) -> Iterator[str]:
    """Yield the properties that only a new resource of a type can have otherwise."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    told = ("createOnlyProperties", "conditionalCreateOnlyProperties")
    for pointer in [it for name in told for it in schema.get(name) or ()]:
        steps = pointer.removeprefix("/properties/").split("/")
        yield ".".join(step for step in steps if step != "*")


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.") or outer.startswith(f"{path}.")
