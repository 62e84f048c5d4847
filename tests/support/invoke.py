"""Invokes one function on the event that comes in, as `python -m tests.support.invoke NAME`."""

import importlib
import json
import sys

from tests.support.deployed import Context

if __name__ == "__main__":
    handler = importlib.import_module(f"functions.{sys.argv[1]}.handler")
    print(json.dumps(handler.lambda_handler(json.load(sys.stdin), Context())))  # noqa: T201 - its answer
