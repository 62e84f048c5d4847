"""What may come over a border, as hypothesis makes it up."""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

# A run of a function takes a while; BORDER_EXAMPLES=500 looks for longer.
EXAMPLES = int(os.environ.get("BORDER_EXAMPLES", "8"))
few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # A smaller example costs more runs of a function than it is worth.
    phases=[Phase.generate],
    # The tables are kept from one example to the next, and each has ids of its own.
    suppress_health_check=list(HealthCheck),
)

NAMES = (
    "id",
    "uri",
    "startTime",
    "duration",
    "direction",
    "from",
    "to",
    "extension",
    "legs",
    "recording",
    "contentUri",
    "phoneNumber",
    "name",
    "telephonySessionId",
    "lastModifiedTime",
)
ODD: tuple[Any, ...] = (
    True,
    10**40,
    -1,
    60.5,
    float("nan"),
    "",
    "Ann \ud83c",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-14:00",
    "../../x",
    "x" * 3_000,
)
json_values = st.recursive(
    st.none() | st.sampled_from(ODD) | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=15,
)
