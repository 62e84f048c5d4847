"""The report's page for people: one line a day, and every problem with its remedy."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from ringvault.core.reconciliation.finding import ON_THE_WAY, Cause, Verdict, unsettled

ADVICE = {
    Cause.NEVER_LISTED: "RingCentral lists it and the catalogue did not: it was added, and is"
    " fetched next.",
    Cause.CATALOGUE_ITEM_DELETED: "Sidecar in the vault, no item in the catalogue: the item was"
    " restored from the sidecar.",
    Cause.OBJECT_DELETED: "Archived, but its audio is gone: it is fetched again while RingCentral"
    " has it. Otherwise restore the object's last version.",
    Cause.OBJECT_ALTERED: "Size or CRC-32 differ from what was archived: left as it is. Compare"
    " the object's versions and restore the right one.",
    Cause.SIDECAR_MISSING: "Its sidecar was gone: it was written again from the catalogue.",
    Cause.REPEATEDLY_NOT_SERVED: "RingCentral lists it and answers 404 for its audio, again and"
    " again: ask RingCentral's support before it is deleted. What is absent is tried again by"
    " ringvault retry.",
}
OTHER_ADVICE = {
    Verdict.ABSENT: "RingCentral no longer has it, and the vault never had it.",
    Verdict.OVERDUE: "It has waited for more than three days: see why with ringvault status.",
    Verdict.NOT_SERVED: "RingCentral lists it and answers 404 for its audio: it is tried again.",
    Verdict.REFUSED: "RingCentral answers 403 for it: give the service user the permission for"
    " it, then run ringvault retry.",
    Verdict.FAILED: "Given up: correct the cause, then run ringvault retry.",
    Verdict.UNREADABLE: "It can't be read, so nothing is known of it: docs/operations/alarms.md,"
    " recordings-unreadable, says what to do.",
    Verdict.UNEXPECTED: "An object that should not be there: find out who put it there.",
}
NAMES = {
    Verdict.MISSING: "missing",
    Verdict.UNEXPECTED: "unexpected in the vault",
    Verdict.UNREADABLE: "unreadable",
    Verdict.NOT_SERVED: "listed by RingCentral but not served",
    Verdict.REFUSED: "refused by RingCentral",
    Verdict.FAILED: "given up",
    Verdict.OVERDUE: "waiting for more than three days",
    Verdict.BACKFILLING: "not yet reached by an open backfill",
}
_REWRITTEN = "rewritten"

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
.wide { overflow-x: auto; }
@media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } .good { color: #a5d6a7; } }
"""


def page_of(report: Mapping[str, Any]) -> str:
    """Return the page of a report; it loads no other file."""
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
    """Say that nothing is missing only if no count contradicts it.

    Absent recordings were never archived: the sentence then names the exception.
    """
    if found := unsettled(totals):
        counts = ", ".join(f"{found[it]} {name}" for it, name in NAMES.items() if it in found)
        return (
            '<p class="bad">It cannot be said that nothing is missing:'
            f" {_text(counts)}. Each is counted below, and named where someone can act on it.</p>"
        )
    waiting = sum(totals[verdict] for verdict in ON_THE_WAY)
    agree = "call log, catalogue and vault agree" + (
        f", and {_recordings(waiting)} on the way." if waiting else "."
    )
    if absent := totals[Verdict.ABSENT]:
        sentence = (
            f"Nothing that RingCentral still has is missing: {agree} {_recordings(absent)} absent:"
            " RingCentral no longer had them when they were to be fetched, and the vault does not"
            " have them. Each is named below with the evidence."
        )
    else:
        sentence = f"Nothing is missing: {agree}"
    return f'<p class="good">{_text(sentence)}</p>'


def _recordings(number: int) -> str:
    return f"{number} recording is" if number == 1 else f"{number} recordings are"


def _facts(report: Mapping[str, Any]) -> str:
    facts = [
        ("Report", f"{report['number']}, from {report['started_at']} to {report['finished_at']}"),
        ("Took", f"{report['took_s']} s; invocations: {report['invocations']}"),
        ("Quota requests spent", report["quota_requests"]),
        (
            "SHA-256 of the report before",
            report["previous_sha256_hex"] or "none: this is the first",
        ),
    ]
    if report["is_chain_from_bucket"]:
        note = "the state table had lost it: the last report in the bucket was taken for it"
        facts.append(("The report before", note))
    rows = (f"<tr><th>{_text(n)}</th><td><code>{_text(v)}</code></td></tr>" for n, v in facts)
    return f'<table class="problems">{"".join(rows)}</table>'


def _days(report: Mapping[str, Any]) -> str:
    """Return a line for each day; columns that are 0 on all days are named below."""
    totals = report["totals"]
    columns = [it for it in (*Verdict, _REWRITTEN) if totals[it] or it == Verdict.ARCHIVED]
    empty = [_words(it) for it in (*Verdict, _REWRITTEN) if it not in columns]
    head = _row("th", ("day (UTC)", *map(_words, columns)))
    rows = (_row("td", (day["day"], *(day[it] for it in columns))) for day in report["days"])
    total = _row("th", ("all", *(totals[it] for it in columns)))
    table = f"<table><caption>Day by day</caption>{head}{''.join(rows)}{total}</table>"
    none = f"<p>0 on every day: {', '.join(empty)}.</p>" if empty else ""
    return f'<div class="wide">{table}</div>{none}'


def _words(name: str) -> str:
    return name.replace("_", " ")


def _findings(report: Mapping[str, Any]) -> str:
    if not report["findings"]:
        return "<p>There are no findings.</p>"
    head = _row("th", ("day", "recording", "verdict", "cause", "detail", "action taken or needed"))
    rows = (_row("td", _finding(finding)) for finding in report["findings"])
    more = report["findings_not_named"]
    rest = f"<p>{more} more are counted above and not named here.</p>" if more else ""
    caption = "<caption>Findings</caption>"
    table = f'<table class="problems">{caption}{head}{"".join(rows)}</table>'
    return f'<div class="wide">{table}</div>{rest}'


def _finding(finding: Mapping[str, Any]) -> Iterable[object]:
    advice = [ADVICE[Cause(cause)] for cause in finding["causes"]]
    if not advice and finding["verdict"] in OTHER_ADVICE:
        advice = [OTHER_ADVICE[Verdict(finding["verdict"])]]
    if finding["is_rewritten"]:
        advice.append("RingCentral rewrote its call-log record: catalogue and sidecar followed.")
    return (
        finding["day"],
        finding["recording_id"] or "",
        _words(finding["verdict"]),
        ", ".join(finding["causes"]),
        finding["detail"] or "",
        " ".join(advice),
    )


def _row(cell: str, values: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{cell}>{_text(value)}</{cell}>' for value in values)}</tr>\n"


def _text(value: object) -> str:
    return escape(str(value))
