"""How a running stack is reached, in a file that the command `ringvault --local` reads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.cloudformation.provision.site import STACK_NAME
from local.cloudformation.provision.stack import Stack
from local.cloudformation.transform import REGION
from local.moto.clients import ADMINISTRATOR, Aws


@contextmanager
def described(stack: Stack, *, aws: Aws, invoke_url: str, path: Path) -> Iterator[None]:
    """Keep the file for as long as the context lasts; whoever was killed leaves it behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(description_of(stack, aws=aws, invoke_url=invoke_url))
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def description_of(stack: Stack, *, aws: Aws, invoke_url: str) -> str:
    """Return what the file holds, as JSON; the key opens nothing but the AWS of this machine."""
    told = {
        "stack_name": STACK_NAME,
        "endpoint_url": aws.endpoint_url,
        "invoke_url": invoke_url,
        "region": REGION,
        "access_key": ADMINISTRATOR,
        "outputs": stack.outputs,
        "parameters": stack.parameters,
    }
    return json.dumps(told, indent=1)
