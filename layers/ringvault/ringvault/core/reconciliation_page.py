"""The report that a person reads: one line a day, and every problem with what to do."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from ringvault.core.reconciliation import Cause, Verdict

ADVICE = {
    Cause.NEVER_LISTED: "RingCentral lists it and the catalogue did not: it was added, and is"
    " fetched next.",
    Cause.CATALOGUE_ITEM_DELETED: "Sidecar in the vault, no item in the catalogue: the item was"
    " made again from the sidecar.",
    Cause.OBJECT_DELETED: "Archived, but its audio is gone: it is fetched again while RingCentral"
    " has it. Otherwise restore the object's last version.",
    Cause.OBJECT_ALTERED: "Size or CRC-32 differ from what was archived: left as it is. Compare"
    " the object's versions and restore the right one.",
    Cause.SIDECAR_MISSING: "Its sidecar was gone: it was written anew from the catalogue.",
}
OTHER_ADVICE = {
    Verdict.ABSENT: "RingCentral no longer has it.",
    Verdict.FAILED: "Given up: correct the cause and send its id again.",
    Verdict.UNEXPECTED: "An object that belongs to no recording: find out who put it there.",
}
_COLUMNS = (*Verdict, "rewritten")

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #8886; text-align: right; }
th:first-child, td:first-child, .problems th, .problems td { text-align: left; }
.bad { color: #c62828; font-weight: 600; }
.good { color: #2e7d32; font-weight: 600; }
td:first-child { white-space: nowrap; }
code, .problems td:nth-child(5) { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } .good { color: #a5d6a7; } }
"""


def page_of(report: Mapping[str, Any]) -> str:
    """Return the page of a report, whole in itself: it loads nothing."""
    title = f"ringvault: reconciliation {report['number']}"
    parts = (
        f"<h1>Reconciliation of {_text(report['from'])} to {_text(report['to'])}</h1>",
        _sentence(report["totals"]),
        _facts(report),
        _days(report),
        _findings(report),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def _sentence(totals: Mapping[str, int]) -> str:
    missing, unexpected = totals[Verdict.MISSING], totals[Verdict.UNEXPECTED]
    if not missing and not unexpected:
        return '<p class="good">Nothing is missing: call log, catalogue and vault agree.</p>'
    return (
        f'<p class="bad">{missing} missing, {unexpected} unexpected in the vault:'
        " each is named below.</p>"
    )


def _facts(report: Mapping[str, Any]) -> str:
    facts = (
        ("Report", f"{report['number']}, from {report['started_at']} to {report['finished_at']}"),
        ("Took", f"{report['took_s']} s; invocations: {report['invocations']}"),
        ("Quota requests spent", report["quota_requests"]),
        (
            "SHA-256 of the report before",
            report["previous_sha256_hex"] or "none: this is the first",
        ),
    )
    rows = (f"<tr><th>{_text(n)}</th><td><code>{_text(v)}</code></td></tr>" for n, v in facts)
    return f'<table class="problems">{"".join(rows)}</table>'


def _days(report: Mapping[str, Any]) -> str:
    head = _row("th", ("day (UTC)", *_COLUMNS))
    rows = (_row("td", (day["day"], *_counts(day))) for day in report["days"])
    total = _row("th", ("all", *_counts(report["totals"])))
    return f"<table><caption>Day by day</caption>{head}{''.join(rows)}{total}</table>"


def _counts(counts: Mapping[str, int]) -> Iterable[int]:
    return (counts[column] for column in _COLUMNS)


def _findings(report: Mapping[str, Any]) -> str:
    if not report["findings"]:
        return "<p>No recording is to be named.</p>"
    head = _row("th", ("day", "recording", "verdict", "cause", "detail", "what was done, or to do"))
    rows = (_row("td", _finding(finding)) for finding in report["findings"])
    more = report["findings_not_named"]
    rest = f"<p>{more} more are counted above and not named here.</p>" if more else ""
    caption = "<caption>Recordings and objects to be named</caption>"
    return f'<table class="problems">{caption}{head}{"".join(rows)}</table>{rest}'


def _finding(finding: Mapping[str, Any]) -> Iterable[object]:
    advice = [ADVICE[Cause(cause)] for cause in finding["causes"]]
    if not advice and finding["verdict"] in OTHER_ADVICE:
        advice = [OTHER_ADVICE[Verdict(finding["verdict"])]]
    if finding["is_rewritten"]:
        advice.append("RingCentral rewrote its call-log record: the sidecar followed.")
    return (
        finding["day"],
        finding["recording_id"] or "",
        finding["verdict"],
        ", ".join(finding["causes"]),
        finding["detail"] or "",
        " ".join(advice),
    )


def _row(cell: str, values: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{cell}>{_text(value)}</{cell}>' for value in values)}</tr>\n"


def _text(value: object) -> str:
    return escape(str(value))
