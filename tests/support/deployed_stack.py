"""The whole template on this machine, each function behind its role, and what the roles ask for."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.session import Session

from local.child import free_port
from local.cloudformation.provision.site import STACK_NAME, Function
from local.cloudformation.provision.stack import Stack, provision
from local.cloudformation.transform import REGION
from local.lambda_.function_process import FunctionProcess
from local.lambda_.host import Host
from local.moto.clients import Aws, running_aws
from local.moto.iam.policy import Policy, parse_policy
from local.places import ROOT
from local.ringcentral.http.server import Simulator
from tests.support.deployed import CREDENTIALS
from tests.support.template import transformed

ISSUER = {
    "JwtIssuer": "https://issuer",
    "JwtAudience": "ringvault",
    "SignInAuthorizationEndpoint": "https://issuer/authorize",
    "SignInTokenEndpoint": "https://issuer/token",
}
FUNCTIONS = (
    "ListRecordings",
    "ArchiveRecording",
    "ReconcileArchive",
    "ExpireRecordings",
    "PlaybackApi",
)
Note = Mapping[str, Any]


@dataclass
class DeployedStack:
    """A stack that was just made; functions are named by their stems, as `ListRecordings`.

    `ran` is what roles had asked for when a test began to look.
    """

    aws: Aws
    stack: Stack
    host: Host
    iam_log: Path
    ran: list[Note] = field(default_factory=list)
    _processes: dict[str, FunctionProcess] = field(default_factory=dict)
    # One for all roles: each session reads the description of each service anew.
    _session: Session = field(default_factory=Session)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def function(self, stem: str) -> Function:
        """Return a function."""
        return self.stack.runtime.functions[f"{STACK_NAME}-{stem}Function"]

    def invoke(self, stem: str, event: Any) -> Any:
        """Return what a function answers, in a process with its role's credentials."""
        if stem not in self._processes:
            self._processes[stem] = FunctionProcess(self.function(stem), host=self.host)
        outcome = self._processes[stem].invoke(event)
        assert outcome.succeeded, outcome
        return outcome.result

    def end(self, stem: str) -> None:
        """End a function's process; the next event finds a fresh one."""
        self._processes.pop(stem).end()

    def end_all(self) -> None:
        """End all processes."""
        for stem in [*self._processes]:
            self.end(stem)

    def client(self, service: Any, *, of: str | None = None) -> Any:
        """Return a client with the rights of a function's role; of the administrator for None."""
        if of is None:
            return self.aws.client(service)
        if (of, service) not in self._clients:
            role_arn = self.function(of).role_arn
            given = self.aws.credentials_of(role_arn, session_name="test")
            self._clients[of, service] = self._session.client(
                service,
                endpoint_url=self.aws.endpoint_url,
                region_name=REGION,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
        return self._clients[of, service]

    def output(self, name: str) -> str:
        """Return an output of the stack."""
        return self.stack.outputs[name]

    def put_secret(self) -> None:
        """Put the simulator's credentials where the template left room for them."""
        self.client("secretsmanager").put_secret_value(
            SecretId=self.output("RingCentralSecretArn"), SecretString=json.dumps(CREDENTIALS)
        )

    def items(self) -> dict[str, Any]:
        """Return the catalogue, by id."""
        found = self.client("dynamodb").scan(TableName=self.output("CatalogueTableName"))["Items"]
        return {item["recording_id"]["S"]: item for item in found}

    def put_item(self, item: Any) -> None:
        """Put an item into the catalogue, whatever was there."""
        table = self.output("CatalogueTableName")
        self.client("dynamodb").put_item(TableName=table, Item=item)

    def notes(self) -> list[Note]:
        """Return everything that roles have asked for."""
        return [json.loads(line) for line in self.iam_log.read_text().splitlines()]

    def policies(self, role: str) -> list[Policy]:
        """Return what a role is granted, as AWS holds it."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [
            iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
        ]
        return [parse_policy(json.dumps(document)) for document in documents]


@contextmanager
def deployed_stack(
    simulator: Simulator, *, folder: Path, **parameters: str
) -> Iterator[DeployedStack]:
    """Make the template against a simulated account; nothing runs until it is invoked.

    The vault is encrypted by a key of the owner's, which asks more of the roles than S3's own.
    """
    iam_log = folder / "iam.log"
    given = ISSUER | {
        "RingCentralServerUrl": simulator.base_url,
        "RingCentralMediaUrl": simulator.base_url,
    }
    with ExitStack() as started:
        aws = started.enter_context(
            running_aws(free_port(), log_path=folder / "aws.log", iam_log=iam_log)
        )
        # The owner's, from before the stack; its policy leaves it to IAM, as AWS makes it.
        key = aws.client("kms").create_key(Description="vault")["KeyMetadata"]["Arn"]
        given |= {"VaultKeyArn": key} | parameters
        stack = provision(transformed(), parameters=given, aws=aws, code_root=ROOT)
        made = DeployedStack(aws, stack, Host(aws, folder), iam_log)
        started.callback(made.end_all)
        yield made
