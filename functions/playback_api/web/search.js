/**
 * What is searched: in the form, in the address, and as the API's parameters.
 *
 * It stands after the address's `#`, so that it can be shared and never reaches a server, a log
 * or a Referer header: it may hold a phone number.
 */

const NAMES = ["phoneNumber", "from", "to", "direction", "state"];

/** The search that a form shows; what is left empty is left out. */
export function readForm(form) {
  return chosen(new FormData(form));
}

/** The search and the recording that an address names. */
export function readAddress(hash) {
  const fragment = new URLSearchParams(hash.slice(1));
  return { search: chosen(fragment), recordingId: fragment.get("recording") };
}

/** The part of the address that names them. */
export function address(search, recordingId = null) {
  const named = new URLSearchParams({ ...search, ...(recordingId && { recording: recordingId }) });
  return `#${named}`;
}

export function show(form, search) {
  for (const name of NAMES) form.elements[name].value = search[name] ?? "";
}

export function isSame(one, other) {
  return address(one) === address(other);
}

/** The parameters of a page of results; days begin and end where the listener is. */
export function parametersOf({ from, to, ...rest }, cursor) {
  const parameters = new URLSearchParams(rest);
  if (from) parameters.set("from", startOf(from));
  if (to) parameters.set("to", startOf(to, { daysLater: 1 }));
  if (cursor) parameters.set("cursor", cursor);
  return parameters;
}

function chosen(values) {
  const entries = NAMES.map((name) => [name, (values.get(name) ?? "").trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}

function startOf(date, { daysLater = 0 } = {}) {
  const [year, month, day] = date.split("-").map(Number);
  const start = new Date(year, month - 1, day + daysLater);
  // An invalid date is sent to the API, which reports it.
  return Number.isNaN(start.valueOf()) ? date : start.toISOString();
}
