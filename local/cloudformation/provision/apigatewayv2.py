"""HTTP APIs: the local gateway serves them."""

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site, Stage
from local.cloudformation.transform import REGION

# An account's default for a stage without limits.
_ACCOUNT_REQUESTS_PER_S = 10_000
_ACCOUNT_BURST = 5_000


def keep_api(properties: Properties, *, site: Site) -> Resource:
    """Keep the OpenAPI document of an HTTP API."""
    api_id = site.logical_id.lower()
    site.runtime.apis[api_id] = properties.take("Body")
    endpoint = f"https://{api_id}.execute-api.{REGION}.amazonaws.com"
    return Resource(api_id, {"ApiId": api_id, "ApiEndpoint": endpoint})


def keep_stage(properties: Properties, *, site: Site) -> Resource:
    """Keep the stage of an API."""
    properties.take_constant("AutoDeploy", constant=True)
    properties.take_constant("StageName", constant="$default")
    properties.take("Tags", None)
    routes = properties.take_properties("DefaultRouteSettings")
    # The gateway here logs no requests.
    properties.take("AccessLogSettings", None)
    site.runtime.stages[properties.take("ApiId")] = Stage(
        requests_per_s=float(routes.take("ThrottlingRateLimit", _ACCOUNT_REQUESTS_PER_S)),
        burst=int(routes.take("ThrottlingBurstLimit", _ACCOUNT_BURST)),
    )
    return Resource("$default")
