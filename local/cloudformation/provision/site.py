"""The input and the result of making a resource."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloudformation.transform import REGION
from local.moto.clients import ACCOUNT_ID, Aws

STACK_NAME = "ringvault-local"


@dataclass(frozen=True, slots=True)
class Resource:
    """The values of `Ref` and `Fn::GetAtt` for a resource that has been made."""

    reference: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function of the template, kept here instead of in AWS."""

    name: str
    arn: str
    handler: str
    code_folder: Path
    layer_folders: tuple[Path, ...]
    environment: dict[str, str]
    timeout_s: int
    memory_mb: int
    role_arn: str
    log_group: str


@dataclass(frozen=True, slots=True)
class EventSource:
    """A queue whose messages invoke a function."""

    function_name: str
    queue_arn: str
    batch_size: int
    concurrency: int
    reports_item_failures: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """A function that is invoked regularly; `period_s` is None for a cron expression."""

    function_arn: str
    event: dict[str, Any]
    period_s: float | None


@dataclass(frozen=True, slots=True)
class Permission:
    """The permission to invoke a function."""

    function_name: str
    principal: str
    source_arn: str


@dataclass(frozen=True, slots=True)
class Stage:
    """An API's throttle: requests a second, and requests at once after a rest."""

    requests_per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query in the language of Logs Insights."""

    log_groups: tuple[str, ...]
    text: str


@dataclass(slots=True)
class Runtime:
    """The resources that moto can store but not run, so the local stack keeps them itself."""

    functions: dict[str, Function] = field(default_factory=dict)
    layers: dict[str, Path] = field(default_factory=dict)
    event_sources: list[EventSource] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    apis: dict[str, dict[str, Any]] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)

    def function_with(self, *, arn: str) -> Function:
        """Return the function with an ARN."""
        return self.functions[arn.rsplit(":", 1)[1]]


@dataclass(frozen=True, slots=True)
class Site:
    """The place where a resource is made: its logical id, and everything it may need."""

    logical_id: str
    aws: Aws
    runtime: Runtime
    code_root: Path

    @property
    def physical_name(self) -> str:
        """The resource's name; as CloudFormation's, but without its random end."""
        return f"{STACK_NAME}-{self.logical_id}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource that only the local stack keeps."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"
