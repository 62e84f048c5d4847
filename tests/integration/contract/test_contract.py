"""openapi.yaml held against the API, by requests that schemathesis makes up."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.places import ROOT
from tests.integration.contract.conftest import ANSWERED_WITHIN_S, RunningApi

CONTRACT = ROOT / "functions/playback_api/openapi.yaml"
# Not `unsupported_method`: API Gateway answers a method that no route has with 404, never with 405.
# Not `positive_data_acceptance`: a made-up cursor or span has the right form and is refused.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]

# TRACE and QUERY reach no HTTP API.
METHODS = ["DELETE", "OPTIONS", "PATCH", "POST", "PUT"]
CONFIG = schemathesis.Config.from_dict({"phases": {"coverage": {"unexpected-methods": METHODS}}})

schema = schemathesis.openapi.from_path(CONTRACT, config=CONFIG)


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_api_keeps_its_contract(case: Case[Any], api: RunningApi) -> None:
    """Statuses, types, headers and bodies are as promised, and nothing forbidden is let through."""
    case.call_and_validate(
        base_url=api.url,
        headers={"Authorization": api.authorization()},
        checks=CHECKS,
        timeout=ANSWERED_WITHIN_S,
    )
