"""What an update changes, what it would replace, and what stays when the stack is deleted."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.child import free_port
from local.cloudformation.provision.site import Resource
from local.cloudformation.provision.stack import Made
from local.cloudformation.transform import Document
from local.moto.clients import Aws, running_aws
from local.places import ROOT
from tests.rehearsal.changes import Planned, changes, create_only, planned, replaced
from tests.rehearsal.comparison import Property, properties_of
from tests.rehearsal.moto_stack import KEPT_BY_MOTO, MotoStack
from tests.rehearsal.read_back import read_back
from tests.rehearsal.variants import ANOTHER_ISSUER, EVERYTHING
from tests.support.template import transformed

DOCUMENT = ROOT / "docs" / "operations" / "deploying.md"
# Each parameter with another value than its default; those of an issuer go together.
OTHER_VALUES = {
    **EVERYTHING,
    "SignInScope": "openid profile offline_access",
    "GroupsClaim": "groups",
    "ExtensionClaim": "extension",
    "RingCentralServerUrl": "https://platform.devtest.ringcentral.com",
    "RingCentralMediaUrl": "https://media.devtest.ringcentral.com",
    "ListEvery": "rate(10 minutes)",
    "FirstRunReachDays": "30",
    "ShortLookBackMinutes": "60",
    "DeepLookBackHours": "48",
    "WideLookBackDays": "14",
    "ReconcileEvery": "rate(1 hour)",
    "ReconcileDays": "30",
    "ArchiverConcurrency": "3",
    "PlaybackUrlSeconds": "60",
    "ColdStorageAfterDays": "9",
    "PhoneRegion": "GB",
}
SINGLE = [{name: value} for name, value in OTHER_VALUES.items()]
NAMES = [*OTHER_VALUES, "another issuer", "all at once"]
# Only a domain of another name is another domain: people sign in there again.
REPLACED = {"CognitoDomainPrefix": {"SignInDomain"}}
# What moto reads back after its own update; not the logs' retention, at which it fails.
ITEMS = {
    "CatalogueTable": {"recording_id": {"S": "1"}, "state": {"S": "ARCHIVED"}},
    "NumberIndexTable": {"number_key": {"S": "1"}, "started_at_id": {"S": "1"}},
    "PlayTable": {"recording_id": {"S": "1"}, "play_id": {"S": "1"}},
}
UPDATE = {
    name: OTHER_VALUES[name]
    for name in (
        "ArchiverConcurrency",
        "ExpireAfterDays",
        "PlaybackUrlSeconds",
        "ShortLookBackMinutes",
    )
}


@pytest.fixture(scope="module")
def template() -> Document:
    """Return the project's own template, transformed."""
    return transformed()


@pytest.fixture(scope="module")
def before(template: Document) -> Planned:
    """Return the stack as it comes."""
    return planned(template, {})


def test_every_parameter_is_tried(template: Document) -> None:
    """No parameter of the template is left out, and each has another value than its default."""
    tried = OTHER_VALUES | ANOTHER_ISSUER

    assert template["Parameters"].keys() - tried.keys() == {"SignInEndSessionEndpoint"}
    for name, value in tried.items():
        assert str(template["Parameters"][name]["Default"]) != value


@pytest.mark.parametrize("given", [*SINGLE, ANOTHER_ISSUER, OTHER_VALUES], ids=NAMES)
def test_an_update_replaces_nothing_that_holds_anything(
    template: Document, before: Planned, given: dict[str, str]
) -> None:
    """By AWS's own schemas every parameter is changed in place, and back again."""
    after = planned(template, given)
    expected = {name for parameter in given for name in REPLACED.get(parameter, set())}

    assert replaced(before, after) == expected
    assert replaced(after, before) == expected


def test_what_goes_with_a_parameter_holds_nothing(template: Document, before: Planned) -> None:
    """What a parameter takes out of the stack is kept, if it holds what cannot be made again."""
    gone = before.types.keys() - planned(template, ANOTHER_ISSUER).types.keys()
    kept = {name for name in gone if is_kept(template, name)}

    assert gone
    assert {before.types[name] for name in gone & kept} == {"AWS::Cognito::UserPool"}


def is_kept(template: Document, name: str) -> bool:
    """Whether a resource stays when the stack is deleted, or has no use for it any more."""
    return bool(template["Resources"][name].get("DeletionPolicy") == "Retain")


def test_no_release_replaces_what_holds_anything(template: Document) -> None:
    """What stays has no name of its own choice, and its keys are those that it began with.

    Whoever has to change what stands here makes a resource beside it and moves what is in it.
    """
    kept = {name: it for name, it in template["Resources"].items() if is_kept(template, name)}
    fixed = {
        f"{name}.{path}": it["Properties"][path]
        for name, it in kept.items()
        for path in create_only(it["Type"])
        if path in it["Properties"]
    }

    assert {name: it["Type"] for name, it in kept.items()} == {
        "CatalogueTable": "AWS::DynamoDB::Table",
        "NumberIndexTable": "AWS::DynamoDB::Table",
        "PlayTable": "AWS::DynamoDB::Table",
        "UserPool": "AWS::Cognito::UserPool",
        "VaultBucket": "AWS::S3::Bucket",
        "VaultBucketPolicy": "AWS::S3::BucketPolicy",
    }
    assert all(it["UpdateReplacePolicy"] == "Retain" for it in kept.values())
    assert fixed == {
        "CatalogueTable.KeySchema": keys("recording_id"),
        "NumberIndexTable.KeySchema": keys("number_key", "started_at_id"),
        "PlayTable.KeySchema": keys("recording_id", "play_id"),
        "VaultBucketPolicy.Bucket": {"Ref": "VaultBucket"},
    }


def keys(*names: str) -> list[dict[str, str]]:
    """Return a table's key."""
    types = ("HASH", "RANGE")
    return [
        {"AttributeName": name, "KeyType": type_} for name, type_ in zip(names, types, strict=False)
    ]


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A moto with nothing in it but the stack."""
    with running_aws(free_port(), log_path=tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What was seen of a stack that was created, filled, updated and deleted."""

    created: dict[str, str]
    updated: dict[str, str]
    changed: list[Property]


@pytest.fixture(scope="module")
def rehearsed(template: Document, moto: Aws) -> Rehearsed:
    """Create a stack, put something into it, update it, delete it."""
    stack = MotoStack(template, aws=moto)
    stack.create()
    created = stack.physical_ids()
    fill(created, moto)
    stack.update(UPDATE)
    updated = stack.physical_ids()
    changed = list(read_changes(template, updated, moto))
    stack.delete()
    return Rehearsed(created, updated, changed)


def fill(ids: dict[str, str], aws: Aws) -> None:
    """Put an object into the bucket and an item into each table."""
    aws.client("s3").put_object(Bucket=ids["VaultBucket"], Key="recordings/1.mp3", Body=b"audio")
    for name, item in ITEMS.items():
        aws.client("dynamodb").put_item(TableName=ids[name], Item=item)


def read_changes(template: Document, ids: dict[str, str], aws: Aws) -> Iterator[Property]:
    """Yield what the update was to change in functions and in what invokes them, as read back."""
    before, after = planned(template, {}), planned(template, UPDATE)
    changed = [it for it in changes(before, after) if it.type.startswith("AWS::Lambda::")]
    paths = {(it.resource, it.path) for it in changed}
    for name in {it.resource for it in changed}:
        made = Made(after.types[name], after.properties[name], Resource(ids[name]))
        told = read_back(made, aws=aws)
        found = properties_of(name, made.type, wanted=made.properties, told=told)
        yield from (it for it in found if (name, it.path) in paths)


def test_an_update_arrives_where_it_stands(rehearsed: Rehearsed) -> None:
    """The new values are read back from the very same resources; what is new is added."""
    assert {it.resource: it.told for it in rehearsed.changed if it.is_as_wanted} == {
        "ArchiveRecordingFunctionRecordingQueue": 3,
        "ListRecordingsFunction": 60,
        "PlaybackApiFunction": 60,
    }
    assert all(it.is_as_wanted for it in rehearsed.changed)
    assert rehearsed.created.items() <= rehearsed.updated.items()
    assert "ExpireRecordingsFunction" in rehearsed.updated.keys() - rehearsed.created.keys()


def test_what_was_archived_outlives_the_stack(rehearsed: Rehearsed, moto: Aws) -> None:
    """After the deletion bucket and tables are still there with what was put into them."""
    ids = rehearsed.created
    audio = moto.client("s3").get_object(Bucket=ids["VaultBucket"], Key="recordings/1.mp3")
    tables = moto.client("dynamodb")

    assert audio["Body"].read() == b"audio"
    for name, item in ITEMS.items():
        assert tables.scan(TableName=ids[name])["Items"] == [item]


def test_what_can_be_made_again_goes_with_the_stack(rehearsed: Rehearsed, moto: Aws) -> None:
    """Functions, roles, queues and the state table are gone: the deletion was one."""
    assert moto.client("lambda").list_functions()["Functions"] == []
    assert moto.client("iam").list_roles()["Roles"] == []
    assert moto.client("sqs").list_queues().get("QueueUrls", []) == []
    assert (
        rehearsed.created["StateTable"] not in moto.client("dynamodb").list_tables()["TableNames"]
    )


def test_the_document_lists_whose_update_is_unproven(template: Document) -> None:
    """Every type that no CloudFormation here updates and deletes is named, and no other."""
    types = {it["Type"] for it in template["Resources"].values()}
    lines = DOCUMENT.read_text().splitlines()
    listed = [
        line.removeprefix("- `").removesuffix("`") for line in lines if line[:8] == "- `AWS::"
    ]

    assert listed == sorted(types - KEPT_BY_MOTO)
