"""The address and keys of a running stack, in a file for the command `ringvault --local`."""

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
    """Keep the file for as long as the context lasts; after a crash it is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(description_of(stack, aws=aws, invoke_url=invoke_url))
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def description_of(stack: Stack, *, aws: Aws, invoke_url: str) -> str:
    """Return the content of the file, as JSON; its key is only for the AWS of this machine."""
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
