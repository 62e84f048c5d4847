"""Every kind of answer holds to RingCentral's published schema."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from local.places import ROOT
from local.ringcentral.account.options import Options, Quota, Scope, quotas_with
from local.ringcentral.faults.faults import Fault
from tests.integration.local.ringcentral.client import DEADLINE_S, LONG_AGO, Client, Clock
from tests.integration.local.ringcentral.conftest import AMPLE

OPENAPI = ROOT.parent / "shared/reference/ringcentral-openapi.yaml"
ACCOUNT = "/restapi/v1.0/account/{accountId}"
CALL_LOG = f"{ACCOUNT}/call-log"
METADATA = f"{ACCOUNT}/recording/{{recordingId}}"

pytestmark = pytest.mark.skipif(
    not OPENAPI.exists(), reason="../shared/reference/ringcentral-openapi.yaml is absent"
)
Start = Callable[[Options], Client]
Check = Callable[..., None]


@pytest.fixture(scope="module")
def check() -> Check:
    """Validates a response against the schema of its operation and status."""
    document = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))
    registry: Registry[Any] = Registry().with_contents(
        [("urn:openapi", document)], default_specification=DRAFT4
    )

    def _pointer(path: str, method: str, status: int) -> str:
        responses = document["paths"][path][method]["responses"]
        declared = responses[str(status)]
        if "$ref" in declared:
            return f"urn:openapi{declared['$ref']}/content/application~1json/schema"
        name = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        place = f"urn:openapi#/paths/{name}/{method}/responses/{status}"
        return f"{place}/content/application~1json/schema"

    def _check(
        response: requests.Response, path: str, *, status: int, method: str = "get", like: int = 0
    ) -> None:
        assert response.status_code == status, response.text
        pointer = _pointer(path, method, like or status)
        validator = OAS30Validator(
            {"$ref": pointer}, registry=registry, format_checker=oas30_format_checker
        )
        errors = [error.message for error in validator.iter_errors(response.json())]
        assert not errors, "\n".join(errors)

    return _check


def test_the_validator_can_fail(check: Check) -> None:
    """A record without its id does not pass: the references are really followed."""
    wrong = requests.Response()
    wrong.status_code = 200
    wrong._content = b'{"navigation": {}, "paging": {"perPage": 1}, "records": [{"uri": "x"}]}'
    with pytest.raises(AssertionError, match="'id' is a required property"):
        check(wrong, CALL_LOG, status=200)


@pytest.mark.parametrize("view", ["Simple", "Detailed"])
def test_call_log(check: Check, client: Client, view: str) -> None:
    """First, middle, last and empty pages, in both views."""
    for page in (1, 2, 3, 900):
        response = client.get("/call-log", view=view, perPage=25, page=page, dateFrom=LONG_AGO)
        check(response, CALL_LOG, status=200)


def test_unfinished_record(check: Check, start: Start, clock: Clock) -> None:
    """A call that still lasts."""
    client = start(Options(quotas=AMPLE))
    clock.now = next(c for c in client.simulator.account.calls if c.listed_early).started_at
    response = client.sign_in().get("/call-log", view="Detailed")
    assert response.json()["records"][0]["finished"] is False
    check(response, CALL_LOG, status=200)


def test_metadata_and_settings(check: Check, client: Client) -> None:
    """A recording's metadata, and the account's retention."""
    for recording_id in list(client.simulator.account.recordings)[:2]:
        check(client.get(f"/recording/{recording_id}"), METADATA, status=200)
    check(client.get("/call-recording"), f"{ACCOUNT}/call-recording", status=200)


def test_content_types(client: Client) -> None:
    """Content comes as the two types that the schema declares, and as no other."""
    declared = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))["paths"][f"{METADATA}/content"]
    types = {
        client.content(recording_id).headers["Content-Type"]
        for recording_id in list(client.simulator.account.recordings)[:6]
    }
    assert types == set(declared["get"]["responses"]["200"]["content"])


def test_token(check: Check, start: Start) -> None:
    """A minted token, and each refusal to mint."""
    client = start(Options(recordings=1))
    path = "/restapi/oauth/token"
    check(client.mint(), path, status=200, method="post")
    for form in ({"grant_type": "password"}, {"assertion": "wrong"}, {"assertion": ""}):
        check(client.mint(**form), path, status=400, method="post")
    url = client.simulator.base_url + path
    for auth, status in ((("unknown", "x"), 400), (("simulated-client-id", "x"), 401)):
        refused = requests.post(url, data={"a": "b"}, auth=auth, timeout=DEADLINE_S)
        check(refused, path, status=status, method="post", like=400)


def test_errors(check: Check, client: Client) -> None:
    """400, 404, 416, 500, 503: RingCentral's envelope, in the list and at the top."""
    check(client.get("/call-log", dateFrom="x"), CALL_LOG, status=400)
    check(client.get("/recording/404"), METADATA, status=404)
    recording_id = next(iter(client.simulator.account.recordings))
    beyond = client.content(recording_id, headers={"Range": "bytes=999999999-"})
    check(beyond, METADATA, status=416, like=404)
    for status in (500, 503):
        client.simulator.inject(Fault(path="*", status=status))
        check(client.get("/call-log"), CALL_LOG, status=status)


def test_refusals(check: Check, start: Start) -> None:
    """401, 403 and 429 are the same envelope."""
    options = Options(
        recordings=1,
        quotas=quotas_with(heavy=Quota(1, 60, 60)),
        scopes=frozenset({Scope.READ_ACCOUNTS}),
    )
    client = start(options)
    check(client.get("/call-log"), CALL_LOG, status=401, like=403)
    client.sign_in()
    check(client.get("/call-log"), CALL_LOG, status=403)
    check(client.get("/call-log"), CALL_LOG, status=429, like=403)
