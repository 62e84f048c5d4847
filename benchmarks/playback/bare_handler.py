"""A minimal handler: Powertools' logger and event handler, two clients, three calls."""

import json
import os
from typing import Any
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

logger = Logger(use_rfc3339=True, utc=True)
resolver = APIGatewayHttpResolver()
dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


@resolver.get("/recordings/<recording_id>/playback-url")
def playback_url(recording_id: str) -> dict[str, str]:
    """Read the item, write the audit, sign."""
    return {"url": read_audited_and_signed(recording_id)}


def read_audited_and_signed(recording_id: str) -> str:
    """Return a URL, by one `get_item`, one `put_item` and one signature."""
    key = {"recording_id": {"S": recording_id}}
    table = os.environ["CATALOGUE_TABLE"]
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    dynamodb.put_item(
        TableName=os.environ["PLAY_TABLE"], Item={**key, "play_id": {"S": uuid4().hex}}
    )
    return s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": os.environ["VAULT_BUCKET"], "Key": item["object_key"]["S"]},
        ExpiresIn=900,
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer, and log one line."""
    answer = resolver.resolve(event, context)
    logger.info("request", status=answer["statusCode"], length=len(json.dumps(answer)))
    return answer
