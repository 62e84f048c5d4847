"""How a running stack is reached, in a file that the command `ringvault --local` reads."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.aws import ADMINISTRATOR, Aws
from local.provision.stack import Stack
from local.transform import REGION


@contextmanager
def described(stack: Stack, *, aws: Aws, invoke_url: str, path: Path) -> Iterator[None]:
    """Keep the file for as long as the context lasts; whoever was killed leaves it behind."""
    told = {
        "endpoint_url": aws.endpoint_url,
        "invoke_url": invoke_url,
        "region": REGION,
        "access_key": ADMINISTRATOR,
        "outputs": stack.outputs,
        "parameters": stack.parameters,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(told, indent=1))
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
