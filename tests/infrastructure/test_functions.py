"""The functions: runtime, layer, log group, environment, and the schedules."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ringvault import settings
from ringvault.core.errors import ConfigurationError
from tests.infrastructure.stack import Stack

FUNCTIONS = [
    "ListRecordingsFunction",
    "ArchiveRecordingFunction",
    "ReconcileArchiveFunction",
    "ExpireRecordingsFunction",
    "PlaybackApiFunction",
]
# What each scheduled function runs by: a parameter, or what nobody has a reason to change.
SCHEDULES = {
    "ListRecordingsFunction": {"Ref": "ListEvery"},
    "ReconcileArchiveFunction": {"Ref": "ReconcileEvery"},
    "ExpireRecordingsFunction": "rate(6 hours)",
}
# Powertools reads these itself.
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}


class ReadNames(Mapping[str, str]):
    """An environment that is empty and remembers what was asked of it."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def names_read_by(function: str) -> set[str]:
    """Return the variables that the settings of a function ask for."""
    environ = ReadNames()
    settings_class = getattr(settings, function.removesuffix("Function") + "Settings")
    with pytest.raises(ConfigurationError):
        settings_class.from_environ(environ)
    return environ.names


def test_the_functions_are_these(stack: Stack) -> None:
    """A function that is added is added to these tests."""
    assert set(stack.of_type("AWS::Lambda::Function")) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_run_where_the_layer_was_built_for(stack: Stack, name: str) -> None:
    """Runtime, architecture and layer belong together."""
    function = stack.properties(name)
    ((layer_name, layer),) = stack.of_type("AWS::Lambda::LayerVersion").items()

    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["Layers"] == [{"Ref": layer_name}]
    assert layer["CompatibleRuntimes"] == ["python3.13"]
    assert layer["CompatibleArchitectures"] == ["arm64"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_log_for_a_limited_time(stack: Stack, name: str) -> None:
    """A log group that Lambda makes by itself keeps its lines for ever."""
    log_group = stack.properties(name)["LoggingConfig"]["LogGroup"]["Ref"]

    assert log_group == name.removesuffix("Function") + "LogGroup"
    assert stack.properties(log_group)["RetentionInDays"]


def test_every_log_group_is_bounded_and_takes_a_key(stack: Stack) -> None:
    """Lines end after the parameter's days, and are encrypted by the key that it names."""
    for name, group in stack.of_type("AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
        assert group["KmsKeyId"]["Fn::If"][:2] == ["HasLogKey", {"Ref": "LogKeyArn"}], name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_get_what_they_read_and_no_more(stack: Stack, name: str) -> None:
    """Each variable that the template gives is read by the settings, and the other way round."""
    given = set(stack.properties(name)["Environment"]["Variables"])

    assert given - POWERTOOLS == names_read_by(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_secret_is_in_an_environment(stack: Stack, name: str) -> None:
    """Whoever may read a function's configuration learns where a secret is, not what it is."""
    variables = stack.properties(name)["Environment"]["Variables"]
    suspects = {
        variable
        for variable in variables
        if set(variable.split("_")) & {"SECRET", "TOKEN", "KEY", "JWT", "PASSWORD"}
    }

    assert all(variable.endswith(("_ARN", "_ENDPOINT")) for variable in suspects)


@pytest.mark.parametrize(("function", "expression"), SCHEDULES.items())
def test_a_schedule_invokes_its_function(stack: Stack, function: str, expression: Any) -> None:
    """The schedule is on and its role may do one thing."""
    schedule = stack.properties(f"{function}Schedule")
    role = stack.properties(schedule["Target"]["RoleArn"]["Fn::GetAtt"][0])
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert len(stack.of_type("AWS::Scheduler::Schedule")) == len(SCHEDULES)
    assert schedule.get("State", "ENABLED") == "ENABLED"
    assert schedule["ScheduleExpression"] == expression
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == schedule["Target"]["Arn"]


@pytest.mark.parametrize("function", SCHEDULES)
def test_lambda_tries_a_run_once(stack: Stack, function: str) -> None:
    """What it would try again, or had kept for hours, ran beside what the schedule starts."""
    tried = stack.properties(f"{function}EventInvokeConfig")
    schedule = stack.properties(f"{function}Schedule")

    assert tried["FunctionName"] == {"Ref": function}
    assert (tried["MaximumRetryAttempts"], tried["MaximumEventAgeInSeconds"]) == (0, 300)
    assert schedule["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 0}


def test_two_stacks_fit_into_one_account(stack: Stack) -> None:
    """A fixed name of a schedule, table, bucket or queue would keep dev and prod apart."""
    for key, resource in stack.document["Resources"].items():
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            continue  # its body has a title, not a name
        fixed = [
            name
            for name, value in resource["Properties"].items()
            if name in {"Name", "TableName", "BucketName", "QueueName", "FunctionName", "RoleName"}
            and isinstance(value, str)
        ]
        assert not fixed, key


@pytest.mark.parametrize(("function", "expression"), SCHEDULES.items())
def test_a_run_ends_before_the_next_starts(stack: Stack, function: str, expression: Any) -> None:
    """Two runs at a time would spend the quota twice on the same windows."""
    rate = expression if isinstance(expression, str) else stack.parameter_default(expression["Ref"])
    amount, unit = rate.removeprefix("rate(").rstrip(")").split()
    seconds = int(amount) * {"minute": 60, "hour": 3600}[unit.rstrip("s")]

    assert stack.properties(function)["Timeout"] < seconds


def test_nothing_expires_unasked(stack: Stack) -> None:
    """Without the parameter there is neither the function, nor what starts it, nor its role."""
    own = {
        name: resource
        for name, resource in stack.document["Resources"].items()
        if name.startswith("ExpireRecordings")
    }

    assert stack.parameter_default("ExpireAfterDays") == "0"
    assert len(own) == 6
    assert {resource["Condition"] for resource in own.values()} == {"Expires"}
