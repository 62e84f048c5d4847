"""What AWS takes: list prices of us-east-1 in US dollars, without any free tier.

S3, Lambda (arm64), SQS (standard) and DynamoDB (on demand) as of June 2025, from memory and not
looked up since: hold them against AWS's pricing pages before a decision hangs on them. Other
regions are up to a third dearer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ringvault.core.windows import DAY

PRICES_OF = "us-east-1, list prices of June 2025"

S3_PUT = 0.005 / 1000
S3_GB_MONTH = 0.023
LAMBDA_GB_S = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1e6
SQS_REQUEST = 0.40 / 1e6
DYNAMODB_WRITE = 0.625 / 1e6
DYNAMODB_READ = 0.125 / 1e6

# Audio and sidecar.
PUTS_A_RECORDING = 2
# Item and indexes when it is listed, queued, claimed and archived; numbers; its turn of the quota.
WRITES_A_RECORDING = 25
READS_A_RECORDING = 15
# Sent, received, deleted; and what idle pollers ask besides.
QUEUE_REQUESTS_A_RECORDING = 3
POLLS_A_DAY = 21_600
MEMORY_GB = 0.25
# Lister and reconciliation, were they always at work.
OTHER_FUNCTIONS = 2
GB = 1e9


@dataclass(frozen=True, slots=True)
class Cost:
    """In US dollars: once, by service, and every month from then on for what was stored."""

    once: Mapping[str, float]
    a_month: float


def cost_of(recordings: int, *, mean_bytes: float, lasts: timedelta, archivers: int) -> Cost:
    """Return what archiving costs; Lambda at most, as if every function waited all the time."""
    functions = archivers + OTHER_FUNCTIONS
    gb_s = functions * MEMORY_GB * lasts.total_seconds()
    requests = recordings * QUEUE_REQUESTS_A_RECORDING + POLLS_A_DAY * (lasts / DAY)
    writes, reads = recordings * WRITES_A_RECORDING, recordings * READS_A_RECORDING
    return Cost(
        once={
            "S3": recordings * PUTS_A_RECORDING * S3_PUT,
            "Lambda": gb_s * LAMBDA_GB_S + recordings * LAMBDA_REQUEST,
            "SQS": requests * SQS_REQUEST,
            "DynamoDB": writes * DYNAMODB_WRITE + reads * DYNAMODB_READ,
        },
        a_month=recordings * mean_bytes / GB * S3_GB_MONTH,
    )
