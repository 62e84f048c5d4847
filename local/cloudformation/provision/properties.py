"""The properties of one resource, each of which must be used."""

from local.cloudformation.transform import Value
from local.errors import TemplateError

_REQUIRED = object()


class Properties:
    """Properties that remember which of them were taken.

    `where` names resource and type for messages. A property that is not taken before
    `require_all_taken` would have been dropped silently by the local stack.
    """

    def __init__(self, values: dict[str, Value], *, where: str) -> None:
        self._left = dict(values)
        self._where = where
        self._children: list[Properties] = []

    def take(self, name: str, default: Value = _REQUIRED) -> Value:
        """Return a property as it is in the template; `default` if it is missing.

        Raises:
            TemplateError: it is missing and has no default.
        """
        value = self._left.pop(name, default)
        if value is _REQUIRED:
            raise TemplateError(f"{self._where}: property {name} is missing")
        return value

    def take_constant(self, name: str, *, constant: Value) -> None:
        """Take a property that changes nothing locally, as long as its value is known here.

        Raises:
            TemplateError: it has any other value.
        """
        value = self.take(name, constant)
        if value != constant:
            raise TemplateError(f"{self._where}: {name} {value!r} is not known to the local stack")

    def take_all(self) -> dict[str, Value]:
        """Take all properties that are left, as they are in the template."""
        taken, self._left = self._left, {}
        return taken

    def take_properties(self, name: str) -> "Properties":
        """Return a property that has properties of its own; empty if it is missing."""
        return self._child(self.take(name, {}), name)

    def take_list(self, name: str) -> list["Properties"]:
        """Return a list of such properties; empty if it is missing."""
        return [self._child(item, name) for item in self.take(name, [])]

    def has(self, name: str) -> bool:
        """Whether the property is there, and not yet taken."""
        return name in self._left

    def require_all_taken(self) -> None:
        """Check that no property was overlooked.

        Raises:
            TemplateError: names the first property that was not taken.
        """
        for name in self._left:
            raise TemplateError(f"{self._where}: property {name} is not known to the local stack")
        for child in self._children:
            child.require_all_taken()

    def _child(self, values: dict[str, Value], name: str) -> "Properties":
        child = Properties(values, where=f"{self._where}: {name}")
        self._children.append(child)
        return child
