"""The IAM actions of a request to S3."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, unquote

from local.moto.iam.policy import Asked
from local.moto.iam.request import Request, UnknownOperationError

# By method, whether it names an object, and the part of the query that names the operation.
_ACTIONS = {
    ("GET", False, ""): "s3:ListBucket",
    ("HEAD", False, ""): "s3:ListBucket",
    ("GET", False, "versions"): "s3:ListBucketVersions",
    ("GET", False, "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", False, "object-lock"): "s3:GetBucketObjectLockConfiguration",
    ("GET", False, "policy"): "s3:GetBucketPolicy",
    ("PUT", False, "policy"): "s3:PutBucketPolicy",
    ("DELETE", False, "policy"): "s3:DeleteBucketPolicy",
    ("PUT", False, "lifecycle"): "s3:PutLifecycleConfiguration",
    ("PUT", False, "versioning"): "s3:PutBucketVersioning",
    ("DELETE", False, ""): "s3:DeleteBucket",
    ("GET", True, ""): "s3:GetObject",
    ("HEAD", True, ""): "s3:GetObject",
    ("PUT", True, ""): "s3:PutObject",
    ("DELETE", True, ""): "s3:DeleteObject",
    ("POST", True, "uploads"): "s3:PutObject",
    ("PUT", True, "uploadId"): "s3:PutObject",
    ("POST", True, "uploadId"): "s3:PutObject",
    ("DELETE", True, "uploadId"): "s3:AbortMultipartUpload",
    ("GET", True, "uploadId"): "s3:ListMultipartUploadParts",
    ("GET", True, "tagging"): "s3:GetObjectTagging",
    ("PUT", True, "tagging"): "s3:PutObjectTagging",
    ("DELETE", True, "tagging"): "s3:DeleteObjectTagging",
    ("GET", True, "legal-hold"): "s3:GetObjectLegalHold",
    ("PUT", True, "legal-hold"): "s3:PutObjectLegalHold",
    ("GET", True, "retention"): "s3:GetObjectRetention",
    ("PUT", True, "retention"): "s3:PutObjectRetention",
}
# These are other actions if a version is named.
_OF_A_VERSION = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
}
# Additional actions because of a header.
_OF_A_HEADER = {
    "x-amz-tagging": "s3:PutObjectTagging",
    "x-amz-acl": "s3:PutObjectAcl",
    "x-amz-object-lock-mode": "s3:PutObjectRetention",
    "x-amz-object-lock-legal-hold": "s3:PutObjectLegalHold",
    "x-amz-bypass-governance-retention": "s3:BypassGovernanceRetention",
}
# Other parameters that a query may have: they change no action.
_PLAIN = frozenset(
    {
        *("list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after"),
        *("encoding-type", "fetch-owner", "key-marker", "version-id-marker", "upload-id-marker"),
        *("max-uploads", "marker", "versionId", "partNumber", "x-id"),
    }
)
_PLAIN_FAMILIES = ("response-", "X-Amz-")
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def asked_of_s3(request: Request) -> Iterator[Asked]:
    """Yield the actions of a request that names its bucket in the path."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    context = _context(request)
    if _meant(request) == "delete" and not key and request.method == "POST":
        yield from (Asked(it, _arn(bucket, key), context) for it, key in _deletions(request))
        return
    action = _ACTIONS.get((request.method, bool(key), _meant(request)))
    if action is None or not bucket:
        raise UnknownOperationError(f"{request.method} of S3 with {sorted(request.query)}")
    if "versionId" in request.query:
        action = _OF_A_VERSION.get(action, action)
    if action == "s3:PutObject":
        creates = str(_creates(request)).lower()
        context = {**context, "s3:objectcreationoperation": creates}
    yield Asked(action, _arn(bucket, key), context)
    for header in _OF_A_HEADER.keys() & request.headers.keys():
        yield Asked(_OF_A_HEADER[header], _arn(bucket, key), context)
    yield from _copied(request)


def listing_of(asked: Asked) -> Asked | None:
    """Return the permission for learning that an object is missing; None except for reading."""
    if not asked.action.startswith("s3:GetObject"):
        return None
    return Asked("s3:ListBucket", asked.resource.partition("/")[0])


def reads_body(request: Request) -> bool:
    """Whether the action depends on the body, which is short then."""
    return _meant(request) in {"tagging", "delete"}


def _meant(request: Request) -> str:
    found = [
        name
        for name in request.query
        if name not in _PLAIN and not name.startswith(_PLAIN_FAMILIES)
    ]
    return found[0] if len(found) == 1 else ",".join(sorted(found))


def _creates(request: Request) -> bool:
    """Whether it creates an object: not the start of an upload, nor a part of one."""
    is_part = request.method == "PUT" and "uploadId" in request.query
    return not is_part and "uploads" not in request.query


def _context(request: Request) -> Mapping[str, str]:
    listed = ("prefix", "delimiter", "max-keys")
    context = {f"s3:{it}": request.query[it] for it in listed if it in request.query}
    context |= {f"s3:{it}": text for it, text in request.headers.items() if it[:6] == "x-amz-"}
    if "if-none-match" in request.headers:
        context["s3:if-none-match"] = request.headers["if-none-match"]
    # Loopback has no TLS; it stands for a network that has.
    context["s3:tlsversion"] = "1.3"
    return context | {f"s3:requestobjecttag/{key.lower()}": it for key, it in _tags(request)}


def _tags(request: Request) -> Sequence[tuple[str, str]]:
    if request.method == "PUT" and "tagging" in request.query:
        found = _parsed(request).iter(f"{_NAMESPACE}Tag")
        return [(_text(tag, "Key"), _text(tag, "Value")) for tag in found]
    return parse_qsl(request.headers.get("x-amz-tagging", ""))


def _deletions(request: Request) -> Iterator[tuple[str, str]]:
    for entry in _parsed(request).iter(f"{_NAMESPACE}Object"):
        names_version = entry.find(f"{_NAMESPACE}VersionId") is not None
        action = "s3:DeleteObjectVersion" if names_version else "s3:DeleteObject"
        yield action, _text(entry, "Key")


def _copied(request: Request) -> Iterator[Asked]:
    source = request.headers.get("x-amz-copy-source")
    if source is not None:
        path, _, version = source.partition("?versionId=")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        yield Asked("s3:GetObjectVersion" if version else "s3:GetObject", _arn(bucket, key))


def _parsed(request: Request) -> ET.Element:
    return ET.fromstring(request.body)  # noqa: S314 - what our own functions sent


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{_NAMESPACE}{name}") or ""


def _arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
