"""The settings that all processes of functions share."""

from dataclasses import dataclass
from pathlib import Path

from local.cloudformation.provision.site import STACK_NAME, Function
from local.moto.clients import Aws


@dataclass(frozen=True, slots=True)
class Host:
    """The AWS that functions use, and the folder of their output."""

    aws: Aws
    logs: Path

    def log_of(self, function: Function) -> Path:
        """Return the file of a function's output."""
        return self.logs / f"{function.name.removeprefix(STACK_NAME + '-')}.log"
