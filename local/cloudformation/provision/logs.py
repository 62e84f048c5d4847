"""Log groups, and saved queries."""

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Query, Resource, Site


def create_log_group(properties: Properties, *, site: Site) -> Resource:
    """Create a log group with the template's retention."""
    logs = site.aws.client("logs")
    name = properties.take("LogGroupName", site.physical_name)
    key = {"kmsKeyId": properties.take("KmsKeyId")} if properties.has("KmsKeyId") else {}
    logs.create_log_group(logGroupName=name, **key)
    if properties.has("RetentionInDays"):
        days = int(properties.take("RetentionInDays"))
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return Resource(name, {"Arn": site.arn("logs", f"log-group:{name}:*")})


def keep_query(properties: Properties, *, site: Site) -> Resource:
    """Keep a saved query; moto can't store it."""
    name = properties.take("Name")
    site.runtime.queries[name] = Query(
        log_groups=tuple(properties.take("LogGroupNames")), text=properties.take("QueryString")
    )
    return Resource(site.physical_name)
