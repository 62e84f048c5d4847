"""Whatever an item of the catalogue or a sidecar is, the others are found and verified."""

import json
import os
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.playback_api import handler
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.item import archived_attributes, new_attributes
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import VerificationProgressStore
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.adapters.s3.vault import Vault
from ringvault.core.catalogue.item import CatalogueItem
from ringvault.core.fixity.check import Condition
from ringvault.core.fixity.rebuild_catalogue import rebuild_catalogue
from ringvault.core.fixity.verification import Sample
from ringvault.core.fixity.verify_vault import verify_vault
from ringvault.core.vault.checksum import crc32_base64
from ringvault.core.vault.layout import sidecar_key
from ringvault.core.vault.sidecar import sidecar_of
from tests.integration.border.shapes import few, json_values
from tests.integration.playback_api.conftest import deployed_environ, site
from tests.integration.playback_api.site import AUDIO, HEARS_ALL, Site, asked_by
from tests.support.cloud import Cloud
from tests.support.deployed import Context, event
from tests.support.in_turn import in_turn
from tests.support.recordings import NOW, STARTED_AT, archived_of, recording_of

__all__ = ["deployed_environ", "site"]

ATTRIBUTES = sorted(
    {*new_attributes(recording_of("1"), NOW), *archived_attributes(archived_of(recording_of("1")))}
    - {"recording_id", "started_at", "started_month"}
)
attribute_values: st.SearchStrategy[dict[str, Any]] = (
    st.text(max_size=10).map(lambda it: {"S": it})
    | st.integers(-(10**30), 10**30).map(lambda it: {"N": str(it)})
    | st.binary(max_size=10).map(lambda it: {"B": it})
    | st.booleans().map(lambda it: {"BOOL": it})
    | st.just({"M": {}})
    | st.just({"L": []})
    | st.just({"NULL": True})
)


def refuse(constant: str) -> None:
    """Fail: NaN and the infinities are no JSON."""
    raise AssertionError(constant)


@given(
    changes=st.dictionaries(st.sampled_from(ATTRIBUTES), attribute_values, min_size=1, max_size=3),
    record=json_values,
)
@few
def test_a_search_answers_with_the_good_one(
    site: Site, changes: dict[str, dict[str, Any]], record: object
) -> None:
    """Status 200 and JSON, whatever else lies beside it."""
    for table in ("CATALOGUE_TABLE", "NUMBER_INDEX_TABLE"):
        site.cloud.empty_table(os.environ[table])
    site.catalogue.add_new(
        [recording_of("1"), recording_of("2"), recording_of("3", call_record={"legs": record})],
        listed_at=STARTED_AT,
    )
    item = new_attributes(recording_of("1"), NOW) | archived_attributes(
        archived_of(recording_of("1"))
    )
    put(site.cloud, os.environ["CATALOGUE_TABLE"], item | changes)
    span = {"from": "2026-11-01", "to": "2026-11-30"}
    answer = handler.lambda_handler(
        asked_by(HEARS_ALL, event("playback_api_recordings") | {"queryStringParameters": span}),
        Context(),
    )
    assert answer["statusCode"] == 200
    body = json.loads(answer["body"].encode(), parse_constant=refuse)
    assert {"2", "3"} <= {it["id"] for it in body["recordings"]}


def put(cloud: Cloud, table: str, item: dict[str, Any]) -> None:
    """Put an item as it is; an index takes no other type of its keys, and no empty one."""
    for name in ("state", "extension_id", "telephony_session_id"):
        if not item.get(name, {}).get("S"):
            item.pop(name, None)
    cloud.dynamodb.put_item(TableName=table, Item=item)


def kept(recording_id: str, cloud: Cloud, table: str, bucket: str) -> CatalogueItem:
    """Archive a recording, and return its item."""
    recording = recording_of(recording_id)
    archived = archived_of(
        recording,
        sha256_hex=sha256(AUDIO).hexdigest(),
        size_bytes=len(AUDIO),
        crc32=crc32_base64(AUDIO),
    )
    catalogue = CatalogueTable(table, cloud.dynamodb)
    catalogue.add_new([recording], listed_at=NOW)
    catalogue.set_archived(recording_id, archived)
    item = catalogue.find(recording_id)
    assert item is not None
    cloud.s3.put_object(
        Bucket=bucket,
        Key=archived.object_key,
        Body=AUDIO,
        ChecksumAlgorithm="CRC32",
        ChecksumCRC32=archived.crc32,
    )
    Vault(bucket, cloud.s3).store_sidecar(sidecar_key(recording), item=item, archived=archived)
    return item


@given(content=json_values, name=st.sampled_from(["", "call_record", "started_at", "size_bytes"]))
@few
def test_a_verification_and_a_rebuild_come_to_their_end(
    cloud: Cloud, content: object, name: str
) -> None:
    """Whatever one sidecar is, or holds, the other recording is intact and comes back."""
    table, bucket = cloud.make_table("CatalogueTable"), cloud.make_bucket()
    index = NumberIndex(cloud.make_table("NumberIndexTable"), cloud.dynamodb)
    inventory = CatalogueInventory(table, cloud.dynamodb, number_index=index)
    vault = VaultInventory(bucket, cloud.s3)
    item, _ = (kept(it, cloud, table, bucket) for it in ("1", "2"))
    assert item.archived is not None
    document = {**sidecar_of(item, item.archived), name: content} if name else content
    cloud.s3.put_object(
        Bucket=bucket, Key=sidecar_key(item.recording), Body=json.dumps(document).encode()
    )
    *_, last = verify_vault(
        asked=Sample(),
        restart=True,
        catalogue=inventory,
        vault=vault,
        progress=VerificationProgressStore(cloud.make_table("StateTable"), cloud.dynamodb),
        at_once=in_turn,
        clock=lambda: NOW,
    )
    assert (last.finished_at, last.done) == (NOW, 2)
    assert last.verdicts[Condition.INTACT] >= 1
    cloud.empty_table(table)
    for _ in rebuild_catalogue(vault=vault, catalogue=inventory, at_once=in_turn):
        pass
    found = inventory.find_all(["1", "2"])
    assert "2" in {it.recording.recording_id for it in found.items}
    assert not found.unreadable
