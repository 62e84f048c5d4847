/** Says of a recording what people call it. */

const DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long", year: "numeric", month: "long", day: "numeric",
});
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const STATES = {
  PENDING: "Waiting",
  QUEUED: "Being archived",
  ABSENT: "Gone",
  FAILED: "Failed",
};

/** Today, yesterday, or the date; the listener's day. */
export function dayOf(startedAt, now = new Date()) {
  const name = DAY.format(new Date(startedAt));
  if (name === DAY.format(now)) return `Today, ${name}`;
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return name === DAY.format(yesterday) ? `Yesterday, ${name}` : name;
}

export function timeOf(startedAt) {
  return TIME.format(new Date(startedAt));
}

export function momentOf(instant) {
  return MOMENT.format(new Date(instant));
}

export function startOf(recording) {
  return `${DAY.format(new Date(recording.startedAt))}, ${timeOf(recording.startedAt)}`;
}

/** Who called whom. */
export function peopleOf(recording) {
  return `${nameOf(recording.from)} → ${nameOf(recording.to)}`;
}

export function nameOf(party) {
  return party?.name ?? (numberOf(party) || "Number withheld");
}

/** What one dials to reach them; nothing where it is not known. */
export function numberOf(party) {
  if (party?.phoneNumber) return spaced(party.phoneNumber);
  return party?.extensionNumber ? `ext. ${party.extensionNumber}` : "";
}

export function stateOf(recording) {
  return STATES[recording.state] ?? recording.state;
}

/** 1:05, or 1:01:05 from an hour on; nothing where it is not known. */
export function lengthOf({ durationSeconds: seconds }) {
  if (seconds === undefined) return "";
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export function counted(count, thing) {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

function spaced(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");
}
