"""`python -m local up`: starts the local stack, runs it and ends it."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from local.api_gateway.authorizer import authorizers_of
from local.api_gateway.cors import cors_of
from local.api_gateway.gateway import Api, serving
from local.api_gateway.routes import routes_of
from local.api_gateway.throttle import ThrottledApi
from local.child import require_free
from local.cloudformation.provision.parameters import require_allowed
from local.cloudformation.provision.site import Function
from local.cloudformation.provision.stack import Stack, provision
from local.cloudformation.transform import Document, transform
from local.cloudwatch.aws_metrics import MeasuredApi
from local.cloudwatch.emf import forwarding_metrics
from local.errors import SetupError, TemplateError
from local.lambda_.event_source import polling
from local.lambda_.function_process import ENDED, Outcome, ProcessPool
from local.lambda_.host import Host
from local.lambda_.invocations import invoking
from local.lambda_.schedule import ScheduledFunction, run_all_on, scheduled
from local.moto.clients import Aws, forget_real_aws, running_aws
from local.oidc.issuer_keys import IssuerKeys
from local.oidc.server import issuing
from local.oidc.tokens import CLIENT_ID
from local.oidc.users import USERS
from local.places import DEFAULT_PORT, ROOT, TEMPLATE, logs_folder, stack_file
from local.up.account import Account, given_account, simulated_account
from local.up.data_folder import following
from local.up.main_job import MainJob, fault_of
from local.up.proof import prove, reconcile
from local.up.screen import Screen, screen_for
from local.up.stack_file import described
from local.up.stored import Vault
from local.up.summary import Summary, summarise, traffic_of

LISTER = "ListRecordingsFunction"
RECONCILER = "ReconcileArchiveFunction"
_API_PROCESSES = 2
Teller = Callable[[Function, Outcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """The options of a run.

    `ringcentral` None runs the simulator with that many `users`, and further options in
    `simulator`. `issuer_port` None is the usual one, or any other if that is taken.
    `archivers` and `every_s` None follow the template. `parameters` has values for parameters of
    the template; the options above take precedence. `enforces_iam` limits roles to their
    permissions; `iam_log` gets their requests. `code_root` is where paths of code
    start.
    """

    once: bool = False
    json: bool = False
    port: int = DEFAULT_PORT
    aws_port: int = 5000
    issuer_port: int | None = None
    embedding_origins: tuple[str, ...] = ()
    ringcentral: str | None = None
    users: int = 1
    simulator: tuple[str, ...] = ()
    archivers: int | None = None
    every_s: float | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None
    enforces_iam: bool = True
    iam_log: Path | None = None
    template: Path = TEMPLATE
    code_root: Path = ROOT


@dataclass(frozen=True, slots=True)
class _Running:
    account: Account
    page_url: str
    vault: Vault
    lister: ScheduledFunction
    others: tuple[ScheduledFunction, ...]
    job: MainJob
    tell: Teller
    logs: Path


def up(options: UpOptions) -> int:
    """Run the stack until its work is done (`once`) or until it is interrupted.

    Returns the exit status: 1 if a recording is missing or differs.

    Raises:
        LocalError: the stack can't start or can't continue; everything it started has ended.
    """
    started_s = time.monotonic()
    screen = screen_for(json=options.json)
    with contextlib.closing(screen), _running(options, screen=screen) as running:
        summary = _work(running, screen, reconciles=options.once, started_s=started_s)
        screen.table(summary)
        if not options.once:
            _serve(running, summary=summary, options=options, screen=screen)
            return 0
    print(json.dumps(summary.as_json()), flush=True)
    return 0 if summary.is_whole else 1


@contextmanager
def _running(options: UpOptions, *, screen: Screen) -> Iterator[_Running]:
    account_context = _account(options)
    # Before SAM is imported, which takes longer than to refuse a port.
    _require_ports(options)
    screen.say("reading template.yaml ...")
    template = transform(options.template)
    require_allowed(template.get("Parameters", {}), options.parameters)
    forget_real_aws()
    logs = _prepare(options)
    with ExitStack() as started:
        screen.say("starting AWS (moto) and RingCentral (a simulator) on this machine ...")
        aws = started.enter_context(
            running_aws(
                options.aws_port,
                log_path=logs / "aws.log",
                enforces_iam=options.enforces_iam,
                iam_log=options.iam_log,
            )
        )
        host = Host(aws, logs)
        account = started.enter_context(account_context)
        page_url = f"http://localhost:{options.port}/"
        issuer = started.enter_context(issuing(port=options.issuer_port, redirect_uri=page_url))
        screen.say("creating the stack ...")
        stack = _provision(template, options, aws=aws, account=account, issuer=issuer)
        started.enter_context(_serving(stack, host=host, port=options.port))
        invoke_url = started.enter_context(invoking(stack.runtime.functions, host=host))
        path = stack_file(options.port)
        started.enter_context(described(stack, aws=aws, invoke_url=invoke_url, path=path))
        if not options.once:
            screen.say(f"the page: {page_url}")
            started.enter_context(forwarding_metrics(logs, aws=aws))
        vault = Vault(stack, aws=aws)
        started.enter_context(following(options.data, vault=vault))
        tell = partial(_tell_fault, host=host, screen=screen)
        lister, *others = (
            started.enter_context(scheduled_function)
            for scheduled_function in _scheduled(stack, host=host, options=options)
        )
        is_archiving = started.enter_context(_archiving(stack, host=host, tell=tell))
        job = MainJob(
            lister,
            vault=vault,
            is_archiving=is_archiving,
            on_progress=screen.progress,
            on_fault=tell,
            on_waiting=screen.say,
            serves=not options.once,
        )
        yield _Running(account, page_url, vault, lister, tuple(others), job, tell, logs)


def _work(running: _Running, screen: Screen, *, reconciles: bool, started_s: float) -> Summary:
    screen.say("reading the call log, then archiving ...")
    tally = running.job.run()
    reconciler = _named(running.others, RECONCILER) if reconciles else None
    books = running.account.books()
    proof = prove(running.vault, books=books)
    return summarise(
        tally,
        proof=proof,
        books=books,
        reconciliation=reconcile(reconciler) if reconciler else None,
        traffic=traffic_of(running.logs.glob("*Function.log")),
        seconds=time.monotonic() - started_s,
    )


def _serve(running: _Running, *, summary: Summary, options: UpOptions, screen: Screen) -> None:
    if options.json:
        print(json.dumps(summary.as_json()), flush=True)
    screen.say(f"the page: {running.page_url}")
    screen.say(f"sign-in names: {_named_users()}")
    with contextlib.suppress(KeyboardInterrupt):
        screen.say("Ctrl-C stops everything.")
        run_all_on([running.lister, *running.others], on_outcome=running.tell)


def _named_users() -> str:
    return "; ".join(f"{user.name} ({user.may})" for user in USERS.values())


def _account(options: UpOptions) -> AbstractContextManager[Account]:
    if options.ringcentral is None:
        return simulated_account(
            *options.simulator,
            users=options.users,
            log_path=logs_folder(options.port) / "simulator.log",
        )
    env_file = Path(".env")
    return nullcontext(given_account(options.ringcentral, environ=os.environ, env_file=env_file))


def _prepare(options: UpOptions) -> Path:
    logs = logs_folder(options.port)
    logs.mkdir(parents=True, exist_ok=True)
    for old in logs.glob("*.log"):
        old.unlink()
    return logs


def _require_ports(options: UpOptions) -> None:
    ports = {"--port": options.port, "--aws-port": options.aws_port}
    if options.issuer_port is not None:
        ports["--issuer-port"] = options.issuer_port
    if len(set(ports.values())) < len(ports):
        raise SetupError(f"the same port twice: choose another with one of {', '.join(ports)}")
    for flag, port in ports.items():
        require_free(port, flag=flag)


def _provision(
    template: Document, options: UpOptions, *, aws: Aws, account: Account, issuer: str
) -> Stack:
    stack = provision(
        template,
        parameters=_parameters(options, account=account, issuer=issuer),
        aws=aws,
        code_root=options.code_root,
    )
    # As the README asks an owner to do: the template makes the secret without credentials.
    aws.client("secretsmanager").put_secret_value(
        SecretId=stack.outputs["RingCentralSecretArn"], SecretString=account.secret
    )
    return stack


def _parameters(options: UpOptions, *, account: Account, issuer: str) -> dict[str, str]:
    parameters = {
        "JwtIssuer": issuer,
        "JwtAudience": CLIENT_ID,
        "SignInAuthorizationEndpoint": f"{issuer}/authorize",
        "SignInTokenEndpoint": f"{issuer}/token",
        "SignInEndSessionEndpoint": f"{issuer}/end-session",
        "EmbeddingOrigins": ",".join(options.embedding_origins),
        "RingCentralServerUrl": account.server_url,
        "RingCentralMediaUrl": account.media_url,
    }
    if options.archivers is not None:
        parameters["ArchiverConcurrency"] = str(options.archivers)
    for name in options.parameters.keys() & parameters.keys():
        raise SetupError(f"--parameter {name}: the local stack sets this one itself")
    return parameters | dict(options.parameters)


@contextmanager
def _serving(stack: Stack, *, host: Host, port: int) -> Iterator[None]:
    [(api_id, body)] = stack.runtime.apis.items()
    stage = stack.runtime.stages.get(api_id)
    if stage is None:
        raise TemplateError(f"HTTP API {api_id} has no stage")
    routes = routes_of(body)
    pools = {
        function.arn: ProcessPool(function, host=host, size=_API_PROCESSES)
        for function in stack.runtime.functions.values()
        if function.arn in {route.function_arn for route in routes}
    }
    api = Api(
        api_id=api_id,
        routes=routes,
        authorizers=authorizers_of(body, keys_of=IssuerKeys),
        cors=cors_of(body),
        permissions=stack.runtime.permissions,
        invoke=lambda function_arn, event: pools[function_arn].invoke(event),
    )
    throttled = ThrottledApi(api, requests_per_s=stage.requests_per_s, burst=stage.burst)
    try:
        with serving(MeasuredApi(throttled, api_id, host.aws), port=port):
            yield
    finally:
        for pool in pools.values():
            pool.end()


def _scheduled(
    stack: Stack, *, host: Host, options: UpOptions
) -> Iterator[AbstractContextManager[ScheduledFunction]]:
    """Yield the template's schedules, the lister first: `every_s` is for it alone."""
    functions = [
        (schedule, stack.runtime.function_with(arn=schedule.function_arn))
        for schedule in stack.runtime.schedules
    ]
    for schedule, function in sorted(functions, key=lambda it: not it[1].name.endswith(LISTER)):
        every_s = options.every_s if function.name.endswith(LISTER) else None
        yield scheduled(schedule, function=function, host=host, every_s=every_s)


def _named(functions: Iterable[ScheduledFunction], logical_id: str) -> ScheduledFunction | None:
    return next((it for it in functions if it.function.name.endswith(logical_id)), None)


def _archiving(
    stack: Stack, *, host: Host, tell: Teller
) -> AbstractContextManager[Callable[[], bool]]:
    [source] = stack.runtime.event_sources
    function = stack.runtime.functions[source.function_name]
    return polling(source, function=function, host=host, on_outcome=tell)


def _tell_fault(function: Function, outcome: Outcome, *, host: Host, screen: Screen) -> None:
    fault = fault_of(outcome)
    if fault is not None and fault[0] != ENDED:
        what = ": ".join(fault)
        screen.say(f"{function.name} failed: {what} (more in {host.log_of(function)})")
