"""A stack as the command reaches it: by CloudFormation outputs, or the file of a local stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from ringvault.adapters.aws.errors import aws_errors, error_code
from ringvault.core.errors import ConfigurationError
from ringvault.core.listing.windows import LookBacks
from ringvault.settings import RingCentralSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# A person waits: after half a minute without an answer, a service counts as unreachable.
_CONFIG = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)
# A function answers when it ends, within ten minutes. A retry would invoke it twice.
_INVOKING = Config(
    connect_timeout=5,
    read_timeout=630,
    tcp_keepalive=True,
    retries={"mode": "standard", "total_max_attempts": 1},
)
_DEPLOY = "deploy this version of ringvault: make build, then sam deploy"


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """The outputs and parameters of a stack, and clients that reach it.

    `name` is CloudFormation's, `called` is for messages. `endpoint_url` None is AWS itself;
    `invoke_url` is where functions are invoked.
    """

    name: str
    called: str
    session: Session
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    endpoint_url: str | None = None
    invoke_url: str | None = None

    def client(self, service: Any) -> Any:  # noqa: ANN401 - one function makes clients of all services
        """Return a client with short timeouts."""
        return self.session.client(service, endpoint_url=self.endpoint_url, config=_CONFIG)

    def invoking_client(self) -> "LambdaClient":
        """Return a client that waits for the end of the function it invokes."""
        return self.session.client("lambda", endpoint_url=self.invoke_url, config=_INVOKING)

    def output(self, name: str) -> str:
        """Return an output of the stack.

        Raises:
            ConfigurationError: the stack has no such output.
        """
        if name not in self.outputs:
            fault = f"{self.called} has no output {name}"
            raise ConfigurationError([fault], hint=_DEPLOY)
        return self.outputs[name]

    @property
    def look_backs(self) -> LookBacks:
        """How far each look-back reaches, from the stack's parameters."""
        return LookBacks(
            short=timedelta(minutes=self._number("ShortLookBackMinutes")),
            deep=timedelta(hours=self._number("DeepLookBackHours")),
            wide=timedelta(days=self._number("WideLookBackDays")),
        )

    @property
    def phone_region(self) -> str:
        """The country of phone numbers without a country code: an ISO 3166 code."""
        return self._parameter("PhoneRegion")

    @property
    def archivers(self) -> int:
        """How many recordings are archived at once, from the stack's parameter."""
        return self._number("ArchiverConcurrency")

    @property
    def expire_after(self) -> timedelta:
        """How long after archiving recordings expire, from the stack's parameter; 0 is never."""
        return timedelta(days=self._number("ExpireAfterDays"))

    @property
    def object_lock(self) -> timedelta:
        """How long S3 keeps versions from deletion, from the stack's parameter; 0 is not at all."""
        return timedelta(days=self._number("ObjectLockDays"))

    @property
    def ringcentral(self) -> RingCentralSettings:
        """RingCentral's URLs, and the places of its credentials and of the shared state."""
        return RingCentralSettings(
            server_url=self._parameter("RingCentralServerUrl").rstrip("/"),
            media_url=self._parameter("RingCentralMediaUrl").rstrip("/"),
            secret_arn=self.output("RingCentralSecretArn"),
            access_token_key_arn=self.output("AccessTokenKeyArn"),
            state_table=self.output("StateTableName"),
        )

    def _number(self, name: str) -> int:
        return int(self._parameter(name))

    def _parameter(self, name: str) -> str:
        if name not in self.parameters:
            fault = f"{self.called} has no parameter {name}"
            raise ConfigurationError([fault], hint=_DEPLOY)
        return self.parameters[name]


def stack_on_aws(name: str, *, profile: str | None, region: str | None) -> DeployedStack:
    """Return the stack of that name; needs the permission cloudformation:DescribeStacks.

    Raises:
        ConfigurationError: there is no such stack, or reading it is not permitted.
        ServiceUnavailableError: AWS can't be reached, or there are no credentials.
    """
    with aws_errors(f"find the stack {name}"):
        session = Session(profile_name=profile, region_name=region)
        client: Any = session.client("cloudformation", config=_CONFIG)
        try:
            [stack] = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) != "ValidationError":
                raise
            fault = f"there is no stack {name} in {session.region_name}"
            hint = "name the stack with --stack, and its region with --region"
            raise ConfigurationError([fault], hint=hint) from error
    return DeployedStack(
        name=name,
        called=f"stack {name}",
        session=session,
        outputs=_pairs(stack, "Output"),
        parameters=_pairs(stack, "Parameter"),
    )


def stack_on_this_machine(description: Path) -> DeployedStack:
    """Return the local stack that wrote this file when it started, named after its page's port.

    Raises:
        ConfigurationError: no local stack runs with this file.
    """
    try:
        document = json.loads(description.read_bytes())
    except FileNotFoundError as error:
        fault = f"no local stack has its page at port {description.stem}"
        hint = "start one with make run, or name the port of its page with --port"
        raise ConfigurationError([fault], hint=hint) from error
    key = document["access_key"]
    return DeployedStack(
        name=document["stack_name"],
        called="the local stack",
        # moto accepts any secret; the user's own AWS profile is not used.
        session=Session(key, key, region_name=document["region"]),
        outputs=document["outputs"],
        parameters=document["parameters"],
        endpoint_url=document["endpoint_url"],
        invoke_url=document["invoke_url"],
    )


def _pairs(stack: Any, kind: str) -> dict[str, str]:  # noqa: ANN401 - CloudFormation's own nesting
    return {it[f"{kind}Key"]: it[f"{kind}Value"] for it in stack.get(f"{kind}s", ())}
