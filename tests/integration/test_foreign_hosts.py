"""Where a redirect may lead when RingCentral is the real one."""

import pytest

from ringvault.adapters.ringcentral.redirects import ForeignHosts
from ringvault.core.errors import RedirectRefusedError

# Addresses in place of names, so that nothing is looked up; 8.8.8.8 stands for RingCentral.
REAL = ForeignHosts(configured_urls=("https://8.8.8.8", "https://8.8.4.4:443"))
SIMULATED = ForeignHosts(configured_urls=("http://127.0.0.1:8080",))


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/x",
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://172.16.5.4/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://[fe80::1]/x",
        "https://[fd00:ec2::254]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://0.0.0.0/x",
        "https://100.64.0.1/x",
        "https://user:password@8.8.8.8/x",
        "ftp://8.8.8.8/x",
        "https:///x",
        "https://[::1",
    ],
)
def test_nothing_but_public_https_is_followed(url: str) -> None:
    """Neither plain http, nor the own network, nor the metadata of the machine."""
    with pytest.raises(RedirectRefusedError):
        REAL.check(url)


def test_a_public_host_is_followed() -> None:
    """A content delivery network, for example."""
    REAL.check("https://1.1.1.1/recording.mp3?signature=x")


def test_a_simulator_may_lead_to_another_on_this_machine() -> None:
    """Where the configured RingCentral is itself on loopback, others may be."""
    SIMULATED.check("http://127.0.0.1:9090/x")


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/x", "http://169.254.169.254/x", "https://127.0.0.1/x", "http://8.8.8.8/"],
)
def test_a_simulator_leads_nowhere_but_to_its_like(url: str) -> None:
    """Loopback opens loopback: no private network, no metadata, no plain http to the world."""
    with pytest.raises(RedirectRefusedError):
        SIMULATED.check(url)


def test_what_is_refused_is_told_without_path_or_query() -> None:
    """A URL may carry a signature."""
    with pytest.raises(RedirectRefusedError) as caught:
        REAL.check("https://10.0.0.1/x?signature=hush")

    assert str(caught.value) == "a redirect leads to '10.0.0.1', which is not public https"
