/** The recordings that a search found: by day, and those of one call together. */

import { element, sign, unseen } from "./elements.js";
import { counted, dayOf, lengthOf, nameOf, numberOf, peopleOf, stateOf, timeOf } from "./words.js";

export class Results {
  #root;
  #addressOf;
  #calls = new Map(); // telephony session, or the recording's id where it has none → call

  /**
   * @param {HTMLElement} root
   * @param {(recordingId: string) => string} addressOf where a recording leads to
   */
  constructor(root, addressOf) {
    this.#root = root;
    this.#addressOf = addressOf;
    root.addEventListener("focusin", (event) => this.#rove(event.target.closest("[data-id]")));
  }

  get size() {
    return this.#rows.length;
  }

  get #rows() {
    return [...this.#root.querySelectorAll("[data-id]")];
  }

  clear() {
    this.#calls.clear();
    this.#root.replaceChildren();
  }

  /** Adds recordings, newest first, below those already shown. */
  append(recordings) {
    for (const recording of recordings) this.#add(recording);
    this.#rove(this.#root.querySelector("[tabindex='0']") ?? this.#rows[0]);
  }

  find(id) {
    return [...this.#calls.values()].flatMap((call) => call.recordings).find((one) => one.id === id);
  }

  /** Marks the recording that is listened to; null marks none. */
  mark(id) {
    for (const row of this.#rows) {
      if (row.dataset.id === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  focus(id) {
    const rows = this.#rows;
    (rows.find((row) => row.dataset.id === id) ?? rows[0])?.focus();
  }

  /** Focuses the recording at a place, such as the first of those just added. */
  focusAt(place) {
    this.#rows[place]?.focus();
  }

  /** Focuses the recording so many places further down. */
  move(places) {
    const rows = this.#rows;
    const place = rows.findIndex((row) => row.tabIndex === 0);
    const isFocused = rows[place] === document.activeElement;
    this.focusAt(Math.min(Math.max(place + (isFocused ? places : 0), 0), rows.length - 1));
  }

  /** One stop for the Tab key: the arrows go on from there. */
  #rove(row) {
    if (!row) return;
    for (const other of this.#rows) other.tabIndex = other === row ? 0 : -1;
  }

  #add(recording) {
    const key = recording.telephonySessionId ?? recording.id;
    const call = this.#calls.get(key) ?? this.#begin(key, recording);
    call.recordings.push(recording);
    call.recordings.sort((one, other) => one.startedAt.localeCompare(other.startedAt));
    call.item.replaceChildren(...this.#contents(call.recordings));
    call.item.classList.toggle("several", call.recordings.length > 1);
  }

  #begin(key, recording) {
    const call = { recordings: [], item: element("li", { className: "call" }) };
    this.#calls.set(key, call);
    this.#day(dayOf(recording.startedAt)).append(call.item);
    return call;
  }

  #day(name) {
    const last = this.#root.lastElementChild;
    if (last?.dataset.day === name) return last.querySelector("ul");
    const calls = element("ul");
    const day = element("section", { className: "day" }, element("h3", {}, name), calls);
    day.dataset.day = name;
    this.#root.append(day);
    return calls;
  }

  #contents(recordings) {
    if (recordings.length === 1) return [this.#row(recordings[0], people(recordings[0]))];
    const [first] = recordings;
    const head = element("div", { className: "head" },
      direction(first.direction), ...people(first),
      element("span", { className: "count" }, counted(recordings.length, "recording")));
    const rows = recordings.map((recording, place) => {
      const label = `Recording ${place + 1} of ${recordings.length}`;
      return element("li", {}, this.#row(recording, [part(label, recording, first)]));
    });
    return [head, element("ol", { className: "parts" }, ...rows)];
  }

  #row(recording, middle) {
    const row = element("a", { className: "row", href: this.#addressOf(recording.id), tabIndex: -1 });
    row.dataset.id = recording.id;
    row.append(
      element("time", { dateTime: recording.startedAt }, timeOf(recording.startedAt)),
      direction(recording.direction),
      ...middle,
      element("span", { className: "length" }, lengthOf(recording)),
      recording.state === "ARCHIVED" ? sign("mark") : state(recording),
    );
    return row;
  }
}

function direction(name = "") {
  const shown = element("span", { className: `direction ${name.toLowerCase()}`, title: name });
  shown.append(sign("arrow"), unseen(name));
  return shown;
}

function people(recording) {
  return [party(recording.from, "from"), unseen("to"), party(recording.to, "to")];
}

function party(of, role) {
  const [name, number] = [nameOf(of), numberOf(of)];
  const shown = element("span", { className: `party ${role}` }, element("span", { className: "name" }, name));
  if (number && number !== name) shown.append(" ", element("span", { className: "number" }, number));
  return shown;
}

/** A part of a call is named after its place, and after its people where they are others. */
function part(label, recording, first) {
  const shown = element("span", { className: "part" }, label);
  if (peopleOf(recording) !== peopleOf(first)) {
    shown.append(" ", element("span", { className: "number" }, peopleOf(recording)));
  }
  return shown;
}

function state(recording) {
  const kind = recording.state.toLowerCase();
  const shown = element("span", { className: "state" });
  shown.append(element("span", { className: `badge ${kind}` }, stateOf(recording)));
  if (recording.reason) shown.append(" ", element("span", { className: "reason" }, recording.reason));
  return shown;
}
