"""The AWS sessions of the functions: timeouts and retries of their clients."""

from boto3.session import Session as Session  # noqa: PLC0414 - handlers name it from here
from botocore.config import Config
from botocore.session import get_session

# Two attempts take 14 s at most, so the function can answer before it times out.
_IMPATIENT = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)

# Three attempts take 48 s at most, backoff included: less than the rest of a claim.
_PATIENT = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}
)


def impatient_session() -> Session:
    """Return a session from the environment, whose clients give up within 14 seconds."""
    return _session(_IMPATIENT)


def patient_session() -> Session:
    """Return a session from the environment, for functions without a waiting user."""
    return _session(_PATIENT)


def _session(config: Config) -> Session:
    core = get_session()
    core.set_default_client_config(config)
    return Session(botocore_session=core)
