"""template.yaml as SAM makes it, made once for each run of tests."""

import json
from functools import cache

from local.cloudformation.transform import Document, transform
from local.places import TEMPLATE


def transformed() -> Document:
    """Return the template as plain CloudFormation; the copy is the caller's to change."""
    document: Document = json.loads(_text())
    return document


# SAM takes a second for it.
@cache
def _text() -> str:
    return json.dumps(transform(TEMPLATE))
