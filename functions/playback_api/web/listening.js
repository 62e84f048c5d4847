/** What is listened to: the player, whose call it was, the call's other recordings, who listened. */

import { element } from "./elements.js";
import { momentOf, peopleOf, startOf } from "./words.js";

const at = (id) => document.getElementById(id);
const player = at("player");

export class Listening {
  #archive;
  #addressOf;
  #hearsAll = false;
  #id = null;

  /**
   * @param {import("./ringvault-player.js").Archive} archive
   * @param {(recordingId: string) => string} addressOf where a recording leads to
   */
  constructor(archive, addressOf) {
    this.#archive = archive;
    this.#addressOf = addressOf;
    player.addEventListener("ringvault-recording", (event) => this.#describe(event.detail.recording));
    at("plays").addEventListener("toggle", () => this.#showPlays());
  }

  get id() {
    return this.#id;
  }

  /** @param {{hearsAll: boolean}} listener who may see who listened, if they hear all */
  enter({ hearsAll }) {
    this.#hearsAll = hearsAll;
    player.token = this.#archive.token;
  }

  /**
   * Shows a recording, and plays it where the listener asked for that. A link alone must not play:
   * each playback URL is in the audit as a play of the person who is signed in.
   * @param {string} id
   * @param {object|undefined} known what the list says of it, if it is there
   * @param {boolean} plays whether the listener chose it on this page
   */
  open(id, known, plays) {
    this.#show(id);
    at("heard-people").textContent = known ? peopleOf(known) : "Recording";
    at("heard-when").textContent = known ? startOf(known) : "";
    at("plays").hidden = !this.#hearsAll;
    player.setAttribute("recording-id", id);
    if (plays) player.play();
    player.focus();
  }

  close() {
    this.#show(null);
    player.removeAttribute("recording-id");
  }

  #show(id) {
    this.#id = id;
    at("listening").hidden = !id;
    document.body.classList.toggle("listens", Boolean(id));
    at("plays").open = false;
    at("parts").hidden = true;
    at("parts").replaceChildren();
  }

  #describe(recording) {
    if (recording.id !== this.#id) return;
    at("heard-people").textContent = peopleOf(recording);
    at("heard-when").textContent = [startOf(recording), recording.direction].filter(Boolean).join(" · ");
    if (recording.telephonySessionId) this.#showParts(recording);
  }

  async #showParts({ id, telephonySessionId }) {
    const path = `calls/${encodeURIComponent(telephonySessionId)}`;
    const { recordings } = await this.#archive.get(path).catch(() => ({ recordings: [] }));
    if (id !== this.#id || recordings.length < 2) return;
    const links = recordings.map((recording, place) => this.#partLink(recording, place, recordings.length));
    at("parts").replaceChildren(...links);
    at("parts").hidden = false;
  }

  #partLink({ id }, place, count) {
    const link = element("a", { href: this.#addressOf(id) }, `${place + 1}`);
    link.setAttribute("aria-label", `Recording ${place + 1} of ${count}`);
    if (id === this.#id) link.setAttribute("aria-current", "true");
    return link;
  }

  async #showPlays() {
    if (!at("plays").open) return;
    const id = this.#id;
    at("plays-list").textContent = "Loading …";
    const shown = await this.#plays(id).catch((error) => error.message);
    if (id === this.#id) at("plays-list").replaceChildren(shown);
  }

  async #plays(id) {
    const { plays, cursor } = await this.#archive.get(`recordings/${encodeURIComponent(id)}/plays`);
    if (!plays.length) return "No plays yet.";
    const lines = plays.map(play);
    if (cursor) lines.push(element("li", {}, "… and earlier ones."));
    return element("ul", {}, ...lines);
  }
}

function play({ user, playedAt, disposition }) {
  const how = disposition === "attachment" ? "downloaded" : "played";
  return element("li", {},
    element("b", {}, user), ` ${how} it `,
    element("time", { dateTime: playedAt }, momentOf(playedAt)));
}
