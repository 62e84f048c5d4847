"""The shared access token in the state table, encrypted with the stack's own key."""

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import OtherKeyError, aws_errors
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
        """Become the only one who signs in until `until`; ConflictError when somebody is."""
        with aws_errors("take the sign-in lease"):
            self._client.update_item(
                TableName=self._table,
                Key=self._key(),
                UpdateExpression="SET lease_until_ms = :until",
                ConditionExpression="attribute_not_exists(lease_until_ms) OR lease_until_ms < :now",
                ExpressionAttributeValues={":until": _ms(until), ":now": _ms(now)},
            )

    def leased_until(self) -> "datetime | None":
        """Return when the lease ends or ended, None where it was given back or never taken."""
        item = self._item()
        return from_epoch_ms(int(item["lease_until_ms"]["N"])) if "lease_until_ms" in item else None

    def give_back_lease(self, *, until: "datetime") -> None:
        """Give back the lease that was taken until `until`; nothing happens where it is over."""
        self._remove("lease_until_ms", where="lease_until_ms", is_still=_ms(until))

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
                Item={
                    **self._key(),
                    "ciphertext": {"B": cipher["CiphertextBlob"]},
                    "fingerprint": _fingerprint(token),
                    "refresh_at_ms": _ms(token.refresh_at),
                    "expires_at_ms": _ms(token.expires_at),
                },
            )

    def drop(self, token: AccessToken) -> None:
        """Forget the token if it is still the one that is stored."""
        self._remove(
            "ciphertext, fingerprint, refresh_at_ms, expires_at_ms",
            where="fingerprint",
            is_still=_fingerprint(token),
        )

    def _item(self) -> Any:  # noqa: ANN401 - DynamoDB's attributes
        with aws_errors("read the access token"):
            answer = self._client.get_item(
                TableName=self._table, Key=self._key(), ConsistentRead=True
            )
        return answer.get("Item", {})

    def _remove(self, names: str, *, where: str, is_still: dict[str, str]) -> None:
        """Remove attributes unless somebody has replaced them already."""
        with suppress(ConflictError), aws_errors("change the access token"):
            self._client.update_item(
                TableName=self._table,
                Key=self._key(),
                UpdateExpression=f"REMOVE {names}",
                ConditionExpression=f"{where} = :is_still",
                ExpressionAttributeValues={":is_still": is_still},
            )

    def _decrypted(self, ciphertext: bytes) -> str | None:
        """Return the token, None where it was encrypted with a key that the stack had before."""
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
        return {"name": {"S": self._name}}

    def _context(self) -> dict[str, str]:
        return {"ringvault": self._name}


def _fingerprint(token: AccessToken) -> dict[str, str]:
    """Return what tells this token from its successor, and nothing of what it is."""
    return {"S": hashlib.sha256(token.value.encode()).hexdigest()[:16]}


def _ms(instant: "datetime") -> dict[str, str]:
    return {"N": str(to_epoch_ms(instant))}
