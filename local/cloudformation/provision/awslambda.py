"""Lambda's own resources: moto can't run them, so the local stack keeps them."""

from pathlib import Path

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import EventSource, Function, Permission, Resource, Site
from local.cloudformation.transform import LOCAL_CODE_BUCKET, Value
from local.errors import TemplateError

_DEFAULT_TIMEOUT_S = 3
_DEFAULT_MEMORY_MB = 128
_DEFAULT_BATCH_SIZE = 10
# Lambda has no fixed default; one machine needs no more.
_DEFAULT_CONCURRENCY = 2


def keep_layer(properties: Properties, *, site: Site) -> Resource:
    """Keep the folder of a layer."""
    folder = _local_folder(properties.take_properties("Content"), site=site)
    _take_what_only_aws_needs(properties)
    properties.take("CompatibleArchitectures", None)
    properties.take("CompatibleRuntimes", None)
    arn = site.arn("lambda", f"layer:{properties.take('LayerName', site.logical_id)}:1")
    site.runtime.layers[arn] = folder
    return Resource(arn, {"LayerVersionArn": arn})


def keep_function(properties: Properties, *, site: Site) -> Resource:
    """Keep a function: its code, environment, limits and role."""
    name = properties.take("FunctionName", site.physical_name)
    arn = site.arn("lambda", f"function:{name}")
    _take_what_only_aws_needs(properties)
    properties.take("Architectures", None)
    logging = properties.take_properties("LoggingConfig")
    properties.take_constant("Runtime", constant="python3.13")
    site.runtime.functions[name] = Function(
        name=name,
        arn=arn,
        handler=properties.take("Handler"),
        code_folder=_local_folder(properties.take_properties("Code"), site=site),
        layer_folders=tuple(site.runtime.layers[layer] for layer in properties.take("Layers", [])),
        environment=_environment(properties.take_properties("Environment")),
        timeout_s=int(properties.take("Timeout", _DEFAULT_TIMEOUT_S)),
        memory_mb=int(properties.take("MemorySize", _DEFAULT_MEMORY_MB)),
        role_arn=properties.take("Role"),
        log_group=logging.take("LogGroup", f"/aws/lambda/{name}"),
    )
    return Resource(name, {"Arn": arn})


def keep_permission(properties: Properties, *, site: Site) -> Resource:
    """Keep the permission to invoke a function."""
    properties.take_constant("Action", constant="lambda:InvokeFunction")
    site.runtime.permissions.append(
        Permission(
            function_name=properties.take("FunctionName"),
            principal=properties.take("Principal"),
            source_arn=properties.take("SourceArn"),
        )
    )
    return Resource(site.physical_name)


def keep_event_invoke_config(properties: Properties, *, site: Site) -> Resource:
    """Accept that a failed run is not repeated: the local stack never does."""
    properties.take_constant("MaximumRetryAttempts", constant=0)
    properties.take_constant("DestinationConfig", constant={})
    for name in ("FunctionName", "MaximumEventAgeInSeconds", "Qualifier"):
        properties.take(name)
    return Resource(site.physical_name)


def keep_event_source(properties: Properties, *, site: Site) -> Resource:
    """Keep the queue that invokes a function, and its options."""
    scaling = properties.take_properties("ScalingConfig")
    response_types = properties.take("FunctionResponseTypes", [])
    properties.take_constant("Enabled", constant=True)
    site.runtime.event_sources.append(
        EventSource(
            function_name=properties.take("FunctionName"),
            queue_arn=properties.take("EventSourceArn"),
            batch_size=int(properties.take("BatchSize", _DEFAULT_BATCH_SIZE)),
            concurrency=int(scaling.take("MaximumConcurrency", _DEFAULT_CONCURRENCY)),
            reports_item_failures="ReportBatchItemFailures" in response_types,
        )
    )
    return Resource(site.physical_name, {"Id": site.physical_name})


def _local_folder(code: Properties, *, site: Site) -> Path:
    bucket, key = code.take("S3Bucket"), code.take("S3Key")
    folder: Path = site.code_root / key
    if bucket != LOCAL_CODE_BUCKET or not folder.is_dir():
        raise TemplateError(f"{site.logical_id}: its code {key!r} is not a folder here")
    return folder


def _environment(properties: Properties) -> dict[str, str]:
    return {name: _as_text(value) for name, value in properties.take("Variables", {}).items()}


def _as_text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _take_what_only_aws_needs(properties: Properties) -> None:
    for name in ("Description", "ReservedConcurrentExecutions", "Tags"):
        properties.take(name, None)
