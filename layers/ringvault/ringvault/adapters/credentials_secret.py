"""RingCentral's credentials in Secrets Manager."""

from typing import TYPE_CHECKING

from ringvault.adapters.aws_errors import aws_errors
from ringvault.core.credentials import Credentials, parse_credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class CredentialsSecret:
    """Reads the secret when it is needed: a changed secret needs no new deployment."""

    def __init__(self, secret_arn: str, client: "SecretsManagerClient") -> None:
        self._arn = secret_arn
        self._client = client

    def read(self) -> Credentials:
        """Return the credentials; ConfigurationError names every fault of the secret."""
        with aws_errors("read the RingCentral secret"):
            answer = self._client.get_secret_value(SecretId=self._arn)
        return parse_credentials(answer.get("SecretString", ""))
