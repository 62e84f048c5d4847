"""What all processes of functions share."""

from dataclasses import dataclass
from pathlib import Path

from local.cloudformation.provision.site import STACK_NAME, Function
from local.moto.clients import Aws


@dataclass(frozen=True, slots=True)
class Host:
    """The AWS that functions reach, and the folder that takes their output."""

    aws: Aws
    logs: Path

    def log_of(self, function: Function) -> Path:
        """Return the file that takes the output of a function."""
        return self.logs / f"{function.name.removeprefix(STACK_NAME + '-')}.log"
