"""`ringvault hold` and `ringvault erase` from arguments to output, against moto."""

import json
import os
import subprocess
import sys

import pytest

from local.places import ROOT
from ringvault.core.catalogue.item import SCHEMA_VERSION, Erasure, State
from tests.integration.ringvault_cli.conftest import Ringvault
from tests.support.cloud import Cloud
from tests.support.kept_recordings import NUMBER, KeptArchive


@pytest.fixture
def kept(cloud: Cloud, outputs: dict[str, str]) -> KeptArchive:
    """Return the archive that the command reaches, with two recordings."""
    kept = KeptArchive(
        cloud,
        cloud.s3,
        outputs["CatalogueTableName"],
        outputs["NumberIndexTableName"],
        outputs["VaultBucketName"],
    )
    for recording_id in ("1", "2"):
        kept.archive(recording_id)
    return kept


def test_a_hold_is_added_listed_and_removed(ringvault: Ringvault, kept: KeptArchive) -> None:
    """What is held is listed with its reason and who said so, until it is removed."""
    added = ringvault("hold", "add", "--recording", "1", "--reason", "file 12", "--by", "ticket-7")
    listed = ringvault("hold", "list", "--json")
    removed = ringvault("hold", "remove", "--recording", "1", "--yes")

    assert added.exit_code == listed.exit_code == removed.exit_code == 0, added.output
    assert "1 held" in " ".join(added.stdout.split())
    assert "no Object Lock" in added.stdout
    [told] = json.loads(listed.stdout)["held"]
    assert (told["recording_id"], told["reason"], told["by"]) == ("1", "file 12", "ticket-7")
    assert kept.item("1").hold is None


@pytest.mark.usefixtures("kept")
def test_who_says_so_is_an_id(ringvault: Ringvault) -> None:
    """AWS's id of the user where nobody else is named; a name is refused."""
    refused = ringvault("hold", "add", "--recording", "1", "--reason", "x", "--by", "Ann Lee")
    ringvault("hold", "add", "--recording", "1", "--reason", "x")
    listed = ringvault("hold", "list", "--json")

    assert refused.exit_code == 2
    assert json.loads(listed.stdout)["held"][0]["by"].startswith("AKIA")


def test_an_item_of_a_newer_release_is_not_held(
    ringvault: Ringvault, kept: KeptArchive, cloud: Cloud
) -> None:
    """The command ends with 1 and says which release to deploy."""
    cloud.dynamodb.update_item(
        TableName=kept.catalogue_table,
        Key={"recording_id": {"S": "1"}},
        UpdateExpression="SET schema_version = :newer",
        ExpressionAttributeValues={":newer": {"N": str(SCHEMA_VERSION + 1)}},
    )

    done = ringvault("hold", "add", "--recording", "1", "--reason", "x", "--json")

    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert "written by a newer release" in answer["error"]
    assert answer["advice"] == "deploy that release, or a later one"


def test_nothing_changes_unasked(ringvault: Ringvault, kept: KeptArchive) -> None:
    """Without a terminal and without --yes holds stay, and recordings."""
    ringvault("hold", "add", "--recording", "1", "--reason", "x")

    removed = ringvault("hold", "remove", "--recording", "1")
    erased = ringvault("erase", "--recording", "2")

    assert removed.exit_code == erased.exit_code == 1
    assert kept.item("1").hold is not None
    assert kept.item("2").state is State.ARCHIVED


def test_erase_by_number(ringvault: Ringvault, kept: KeptArchive) -> None:
    """What is held is refused and told, the rest is gone; the number is never printed."""
    ringvault("hold", "add", "--recording", "1", "--reason", "x")

    result = ringvault("erase", "--number", NUMBER, "--yes", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["chosen"], told["held_before"], told["erased"]) == (2, 1, 1)
    assert told["erased_ids"] == ["2"]
    assert "555" not in result.output
    assert kept.item("1").state is State.ARCHIVED
    assert kept.item("2").state is State.ERASED


def test_a_plan_stands_before_the_erasure(ringvault: Ringvault, kept: KeptArchive) -> None:
    """How many, how much, of when, and what is refused."""
    ringvault("hold", "add", "--recording", "1", "--reason", "x")

    plan = " ".join(ringvault("erase", "--number", NUMBER).stdout.split())

    assert "2 recordings, 122,000 bytes of audio" in plan
    assert "refused, held 1" in plan
    assert "nothing was erased" in plan
    assert len(kept.versions()) == 6


def test_an_interrupted_erasure_is_finished(ringvault: Ringvault, kept: KeptArchive) -> None:
    """Without any option, erase takes up what is left of an earlier run."""
    item = kept.item("1")
    kept.holds.begin_erasure(
        "1", Erasure(item.listed_at, "AIDAERASER"), claimed_before=item.listed_at
    )

    result = ringvault("erase", "--yes")

    assert result.exit_code == 0, result.output
    assert kept.item("1").state is State.ERASED
    assert kept.item("2").state is State.ARCHIVED
    assert ringvault("erase").exit_code == 0


@pytest.mark.parametrize(("typed", "does"), [("2", True), ("3", False), ("", False), ("y", False)])
def test_who_erases_types_the_count(typed: str, *, does: bool) -> None:
    """At a terminal nothing but the very number of recordings will do."""
    ours, theirs = os.openpty()
    os.write(ours, f"{typed}\n".encode())
    code = (
        "from ringvault_cli.terminal.screen import Screen\n"
        "from ringvault_cli.vault.erase import types_the_count\n"
        "print(types_the_count(2, Screen(as_json=False)))"
    )

    child = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=ROOT,
    )

    os.close(ours)
    os.close(theirs)
    assert "Type 2 to erase them" in child.stdout
    assert child.stdout.rstrip().endswith(str(does))


def test_a_no_is_not_answered_with_the_option_that_asks_no_more() -> None:
    """--yes is named only where nobody could be asked."""
    ours, theirs = os.openpty()
    code = (
        "from ringvault_cli.terminal.screen import Screen\n"
        "Screen(as_json=False).show_unchanged('nothing was erased')"
    )

    def said(stdin: int) -> str:
        return subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            cwd=ROOT,
        ).stdout

    assert said(theirs) == "nothing was erased\n"
    assert "--yes" in said(subprocess.DEVNULL)
    os.close(ours)
    os.close(theirs)
