"""SNS topics and their subscriptions."""

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site


def create_topic(properties: Properties, *, site: Site) -> Resource:
    """Create a topic with its name and its key."""
    attributes = {
        name: properties.take(name)
        for name in ("DisplayName", "KmsMasterKeyId")
        if properties.has(name)
    }
    name = properties.take("TopicName", site.physical_name)
    topic = site.aws.client("sns").create_topic(Name=name, Attributes=attributes)
    arn = topic["TopicArn"]
    return Resource(arn, {"TopicArn": arn, "TopicName": name})


def create_subscription(properties: Properties, *, site: Site) -> Resource:
    """Subscribe an endpoint to a topic."""
    subscription = site.aws.client("sns").subscribe(
        TopicArn=properties.take("TopicArn"),
        Protocol=properties.take("Protocol"),
        Endpoint=properties.take("Endpoint"),
        ReturnSubscriptionArn=True,
    )
    return Resource(subscription["SubscriptionArn"])
