"""The use of a bucket's encryption key by a request to S3, in the caller's name."""

from collections.abc import Iterator

from moto.s3.models import s3_backends

from local.cloudformation.transform import REGION
from local.moto.clients import ACCOUNT_ID
from local.moto.iam.policy import Asked
from local.moto.iam.request import Request

# The parts of an upload are decrypted to be put together.
_OF_A_PART = ("kms:GenerateDataKey", "kms:Decrypt")
_VIA_S3 = {"kms:viaservice": f"s3.{REGION}.amazonaws.com"}


def asked_of_key(request: Request, asked: Asked) -> Iterator[Asked]:
    """Yield the actions on the bucket's own key; none if it uses S3's."""
    key_arn = _key_of(asked.resource.split(":::")[1].partition("/")[0])
    for action in _actions(request, asked.action) if key_arn else ():
        yield Asked(action, key_arn, _VIA_S3)


def _actions(request: Request, action: str) -> tuple[str, ...]:
    if action in {"s3:GetObject", "s3:GetObjectVersion"}:
        # HEAD returns what S3 stores beside the object, except its checksum.
        reads = request.method == "GET" or "x-amz-checksum-mode" in request.headers
        return ("kms:Decrypt",) if reads else ()
    if action != "s3:PutObject":
        return ()
    return _OF_A_PART if "uploadId" in request.query else ("kms:GenerateDataKey",)


def _key_of(bucket: str) -> str:
    """Return the ARN of a bucket's key, empty if it has none."""
    found = s3_backends[ACCOUNT_ID]["aws"].buckets.get(bucket)
    rule = ((found and found.encryption) or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    arn: str = default.get("KMSMasterKeyID", "")
    return arn
