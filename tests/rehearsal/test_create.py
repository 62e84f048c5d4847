"""A first deployment, as far as this machine can have one: built, packaged, made, read back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.child import free_port
from local.cloudformation.intrinsics import Scope, holds
from local.cloudformation.provision.parameters import parameter_values
from local.cloudformation.provision.stack import Made, provision
from local.moto.clients import Aws, running_aws
from local.places import ROOT
from tests.rehearsal.comparison import Property, properties_of
from tests.rehearsal.makers import REHEARSED
from tests.rehearsal.packaging import Package, packaged
from tests.rehearsal.read_back import read_back
from tests.rehearsal.unproven import UNPROVEN, proven_after_all, unnamed
from tests.rehearsal.variants import ACCESS_LOGS, VARIANTS

LIST_OF_THE_DOCUMENT = ROOT / "docs" / "operations" / "deploying.md"


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A moto with nothing in it but what is deployed."""
    with running_aws(free_port(), log_path=tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws


@pytest.fixture(scope="module")
def package(moto: Aws, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Build and package the project once."""
    return packaged(moto, folder=tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def found(moto: Aws, package: Package) -> dict[str, list[Property]]:
    """Make the packaged template with each set of parameters, and read everything back."""
    return {name: rehearsed(package, given, moto) for name, given in VARIANTS.items()}


def rehearsed(package: Package, given: dict[str, str], aws: Aws) -> list[Property]:
    """Return every property of every resource, as the template has it and as a server tells it."""
    aws.reset()
    aws.client("s3").create_bucket(Bucket=ACCESS_LOGS, ACL="log-delivery-write")
    package.store(aws)
    stack = provision(package.template, parameters=given, aws=aws, code_root=ROOT, makers=REHEARSED)
    return [it for name, made in stack.resources.items() for it in told_of(name, made, aws)]


def told_of(name: str, made: Made, aws: Aws) -> list[Property]:
    """Return the properties of one resource."""
    told = read_back(made, aws=aws)
    return properties_of(name, made.type, wanted=made.properties, told=told)


def test_what_sam_makes_of_the_package_is_without_fault(package: Package, tmp_path: Path) -> None:
    """cfn-lint has nothing to say of what CloudFormation gets."""
    path = tmp_path / "template.json"
    path.write_text(json.dumps(package.template))

    done = subprocess.run(  # noqa: S603 - cfn-lint beside this Python
        [Path(sys.executable).with_name("cfn-lint"), path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_property_is_as_the_template_says(
    found: dict[str, list[Property]], variant: str
) -> None:
    """What a server tells is what the template says; what none tells is on the list by name."""
    assert [it for it in found[variant] if it.is_told and not it.is_as_wanted] == []
    assert unnamed(found[variant]) == []


def test_what_is_called_unproven_is(found: dict[str, list[Property]]) -> None:
    """Nothing stays on the list that a server tells by now, or that the template has no more."""
    assert proven_after_all([it for some in found.values() for it in some]) == []


def test_every_resource_is_rehearsed(package: Package, found: dict[str, list[Property]]) -> None:
    """No resource of the template is left out of all deployments that are rehearsed."""
    made = {it.resource for some in found.values() for it in some}

    assert package.template["Resources"].keys() - made == set()


def test_every_condition_is_true_and_false_once(package: Package) -> None:
    """The sets of parameters reach both sides of whatever the template decides."""
    declared, conditions = package.template["Parameters"], package.template["Conditions"]
    values = {
        (name, holds(name, scope=Scope(parameter_values(declared, given), conditions)))
        for given in VARIANTS.values()
        for name in conditions
    }

    assert values == {(name, value) for name in conditions for value in (True, False)}


def test_what_differs_is_seen(moto: Aws, package: Package) -> None:
    """A server that has another value than the template, or none, is found out."""
    alone = {
        **package.template,
        "Resources": {"StateTable": package.template["Resources"]["StateTable"]},
        "Outputs": {},
    }
    moto.reset()
    stack = provision(alone, parameters={}, aws=moto, code_root=ROOT, makers=REHEARSED)
    made = stack.resources["StateTable"]
    made.properties["BillingMode"] = "PROVISIONED"
    made.properties["Planted"] = {"New": 1}

    told = told_of("StateTable", made, moto)

    assert [it.path for it in told if it.is_told and not it.is_as_wanted] == ["BillingMode"]
    assert [it.path for it in unnamed(told)] == ["Planted.New"]


def test_the_document_lists_what_is_unproven() -> None:
    """The check-list for the first deployment on AWS has every entry, in order, and no other."""
    lines = LIST_OF_THE_DOCUMENT.read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `AWS::")]

    assert rows == [f"| `{it.type}` | `{it.path}` | {it.look} |" for it in UNPROVEN]
