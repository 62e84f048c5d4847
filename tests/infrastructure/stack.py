"""template.yaml as SAM makes it, in the words of the tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stack:
    """The transformed template; names are logical ids."""

    document: dict[str, Any]

    def resource(self, name: str) -> dict[str, Any]:
        """Return the whole resource, deletion policy and all."""
        resource: dict[str, Any] = self.document["Resources"][name]
        return resource

    def properties(self, name: str) -> Properties:
        """Return the properties of one resource."""
        properties: Properties = self.resource(name)["Properties"]
        return properties

    def of_type(self, resource_type: str) -> dict[str, Properties]:
        """Return the properties of every resource of a type, never none of them."""
        found = {
            name: resource["Properties"]
            for name, resource in self.document["Resources"].items()
            if resource["Type"] == resource_type
        }
        assert found, f"no {resource_type} in the template"
        return found

    def only(self, resource_type: str) -> Properties:
        """Return the properties of the one resource of a type."""
        (properties,) = self.of_type(resource_type).values()
        return properties

    def parameter_default(self, name: str) -> str:
        """Return what a parameter is when nobody gives it."""
        return str(self.document["Parameters"][name]["Default"])

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each statement of each role with the role's name, those under a condition too."""
        for name, role in self.of_type("AWS::IAM::Role").items():
            for listed in role.get("Policies", []):
                policy = listed.get("Fn::If", [None, listed])[1]
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement


def as_list(value: Any) -> list[Any]:
    """Return what IAM takes as one value or as a list, as a list."""
    return value if isinstance(value, list) else [value]
