"""RingCentral's credentials in Secrets Manager."""

from typing import TYPE_CHECKING

from ringvault.adapters.aws.errors import aws_errors
from ringvault.core.ringcentral.credentials import Credentials, as_secret, parse_credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class CredentialsSecret:
    """Reads and writes the secret; every read is fresh, so a change needs no deployment."""

    def __init__(self, secret_arn: str, client: "SecretsManagerClient") -> None:
        self._arn = secret_arn
        self._client = client

    def read(self) -> Credentials:
        """Return the credentials; ConfigurationError names every fault of the secret."""
        return parse_credentials(self.text())

    def text(self) -> str:
        """Return the secret's text, which may be incomplete or invalid."""
        with aws_errors("read the RingCentral secret"):
            answer = self._client.get_secret_value(SecretId=self._arn)
        return answer.get("SecretString", "")

    def write(self, credentials: Credentials) -> None:
        """Replace the secret's text."""
        with aws_errors("write the RingCentral secret"):
            self._client.put_secret_value(SecretId=self._arn, SecretString=as_secret(credentials))
