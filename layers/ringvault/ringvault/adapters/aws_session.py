"""The AWS session of a function that somebody is waiting for."""

from boto3.session import Session
from botocore.config import Config
from botocore.session import get_session

# Two attempts take 14 s at most: a silent AWS becomes an answer before the function times out.
_IMPATIENT = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


def impatient_session() -> Session:
    """Return a session as the environment says, whose clients give up within 14 seconds."""
    core = get_session()
    core.set_default_client_config(_IMPATIENT)
    return Session(botocore_session=core)
