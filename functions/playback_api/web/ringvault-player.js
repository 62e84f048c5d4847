/**
 * `<ringvault-player recording-id="…">` plays one recording of a ringvault archive on any page.
 *
 * Attributes
 *   recording-id  the recording; a new id replaces it
 *   api           the archive's address; default: where this file comes from
 *   download      offers a download, too
 *
 * Properties
 *   token         an ID token of the archive's issuer, or a function that returns one or promises
 *                 one; the function is asked before every request
 *   currentTime   seconds; may be set
 *   recording     the archive's data of the recording, or null
 *
 * Methods: play(), pause(), focus()
 *
 * Events, which bubble
 *   ringvault-recording  its `detail.recording` is now known
 *   ringvault-ended      it was played to its end
 *   ringvault-error      `detail` has `status` (of HTTP; 0 without an answer) and `message`
 *
 * Keys, while the focus is in the player: space or k plays and pauses, j and l skip ten seconds,
 * the arrows five, m mutes, < and > change the speed, Home and End on the waveform.
 *
 * Styling: custom properties --ringvault-accent, -on-accent, -ink, -faint, -line, -ground, -radius
 * and -wave-height; parts player, waveform, controls, play, button, time, speed, volume, message.
 * It is dark where its page's `color-scheme` is.
 *
 * No style or script is written into the page, and text goes in as text, so it works under a
 * policy with neither 'unsafe-inline' nor an exception from trusted types.
 */

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const SKIP_S = 10;
const STEP_S = 5;
const ASK_AGAIN_S = { least: 2, usual: 60, most: 600 };
const END_S = 0.5; // nearer to the end than this, playing begins anew
const FINAL = new Set(["recording-failed", "recording-absent", "recording-in-cold-storage"]);
const COMING = new Set(["recording-pending", "recording-queued"]);
const ANSWER_WITHIN_MS = 30_000;
const BAR_PITCH_PX = 4;

// --- The archive -------------------------------------------------------------------------------

/** What went wrong, in words for the listener. */
export class ArchiveError extends Error {
  /** @param {{status: number, outcome?: string, retryAfterS?: number|null}} details */
  constructor(message, { status, outcome = "", retryAfterS = null }) {
    super(message);
    this.status = status;
    this.outcome = outcome;
    this.retryAfterS = retryAfterS;
  }
}

/** The playback API at `base`, called with the token of `token`. */
export class Archive {
  /**
   * @param {string|URL} base
   * @param {() => string|null|Promise<string|null>} token
   */
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  /** The JSON at a path below the API; an ArchiveError where it is not to be had. */
  async get(path) {
    const response = await this.#send(path);
    if (response.ok) return response.json();
    throw await errorOf(response);
  }

  recording(id) {
    return this.get(`recordings/${encodeURIComponent(id)}`);
  }

  /** @param {"inline"|"attachment"} disposition */
  playbackUrl(id, disposition) {
    return this.get(`recordings/${encodeURIComponent(id)}/playback-url?disposition=${disposition}`);
  }

  async #send(path) {
    const bearer = await this.token();
    if (!bearer) throw new ArchiveError("Sign in to listen.", { status: 401 });
    const headers = { Authorization: `Bearer ${bearer}` };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    try {
      return await fetch(new URL(path, this.base), { headers, signal });
    } catch {
      const message = "The archive can't be reached. Check your connection, then try again.";
      throw new ArchiveError(message, { status: 0 });
    }
  }
}

async function errorOf(response) {
  const { status } = response;
  if (status === 401) {
    return new ArchiveError("Your sign-in has ended. Sign in again to listen.", { status });
  }
  const problem = await response.json().catch(() => ({}));
  return new ArchiveError(wordsOf(problem, status), {
    status,
    outcome: problem.type?.split(":").pop(),
    retryAfterS: Number(response.headers.get("Retry-After")) || null,
  });
}

function wordsOf({ detail, reason }, status) {
  if (status === 404) {
    return "There is no such recording, or you may not hear it. Check the link, or ask the "
      + "administrator of the archive.";
  }
  return [detail ?? `The archive answered ${status}. Try again later.`, reason && sentence(reason)]
    .filter(Boolean).join(" ");
}

function sentence(text) {
  const begun = text[0].toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

// --- Playback ----------------------------------------------------------------------------------

/**
 * Plays one recording with an audio element, and continues at the same second when its URL
 * expires. A URL is requested only when the listener presses play: each is in the audit.
 */
class Playback {
  /**
   * @param {HTMLAudioElement} audio
   * @param {() => Promise<{url: string, expiresAt: string, contentType: string}>} freshUrl
   * @param {{changed: () => void, ended: () => void, failed: (error: Error) => void}} on
   */
  constructor(audio, freshUrl, on) {
    this.position = 0;
    this.wanted = false; // whether it shall play, which it may not yet
    this.isWaiting = false;
    this.audio = audio;
    this.freshUrl = freshUrl;
    this.on = on;
    this.expiresAt = 0;
    this.isAsking = false;
    this.isRenewed = false;
    this.left = new AbortController();
    for (const [type, heard] of Object.entries(this.#listeners())) {
      audio.addEventListener(type, heard, { signal: this.left.signal });
    }
  }

  play() {
    this.wanted = true;
    if (this.audio.src && !this.audio.error && !this.#isExpired()) this.#start();
    else this.#renew();
  }

  pause() {
    this.wanted = false;
    this.audio.pause();
    this.on.changed();
  }

  seek(position) {
    this.position = position;
    if (this.audio.readyState >= HTMLMediaElement.HAVE_METADATA) this.audio.currentTime = position;
    this.on.changed();
  }

  /** Leaves the audio element to another; nothing of this one is heard or told any more. */
  leave() {
    this.left.abort();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  async #renew() {
    if (this.isAsking) return;
    this.isAsking = this.isWaiting = true;
    this.on.changed();
    const answer = await this.freshUrl().catch((error) => ({ error }));
    this.isAsking = false;
    if (this.left.signal.aborted) return;
    if (answer.error) this.#fail(answer.error);
    else this.#load(answer);
  }

  #load({ url, expiresAt, contentType }) {
    if (contentType && !this.audio.canPlayType(contentType)) {
      this.#fail(new UnplayableError());
      return;
    }
    this.expiresAt = Date.parse(expiresAt);
    this.audio.src = url;
    this.audio.currentTime = this.position;
    if (this.wanted) this.#start();
  }

  #start() {
    // Refused where nothing was pressed yet, as after a deep link: the button is there.
    this.audio.play().catch((error) => {
      if (error.name === "NotAllowedError" && !this.left.signal.aborted) this.pause();
    });
  }

  #fail(error) {
    this.isWaiting = this.wanted = false;
    this.on.changed();
    this.on.failed(error);
  }

  #isExpired() {
    // Not straight after a renewal: where this clock is ahead, every URL looks expired.
    return Date.now() >= this.expiresAt && !this.isRenewed;
  }

  #renewOnce() {
    this.isRenewed = true;
    this.#renew();
  }

  #listeners() {
    return {
      timeupdate: () => this.#move(),
      play: () => this.#wantAgain(),
      pause: () => this.#rest(),
      waiting: () => this.#wait(true),
      canplay: () => this.#wait(false),
      playing: () => this.#wait(false),
      loadedmetadata: () => this.on.changed(),
      ended: () => this.on.ended(),
      error: () => this.#break(),
    };
  }

  #move() {
    const { readyState, seeking, currentTime } = this.audio;
    // A freshly set source reports 0 before it jumps to where it shall go on.
    if (readyState < HTMLMediaElement.HAVE_CURRENT_DATA || seeking) return;
    if (currentTime > this.position) this.isRenewed = false;
    this.position = currentTime;
    this.on.changed();
  }

  /** Somebody pressed play, here or on a headset. */
  #wantAgain() {
    this.wanted = true;
    if (this.#isExpired()) this.#renewOnce();
    this.on.changed();
  }

  #rest() {
    if (!this.audio.error) this.wanted = false;
    this.on.changed();
  }

  #wait(isWaiting) {
    this.isWaiting = isWaiting;
    this.on.changed();
  }

  // Storage answers an expired URL with an error, and the browser does not say which: so a new URL
  // is tried once, and again only after the new one has played.
  #break() {
    if (!this.isRenewed) {
      this.#renewOnce();
      return;
    }
    this.isRenewed = false;
    this.#fail(new UnplayableError());
  }
}

/** The browser can make nothing of the audio, or got none of it twice. */
class UnplayableError extends Error {
  constructor() {
    super("This browser can't play the recording: it doesn't know the format, or no audio arrived.");
    this.status = 0;
  }
}

/**
 * The position that a listener reached, kept in this tab only, for privacy on a shared computer.
 * Without storage nothing is remembered.
 */
const reached = {
  key: (id) => `ringvault.position.${id}`,
  of(id) {
    try {
      return Number(sessionStorage.getItem(this.key(id))) || 0;
    } catch {
      return 0;
    }
  },
  keep(id, position) {
    try {
      if (position >= 1) sessionStorage.setItem(this.key(id), position.toFixed(1));
      else sessionStorage.removeItem(this.key(id));
    } catch {
      // Forbidden or full: the next visit begins at the start.
    }
  },
};

// --- Elements ----------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: "M8 5.2v13.6a.8.8 0 0 0 1.2.7l10.9-6.8a.8.8 0 0 0 0-1.4L9.2 4.5a.8.8 0 0 0-1.2.7z",
  pause: "M7 4.5h3.2v15H7zM13.8 4.5H17v15h-3.2z",
  back: "M12 5V1.8L7.2 6 12 10.2V7a6.2 6.2 0 1 1-6.2 6.2h-2A8.2 8.2 0 1 0 12 5z",
  forward: "M12 5V1.8L16.8 6 12 10.2V7a6.2 6.2 0 1 0 6.2 6.2h2A8.2 8.2 0 1 1 12 5z",
  loud: "M4 9.2v5.6h3.6l5 4.2V5l-5 4.2zM15 8.4v7.2a4.3 4.3 0 0 0 0-7.2zm0-4.2v2.1a6 6 0 0 1 0 11.4"
    + "v2.1a8 8 0 0 0 0-15.6z",
  muted: "M4 9.2v5.6h3.6l5 4.2V5l-5 4.2zM20.9 9.7l-1.4-1.4-2.3 2.3-2.3-2.3-1.4 1.4 2.3 2.3-2.3 2.3"
    + " 1.4 1.4 2.3-2.3 2.3 2.3 1.4-1.4-2.3-2.3z",
  download: "M11 3.5h2v8.7l3-3 1.4 1.4L12 16l-5.4-5.4L8 9.2l3 3zM4.5 18h15v2h-15z",
};

/** @returns {HTMLElement} */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawing(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function icon(name) {
  return drawing("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" },
    drawing("path", { d: ICONS[name] }));
}

/** A button with an icon, and a number in it where there is one. */
function button(part, name, label, number = "") {
  const made = element("button", { type: "button", part: `button ${part}`, "aria-label": label, title: label });
  made.append(icon(name));
  if (number) made.append(element("span", { class: "in-icon", "aria-hidden": "true" }, number));
  return made;
}

function relabel(made, name, label) {
  if (made.getAttribute("aria-label") === label) return;
  made.setAttribute("aria-label", label);
  made.title = label;
  made.querySelector("path").setAttribute("d", ICONS[name]);
}

/** 1:05, or 1:01:05 from an hour on. */
function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The same for those who listen: 1 minute 5 seconds. */
function spoken(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}

/**
 * The waveform for seeking: a slider drawn from peaks, or a plain bar without peaks.
 * While dragging it shows the position, and reports it on release.
 */
class Timeline {
  /** @param {(seconds: number) => void} onSeek */
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.duration = 0;
    this.position = 0;
    this.peaks = null;
    this.dragged = null;
    this.bars = [drawing("path"), drawing("path")];
    this.hint = element("span", { class: "hint", "aria-hidden": "true" });
    this.root = element("div", {
      class: "timeline", part: "waveform", role: "slider", tabindex: "0",
      "aria-label": "Position in the recording", "aria-valuemin": "0", "aria-orientation": "horizontal",
    });
    this.root.append(
      drawing("svg", { class: "bars", "aria-hidden": "true" }, this.bars[0]),
      drawing("svg", { class: "bars played", "aria-hidden": "true" }, this.bars[1]),
      element("span", { class: "head", "aria-hidden": "true" }),
      this.hint,
    );
    this.#listen();
    this.resized = new ResizeObserver(() => this.#draw());
    this.resized.observe(this.root);
  }

  /** @param {string|undefined} waveform base64 of one byte a peak */
  load(waveform, duration) {
    this.peaks = peaksOf(waveform);
    this.dragged = null;
    this.root.classList.toggle("plain", !this.peaks);
    this.#draw();
    this.show(0, duration);
  }

  show(position, duration) {
    this.position = position;
    this.duration = duration;
    const shown = this.dragged ?? position;
    this.root.style.setProperty("--played", duration ? clamp(shown / duration, 1) : 0);
    this.root.setAttribute("aria-valuemax", Math.floor(duration));
    this.root.setAttribute("aria-valuenow", Math.floor(clamp(shown, duration)));
    this.root.setAttribute("aria-valuetext", `${spoken(shown)} of ${spoken(duration)}`);
  }

  #listen() {
    const { root } = this;
    root.addEventListener("pointerdown", (event) => this.#grab(event));
    root.addEventListener("pointermove", (event) => this.#hover(event));
    root.addEventListener("pointerup", () => this.#drop());
    root.addEventListener("pointercancel", () => this.#letGo());
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  #grab(event) {
    if (event.button !== 0 || !this.duration) return;
    this.root.setPointerCapture(event.pointerId);
    this.#drag(this.#secondsAt(event));
  }

  #hover(event) {
    const seconds = this.#secondsAt(event);
    this.hint.textContent = clock(seconds);
    this.root.style.setProperty("--pointed", this.duration ? seconds / this.duration : 0);
    if (this.dragged !== null) this.#drag(seconds);
  }

  #drag(seconds) {
    this.dragged = seconds;
    this.show(this.position, this.duration);
  }

  #drop() {
    const { dragged } = this;
    this.#letGo();
    if (dragged !== null) this.onSeek(dragged);
  }

  #letGo() {
    this.dragged = null;
    this.show(this.position, this.duration);
  }

  #key(event) {
    const tenth = this.duration / 10;
    const goals = {
      Home: 0, End: this.duration, PageUp: this.position + tenth, PageDown: this.position - tenth,
      ArrowUp: this.position + STEP_S, ArrowDown: this.position - STEP_S,
    };
    if (!(event.key in goals) || isChord(event)) return;
    event.preventDefault();
    this.onSeek(goals[event.key]);
  }

  #secondsAt(event) {
    const { left, width } = this.root.getBoundingClientRect();
    return clamp((event.clientX - left) / width, 1) * this.duration;
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.root;
    const path = this.peaks && width ? barsOf(this.peaks, width, height) : "";
    for (const bars of this.bars) bars.setAttribute("d", path);
  }
}

function peaksOf(waveform) {
  if (!waveform) return null;
  const peaks = Uint8Array.from(atob(waveform), (character) => character.charCodeAt(0));
  return peaks.length ? peaks : null;
}

/** Upright lines around the middle; telephones are quiet, so the loudest peak fills the height. */
function barsOf(peaks, width, height) {
  const count = Math.max(1, Math.floor(width / BAR_PITCH_PX));
  const loudest = Math.max(...peaks, 1);
  const lines = Array.from({ length: count }, (_, place) => {
    const first = Math.floor((place * peaks.length) / count);
    const beyond = Math.max(first + 1, Math.floor(((place + 1) * peaks.length) / count));
    const peak = Math.max(...peaks.subarray(first, beyond)) / loudest;
    const half = Math.max(0.5, (peak * (height - 4)) / 2);
    const x = (place + 0.5) * (width / count);
    return `M${x.toFixed(1)} ${(height / 2 - half).toFixed(1)}V${(height / 2 + half).toFixed(1)}`;
  });
  return lines.join("");
}

function isChord(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

// --- Styles -------------------------------------------------------------------------------------

const LOOKS = new CSSStyleSheet();
LOOKS.replaceSync(`
:host {
  --_accent: var(--ringvault-accent, light-dark(#0b6e63, #56c9b9));
  --_on-accent: var(--ringvault-on-accent, light-dark(#fff, #06211d));
  --_ink: var(--ringvault-ink, light-dark(#16211e, #e8eeec));
  --_faint: var(--ringvault-faint, light-dark(#55635f, #9fada9));
  --_line: var(--ringvault-line, light-dark(#d9dfdd, #33403d));
  --_ground: var(--ringvault-ground, transparent);
  display: block; container-type: inline-size; color: var(--_ink);
  font: 400 .9375rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; }
.player { background: var(--_ground); border-radius: var(--ringvault-radius, .75rem); }

.timeline {
  --wave: var(--ringvault-wave-height, 4rem);
  position: relative; height: var(--wave); border-radius: .375rem;
  cursor: pointer; touch-action: pan-y; user-select: none;
}
.bars { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.bars path { fill: none; stroke: var(--_faint); stroke-opacity: .7; stroke-width: 2; stroke-linecap: round; }
.bars.played { clip-path: inset(-4px calc(100% - var(--played, 0) * 100%) -4px -4px); }
.bars.played path { stroke: var(--_accent); stroke-opacity: 1; }
.head { position: absolute; inset: 0 auto 0 calc(var(--played, 0) * 100%); width: 2px; margin-left: -1px; border-radius: 1px; background: var(--_accent); }
.timeline.plain { height: 2.5rem; }
.plain::before, .plain::after { content: ""; position: absolute; inset: calc(50% - 3px) 0; border-radius: 3px; background: color-mix(in srgb, var(--_faint) 40%, transparent); }
.plain::after { right: auto; width: calc(var(--played, 0) * 100%); background: var(--_accent); }
.plain .head { inset: calc(50% - 8px) auto auto calc(var(--played, 0) * 100%); z-index: 1; width: 16px; height: 16px; margin-left: -8px; border-radius: 50%; }
.hint {
  position: absolute; z-index: 2; bottom: calc(100% + .25rem); left: clamp(1.75rem, var(--pointed, 0) * 100%, 100% - 1.75rem);
  translate: -50%; padding: .1rem .45rem; border-radius: .35rem; background: var(--_ink); color: light-dark(#fff, #10201d);
  font-size: .8125rem; font-variant-numeric: tabular-nums; opacity: 0; pointer-events: none; transition: opacity .12s;
}
.timeline:hover .hint, .timeline:active .hint { opacity: 1; }
.hint:empty { display: none; }

.controls { display: flex; align-items: center; gap: .25rem; margin-top: .5rem; }
button, select { font: inherit; color: inherit; }
button {
  position: relative; display: grid; place-items: center; flex: none; width: 2.75rem; height: 2.75rem; padding: 0;
  border: 0; border-radius: 50%; background: none; color: var(--_faint); cursor: pointer; transition: background-color .12s, color .12s;
}
button:hover { color: var(--_ink); background: color-mix(in srgb, var(--_ink) 8%, transparent); }
button svg { width: 1.5rem; height: 1.5rem; fill: currentColor; }
.in-icon { position: absolute; inset: auto 0 .72rem; font-size: .5rem; font-weight: 700; text-align: center; line-height: 1; }
.skip svg { width: 1.75rem; height: 1.75rem; }
.skip .in-icon { bottom: 1.02rem; }
.play { width: 3.25rem; height: 3.25rem; background: var(--_accent); color: var(--_on-accent); }
.play:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_ink)); color: var(--_on-accent); }
.play svg { width: 1.75rem; height: 1.75rem; }
.player[data-busy] .play::after {
  content: ""; position: absolute; inset: -4px; border: 2px solid transparent; border-top-color: var(--_accent);
  border-radius: 50%; animation: turn 1s linear infinite;
}
@keyframes turn { to { rotate: 1turn; } }
.time { margin: 0 auto 0 .5rem; color: var(--_faint); font-variant-numeric: tabular-nums; white-space: nowrap; }
.time b { color: var(--_ink); font-weight: 600; }
select {
  flex: none; height: 2.25rem; padding: 0 .6rem; border: 1px solid var(--_line); border-radius: 1.125rem; background: transparent;
  color: var(--_faint); font-variant-numeric: tabular-nums; cursor: pointer; appearance: none; text-align: center;
}
select:hover { color: var(--_ink); }
option { color: light-dark(#16211e, #e8eeec); background: light-dark(#fff, #1c2422); }
.volume { width: 5.5rem; accent-color: var(--_accent); cursor: pointer; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }

.message { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; min-height: 0; }
.message p { flex: 1 1 16rem; padding-block: .5rem; text-wrap: pretty; }
.message p:empty { padding: 0; }
.message button {
  width: auto; height: 2.5rem; padding: 0 1rem; border: 1px solid var(--_line); border-radius: 1.25rem; color: var(--_accent); font-weight: 600;
}
.player[data-state="loading"] :is(.timeline, .controls) { opacity: .5; pointer-events: none; }
.player[data-state="refused"] :is(.timeline, .controls) { display: none; }
@container (max-width: 34rem) {
  .volume, .of { display: none; }
  .timeline { --wave: var(--ringvault-wave-height, 3.25rem); }
  .controls { flex-wrap: wrap; justify-content: space-between; margin-top: .25rem; }
  .time { order: -2; display: flex; justify-content: space-between; width: 100%; margin: 0; font-size: .875rem; }
  select { order: -1; }
}
@container (max-width: 20rem) {
  .controls { gap: 0; }
  .mute { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  button, .hint { transition: none; }
  .player[data-busy] .play::after { animation-duration: 4s; }
}
@media (forced-colors: active) {
  .bars path { stroke: GrayText; stroke-opacity: 1; }
  .bars.played path { stroke: Highlight; }
  .head, .plain::after { background: Highlight; forced-color-adjust: none; }
  .play { border: 1px solid; }
}
`);

// --- The element -------------------------------------------------------------------------------

export class RingvaultPlayer extends HTMLElement {
  static observedAttributes = ["recording-id", "api", "download"];

  #token;
  #recording = null;
  #playback = null;
  #timer = 0;
  #asked = 0; // answers to older requests are ignored
  #retry = null;
  #wanted = false; // play() came before the archive's answer
  #goal = null; // so did currentTime
  #isOffline = false;

  #audio = /** @type {HTMLAudioElement} */ (element("audio", { preload: "auto" }));
  #timeline = new Timeline((seconds) => this.#seek(seconds));
  #play = button("play", "play", "Play");
  #back = button("back", "back", "Back 10 seconds", "10");
  #forward = button("forward", "forward", "Forward 10 seconds", "10");
  #elapsed = element("b", {}, "0:00");
  #total = element("span", {}, "0:00");
  #speed = element("select", { part: "speed", "aria-label": "Speed", title: "Speed" });
  #mute = button("mute", "loud", "Mute");
  #volume = element("input", {
    type: "range", class: "volume", part: "volume", min: "0", max: "1", step: "0.05", value: "1", "aria-label": "Volume",
  });
  #save = button("download", "download", "Download");
  #words = element("p", { role: "status" });
  #act = element("button", { type: "button", hidden: "" }, "Try again");
  #root = element("div", { class: "player", part: "player", role: "group", "aria-label": "Call recording" });

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [LOOKS];
    this.#build();
    shadow.append(this.#root);
    this.#listen();
  }

  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token;
    if (this.isConnected && !this.#recording) this.#load();
  }

  get recording() {
    return this.#recording;
  }

  get currentTime() {
    return this.#playback?.position ?? 0;
  }

  set currentTime(seconds) {
    if (this.#playback) this.#seek(seconds);
    else this.#goal = seconds;
  }

  /** Plays it, as soon as the archive has told of it. */
  play() {
    this.#wanted = true;
    if (this.#playback) this.#begin();
  }

  pause() {
    this.#wanted = false;
    this.#playback?.pause();
  }

  focus(options) {
    this.#play.focus(options);
  }

  connectedCallback() {
    // Set before this file had arrived, the property hides the accessor of its class.
    if (Object.hasOwn(this, "token")) {
      const { token } = this;
      delete this.token;
      this.#token = token;
    }
    addEventListener("online", this.#online);
    this.#load();
  }

  disconnectedCallback() {
    removeEventListener("online", this.#online);
    this.#reset();
  }

  attributeChangedCallback(name, before, after) {
    if (name === "download") this.#save.hidden = after === null;
    else if (before !== after) {
      this.#wanted = false;
      this.#goal = null;
      if (this.isConnected) this.#load();
    }
  }

  get #archive() {
    const base = this.getAttribute("api");
    const token = async () => (typeof this.#token === "function" ? this.#token() : this.#token);
    return new Archive(base ? new URL(`${base.replace(/\/$/, "")}/`, document.baseURI) : new URL("../", import.meta.url), token);
  }

  get #duration() {
    const { duration } = this.#audio;
    return Number.isFinite(duration) && duration ? duration : this.#recording?.durationSeconds ?? 0;
  }

  get #isAtEnd() {
    return this.#playback.position > this.#duration - END_S;
  }

  // Elements and state

  #build() {
    for (const made of [this.#back, this.#forward]) made.className = "skip";
    this.#play.className = "play";
    this.#mute.className = "mute";
    for (const speed of SPEEDS) this.#speed.append(element("option", { value: speed }, `${speed}×`));
    this.#speed.value = "1";
    this.#save.hidden = true;
    const time = element("span", { class: "time", part: "time" }, this.#elapsed, element("span", { class: "of" }, " / "), this.#total);
    const controls = element("div", { class: "controls", part: "controls" });
    controls.append(this.#back, this.#play, this.#forward, time, this.#speed, this.#mute, this.#volume, this.#save);
    const message = element("div", { class: "message", part: "message" }, this.#words, this.#act);
    this.#root.append(this.#timeline.root, controls, message, this.#audio);
  }

  #listen() {
    this.#play.addEventListener("click", () => this.#toggle());
    this.#back.addEventListener("click", () => this.#skip(-SKIP_S));
    this.#forward.addEventListener("click", () => this.#skip(SKIP_S));
    this.#speed.addEventListener("change", () => this.#hasten(Number(this.#speed.value)));
    this.#mute.addEventListener("click", () => this.#hush());
    this.#volume.addEventListener("input", () => this.#loudness(Number(this.#volume.value)));
    this.#save.addEventListener("click", () => this.#download());
    this.#act.addEventListener("click", () => this.#retry?.());
    this.#root.addEventListener("keydown", (event) => this.#key(event));
  }

  // Automatic actions

  async #load() {
    this.#reset();
    const id = this.getAttribute("recording-id");
    if (!id || this.#token === undefined) return;
    const asked = this.#asked;
    this.#say("Loading …");
    try {
      const recording = await this.#archive.recording(id);
      if (asked === this.#asked) await this.#take(recording);
    } catch (error) {
      if (asked === this.#asked) this.#refuse(error, () => this.#load());
    }
  }

  #reset() {
    this.#asked += 1;
    clearTimeout(this.#timer);
    this.#isOffline = false;
    this.#remember();
    this.#playback?.leave();
    this.#playback = this.#recording = null;
    this.#root.dataset.state = "loading";
    this.#timeline.load(undefined, 0);
    this.#say("");
    this.#show();
  }

  async #take(recording) {
    this.#recording = recording;
    this.#tell("ringvault-recording", { recording });
    // Only the playback URL says when to ask again, and why there is none.
    if (recording.state !== "ARCHIVED") await this.#archive.playbackUrl(recording.id, "inline");
    this.#playback = this.#playbackOf(recording);
    this.#timeline.load(recording.waveform, this.#duration);
    this.#root.dataset.state = "ready";
    this.#say("");
    this.#seek(this.#goal ?? reached.of(recording.id));
    this.#goal = null;
    if (this.#wanted) this.#begin();
  }

  #playbackOf({ id }) {
    return new Playback(this.#audio, () => this.#archive.playbackUrl(id, "inline"), {
      changed: () => this.#show(),
      ended: () => this.#tell("ringvault-ended", {}),
      failed: (error) => this.#refuse(error, () => this.play()),
    });
  }

  #refuse(error, again) {
    const { status = 0, outcome, message } = error;
    this.#wanted = false;
    this.#isOffline = status === 0 && !(error instanceof UnplayableError);
    if (!this.#playback) this.#root.dataset.state = "refused";
    if (COMING.has(outcome) || status === 503) this.#say(`${message} ${this.#askLater(error, again)}`, again);
    else if (error instanceof UnplayableError) this.#offerFile(message);
    else this.#say(message, FINAL.has(outcome) || [403, 404, 410].includes(status) ? null : again);
    this.#tell("ringvault-error", { status, message });
  }

  #askLater({ retryAfterS }, again) {
    const seconds = Math.max(ASK_AGAIN_S.least, Math.min(retryAfterS ?? ASK_AGAIN_S.usual, ASK_AGAIN_S.most));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(again, seconds * 1000);
    return seconds < 90 ? `Asking again in ${seconds} seconds.` : `Asking again in ${Math.round(seconds / 60)} minutes.`;
  }

  #offerFile(message) {
    if (this.#save.hidden) this.#say(message, () => this.play());
    else this.#say(`${message} Download it, and open it with another program.`, () => this.#download(), "Download");
  }

  #online = () => this.#isOffline && this.#retry?.();

  // Listener's actions

  #toggle() {
    if (this.#playback?.wanted) this.pause();
    else this.play();
  }

  #begin() {
    this.#say("");
    if (this.#isAtEnd) this.#playback.seek(0);
    this.#hasten(Number(this.#speed.value));
    this.#playback.play();
  }

  #skip(seconds) {
    this.#seek(this.currentTime + seconds);
  }

  #seek(seconds) {
    this.#playback?.seek(clamp(seconds, this.#duration));
  }

  #hasten(speed) {
    this.#speed.value = String(speed);
    // A new source goes back to the default.
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = speed;
  }

  #hastenBy(steps) {
    const place = SPEEDS.indexOf(Number(this.#speed.value)) + steps;
    this.#hasten(SPEEDS[clamp(place, SPEEDS.length - 1)]);
  }

  #hush() {
    this.#audio.muted = !this.#audio.muted;
    if (!this.#audio.muted && !this.#audio.volume) this.#audio.volume = 1;
    this.#show();
  }

  #loudness(volume) {
    this.#audio.volume = volume;
    this.#audio.muted = volume === 0;
    this.#show();
  }

  async #download() {
    const { id } = this.#recording ?? {};
    if (!id) return;
    try {
      const { url } = await this.#archive.playbackUrl(id, "attachment");
      element("a", { href: url, download: "", rel: "noopener noreferrer", referrerpolicy: "no-referrer" }).click();
    } catch (error) {
      this.#refuse(error, () => this.#download());
    }
  }

  #key(event) {
    const acts = {
      " ": () => this.#toggle(), k: () => this.#toggle(), m: () => this.#hush(),
      j: () => this.#skip(-SKIP_S), l: () => this.#skip(SKIP_S),
      arrowleft: () => this.#skip(-STEP_S), arrowright: () => this.#skip(STEP_S),
      "<": () => this.#hastenBy(-1), ">": () => this.#hastenBy(1),
    };
    const key = event.key.toLowerCase();
    if (!Object.hasOwn(acts, key) || isChord(event) || belongsTo(event.target, key)) return;
    event.preventDefault();
    acts[key]();
  }

  // Display and events

  #show() {
    const { position = 0, wanted = false, isWaiting = false } = this.#playback ?? {};
    this.#timeline.show(position, this.#duration);
    this.#elapsed.textContent = clock(position);
    this.#total.textContent = clock(this.#duration);
    relabel(this.#play, wanted ? "pause" : "play", wanted ? "Pause" : "Play");
    this.#root.toggleAttribute("data-busy", wanted && isWaiting);
    relabel(this.#mute, this.#audio.muted ? "muted" : "loud", this.#audio.muted ? "Unmute" : "Mute");
    this.#volume.value = this.#audio.muted ? 0 : this.#audio.volume;
    this.#remember();
  }

  #remember() {
    if (this.#playback) reached.keep(this.#recording.id, this.#isAtEnd ? 0 : this.#playback.position);
  }

  #say(words, act = null, label = "Try again") {
    this.#words.textContent = words;
    this.#retry = act;
    this.#act.textContent = label;
    this.#act.hidden = !act;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Whether a key means something to the control that has the focus. */
function belongsTo(target, key) {
  if (target.matches("button")) return key === " ";
  return target.matches("select, input") && !"m<>".includes(key);
}

if (!customElements.get("ringvault-player")) customElements.define("ringvault-player", RingvaultPlayer);
