"""HTTP APIs: the local gateway serves them."""

from local.provision.properties import Properties
from local.provision.site import Resource, Site
from local.transform import REGION


def keep_api(properties: Properties, *, site: Site) -> Resource:
    """Keep the OpenAPI document that says everything about an HTTP API."""
    api_id = site.logical_id.lower()
    site.runtime.apis[api_id] = properties.take("Body")
    endpoint = f"https://{api_id}.execute-api.{REGION}.amazonaws.com"
    return Resource(api_id, {"ApiId": api_id, "ApiEndpoint": endpoint})


def keep_stage(properties: Properties, *, site: Site) -> Resource:
    """Keep the stage at which an API is served."""
    properties.take_constant("AutoDeploy", constant=True)
    properties.take_constant("StageName", constant="$default")
    properties.take("Tags", None)
    site.runtime.stages[properties.take("ApiId")] = "$default"
    return Resource("$default")
