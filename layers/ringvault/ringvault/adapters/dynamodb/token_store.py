"""The shared access token in the state table, encrypted with the stack's own key."""

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import OtherKeyError, aws_errors
from ringvault.adapters.dynamodb.attributes import (
    Attributes,
    attribute_of,
    attributes_of,
    expression_values,
    number_in,
)
from ringvault.core.errors import ConflictError
from ringvault.core.instants import from_epoch_ms, to_epoch_ms
from ringvault.core.ringcentral.access_token import AccessToken

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


class DynamoDBTokenStore:
    """One item for each service user: the token as ciphertext, and the lease to sign in."""

    def __init__(
        self,
        table_name: str,
        client: "DynamoDBClient",
        *,
        kms: "KMSClient",
        key_arn: str,
        service_user: str,
    ) -> None:
        self._table = table_name
        self._client = client
        self._kms = kms
        self._key_arn = key_arn
        self._name = f"access_token#{service_user}"

    def load(self) -> AccessToken | None:
        """Return the token, None where there is none."""
        item = self._item()
        if "ciphertext" not in item:
            return None
        value = self._decrypted(item["ciphertext"]["B"])
        if value is None:
            return None
        return AccessToken(
            value,
            refresh_at=from_epoch_ms(int(item["refresh_at_ms"]["N"])),
            expires_at=from_epoch_ms(int(item["expires_at_ms"]["N"])),
        )

    def take_lease(self, *, now: "datetime", until: "datetime") -> None:
        """Reserve signing in until `until`; ConflictError where another lease holds."""
        with aws_errors("take the sign-in lease"):
            self._client.update_item(
                TableName=self._table,
                Key=self._key(),
                UpdateExpression="SET lease_until_ms = :until",
                ConditionExpression="attribute_not_exists(lease_until_ms) OR lease_until_ms < :now",
                ExpressionAttributeValues=expression_values(
                    until=to_epoch_ms(until), now=to_epoch_ms(now)
                ),
            )

    def leased_until(self) -> "datetime | None":
        """Return when the lease ends or ended, None where it was given back or never taken."""
        until_ms = number_in(self._item(), "lease_until_ms")
        return None if until_ms is None else from_epoch_ms(int(until_ms))

    def give_back_lease(self, *, until: "datetime") -> None:
        """Give back the lease that was taken until `until`; has no effect on another lease."""
        self._remove(
            "lease_until_ms", where="lease_until_ms", is_still=attribute_of(to_epoch_ms(until))
        )

    def save(self, token: AccessToken) -> None:
        """Store the token and give the lease back."""
        with aws_errors("encrypt the access token"):
            cipher = self._kms.encrypt(
                KeyId=self._key_arn,
                Plaintext=token.value.encode(),
                EncryptionContext=self._context(),
            )
        with aws_errors("store the access token"):
            self._client.put_item(
                TableName=self._table,
                Item=attributes_of(
                    {
                        "name": self._name,
                        "ciphertext": cipher["CiphertextBlob"],
                        "fingerprint": _fingerprint(token),
                        "refresh_at_ms": to_epoch_ms(token.refresh_at),
                        "expires_at_ms": to_epoch_ms(token.expires_at),
                    }
                ),
            )

    def drop(self, token: AccessToken) -> None:
        """Remove the token, unless another was stored since."""
        self._remove(
            "ciphertext, fingerprint, refresh_at_ms, expires_at_ms",
            where="fingerprint",
            is_still=attribute_of(_fingerprint(token)),
        )

    def _item(self) -> Attributes:
        with aws_errors("read the access token"):
            answer = self._client.get_item(
                TableName=self._table, Key=self._key(), ConsistentRead=True
            )
        return answer.get("Item", {})

    def _remove(self, names: str, *, where: str, is_still: dict[str, str]) -> None:
        """Remove attributes, unless `where` was changed since."""
        with suppress(ConflictError), aws_errors("change the access token"):
            self._client.update_item(
                TableName=self._table,
                Key=self._key(),
                UpdateExpression=f"REMOVE {names}",
                ConditionExpression=f"{where} = :is_still",
                ExpressionAttributeValues={":is_still": is_still},
            )

    def _decrypted(self, ciphertext: bytes) -> str | None:
        """Return the token, None where it was encrypted with an earlier key of the stack."""
        try:
            with aws_errors("decrypt the access token"):
                plain = self._kms.decrypt(
                    CiphertextBlob=ciphertext,
                    KeyId=self._key_arn,
                    EncryptionContext=self._context(),
                )
        except OtherKeyError:
            return None
        return plain["Plaintext"].decode()

    def _key(self) -> dict[str, Any]:
        return attributes_of({"name": self._name})

    def _context(self) -> dict[str, str]:
        return {"ringvault": self._name}


def _fingerprint(token: AccessToken) -> str:
    """Return a digest that distinguishes this token from its successor and reveals neither."""
    return hashlib.sha256(token.value.encode()).hexdigest()[:16]
