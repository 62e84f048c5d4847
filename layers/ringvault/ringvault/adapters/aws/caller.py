"""The caller's identity at AWS."""

from typing import TYPE_CHECKING

from ringvault.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


def caller_id(client: "STSClient") -> str:
    """Return the id of the user or role whose credentials are used.

    A role's session name is left out: it is often an e-mail address.
    """
    with aws_errors("ask AWS who you are"):
        return client.get_caller_identity()["UserId"].partition(":")[0]
