"""The AWS sessions of the functions: how long their clients wait, and how often they try."""

from boto3.session import Session as Session  # noqa: PLC0414 - handlers name it from here
from botocore.config import Config
from botocore.session import get_session

# Two attempts take 14 s at most: a silent AWS becomes an answer before the function times out.
_IMPATIENT = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)

# boto3's own defaults wait 60 s for an answer: as long as a claim is sure to last.
_PATIENT = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5}
)


def impatient_session() -> Session:
    """Return a session as the environment says, whose clients give up within 14 seconds."""
    return _session(_IMPATIENT)


def patient_session() -> Session:
    """Return a session as the environment says, for functions that nobody is waiting for."""
    return _session(_PATIENT)


def _session(config: Config) -> Session:
    core = get_session()
    core.set_default_client_config(config)
    return Session(botocore_session=core)
