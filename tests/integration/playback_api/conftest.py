"""The playback function, deployed once; each test finds it with nothing in its tables."""

from collections.abc import Callable, Iterator

import pytest

from functions.playback_api import handler
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.number_index import NumberIndex
from tests.integration.playback_api.site import Site
from tests.support.cloud import Cloud

Environ = dict[str, str]


@pytest.fixture(scope="session")
def deployed_environ(cloud: Cloud) -> Iterator[Environ]:
    """Return the function's variables; its clients, which take long to make, are made once."""
    handler._api.cache_clear()
    yield {
        **cloud.environ,
        "CATALOGUE_TABLE": cloud.make_table("CatalogueTable"),
        "NUMBER_INDEX_TABLE": cloud.make_table("NumberIndexTable"),
        "PLAY_TABLE": cloud.make_table("PlayTable"),
        "VAULT_BUCKET": cloud.make_bucket(),
        "GROUPS_CLAIM": "cognito:groups",
        "EXTENSION_CLAIM": "custom:extension_id",
        "PLAYBACK_URL_SECONDS": "60",
        "COLD_STORAGE_AFTER_DAYS": "30",
        "SIGN_IN_AUTHORIZATION_ENDPOINT": "https://issuer.example/authorize",
        "SIGN_IN_TOKEN_ENDPOINT": "https://issuer.example/token",
        "SIGN_IN_END_SESSION_ENDPOINT": "",
        "SIGN_IN_CLIENT_ID": "ringvault",
        "SIGN_IN_SCOPE": "openid",
    }
    handler._api.cache_clear()


@pytest.fixture
def site(
    cloud: Cloud, deployed_environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """Return the function's surroundings, empty of recordings and plays."""
    for name, value in deployed_environ.items():
        monkeypatch.setenv(name, value)
    yield Site(
        cloud=cloud,
        catalogue=CatalogueTable(deployed_environ["CATALOGUE_TABLE"], cloud.dynamodb),
        numbers=NumberIndex(deployed_environ["NUMBER_INDEX_TABLE"], cloud.dynamodb),
        bucket=deployed_environ["VAULT_BUCKET"],
        play_table=deployed_environ["PLAY_TABLE"],
    )
    for name in ("CATALOGUE_TABLE", "NUMBER_INDEX_TABLE", "PLAY_TABLE"):
        cloud.empty_table(deployed_environ[name])


@pytest.fixture
def redeploy(
    site: Site,  # noqa: ARG001 - whose variables are changed
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., None]]:
    """Change variables of the function for one test."""

    def with_variables(**changes: str) -> None:
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        handler._api.cache_clear()

    yield with_variables
    handler._api.cache_clear()
