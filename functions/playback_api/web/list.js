/** Shows recordings as a list by day; every text goes in as text. */

const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long", year: "numeric", month: "long", day: "numeric",
});
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const STATES = {
  PENDING: "Waiting to be archived",
  QUEUED: "Being archived",
  ABSENT: "Gone at RingCentral",
  FAILED: "Could not be archived",
};

/** Adds recordings, newest first, below those that `list` already shows. */
export function append(list, recordings) {
  for (const recording of recordings) {
    dayIn(list, new Date(recording.startedAt)).append(row(recording));
  }
}

/** Marks the row of the recording that plays; null marks none. */
export function markPlaying(list, id) {
  for (const row of list.querySelectorAll("[data-id]")) {
    const playing = row.dataset.id === id;
    row.classList.toggle("now", playing);
    if (playing) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** Who called whom. */
export function peopleOf(recording) {
  return `${partyOf(recording.from)} → ${partyOf(recording.to)}`;
}

/** When the call began. */
export function startOf(recording) {
  const started = new Date(recording.startedAt);
  return `${DAY.format(started)}, ${TIME.format(started)}`;
}

function dayIn(list, date) {
  const name = dayName(date);
  const last = list.lastElementChild;
  if (last?.dataset.day === name) return last.querySelector("ul");
  const rows = element("ul");
  const day = element("section", { className: "day" }, element("h3", {}, name), rows);
  day.dataset.day = name;
  list.append(day);
  return rows;
}

function dayName(date) {
  const name = DAY.format(date);
  const now = new Date();
  if (name === DAY.format(now)) return `Today, ${name}`;
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return name === DAY.format(yesterday) ? `Yesterday, ${name}` : name;
}

function row(recording) {
  const playable = recording.state === "ARCHIVED";
  const item = playable
    ? element("a", { className: "row", href: `#recording=${recording.id}` })
    : element("div", { className: "row" });
  item.append(time(recording.startedAt), direction(recording.direction), people(recording));
  item.append(element("span", { className: "length" }, lengthOf(recording.durationSeconds)));
  item.append(playable ? playMark() : state(recording));
  item.dataset.id = recording.id;
  return element("li", {}, item);
}

function time(startedAt) {
  return element("time", { dateTime: startedAt }, TIME.format(new Date(startedAt)));
}

function direction(text = "") {
  const sign = { Inbound: "↙", Outbound: "↗" }[text] ?? "·";
  const cell = element("span", { className: "direction", title: text }, hidden(sign));
  cell.append(element("span", { className: "unseen" }, text));
  return cell;
}

function people(recording) {
  return element("span", { className: "people" },
    party(recording.from),
    element("span", { className: "to" }, element("span", { className: "arrow" }, "→ "), party(recording.to)));
}

function party(of) {
  const name = partyOf(of);
  const number = numberOf(of);
  const shown = element("span", { className: "party" }, element("span", { className: "name" }, name));
  if (number && number !== name) shown.append(" ", element("span", { className: "number" }, number));
  return shown;
}

function partyOf(of) {
  return of?.name ?? (numberOf(of) || "Unknown");
}

function numberOf(of) {
  return of?.phoneNumber ?? (of?.extensionNumber ? `ext. ${of.extensionNumber}` : "");
}

function playMark() {
  return element("span", { className: "mark" }, hidden("▶"), element("span", { className: "unseen" }, "Play"));
}

function state(recording) {
  const badge = element("span", { className: `badge ${recording.state.toLowerCase()}` });
  badge.textContent = STATES[recording.state] ?? recording.state;
  const shown = element("span", { className: "state" }, badge);
  if (recording.reason) shown.append(" ", element("span", { className: "reason" }, recording.reason));
  return shown;
}

function lengthOf(seconds) {
  if (seconds === undefined) return "";
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function hidden(text) {
  const shown = element("span", {}, text);
  shown.setAttribute("aria-hidden", "true");
  return shown;
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
