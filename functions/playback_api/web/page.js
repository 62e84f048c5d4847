/** The page: signs people in, searches as the address says, and plays what the address names. */

import { element } from "./elements.js";
import { Listening } from "./listening.js";
import { Results } from "./results.js";
import { Archive } from "./ringvault-player.js";
import { address, isSame, parametersOf, readAddress, readForm, show } from "./search.js";
import { handleRedirect, signIn, signOut, token } from "./sign_in.js";
import { listenerOf } from "./signed_in.js";
import { counted } from "./words.js";

// A page of results reads a bounded piece of the archive, and may find nothing in it.
const PAGES_AT_ONCE = 10;

const at = (id) => document.getElementById(id);
const archive = new Archive(new URL("./", document.baseURI), token);
const results = new Results(at("results"), (id) => address(searched, id));
const listening = new Listening(archive, (id) => address(searched, id));

let searched = {};
let cursor = null;
let chosen = null; // the recording whose link was followed last
let asked = 0; // answers to older searches are ignored

async function begin() {
  try {
    await handleRedirect();
    const bearer = await token();
    if (bearer) enter(listenerOf(bearer));
    else welcome();
  } catch (error) {
    welcome(error.message);
  }
}

function welcome(words = "") {
  asked += 1;
  listening.close();
  at("welcome-words").textContent = words || "You can search and play the recordings that you may hear.";
  at("welcome").hidden = false;
  if (!at("archive").hidden) at("sign-in").focus();
  at("archive").hidden = at("signed-in").hidden = true;
}

function enter(listener) {
  at("who").textContent = listener.name;
  at("welcome").hidden = true;
  at("archive").hidden = at("signed-in").hidden = false;
  listening.enter(listener);
  const { search, recordingId } = readAddress(location.hash);
  find(search);
  hear(recordingId);
}

function follow() {
  if (at("archive").hidden) return;
  const { search, recordingId } = readAddress(location.hash);
  if (!isSame(search, searched)) find(search);
  if (recordingId !== listening.id) hear(recordingId, recordingId === chosen);
  chosen = null;
}

function hear(recordingId, plays = false) {
  results.mark(recordingId);
  if (recordingId) listening.open(recordingId, results.find(recordingId), plays);
  else if (listening.id) leave();
}

function leave() {
  const { id } = listening;
  listening.close();
  results.focus(id);
}

// Searching

function find(search) {
  searched = search;
  cursor = null;
  show(at("search"), search);
  at("clear").hidden = !Object.keys(search).length;
  results.clear();
  load();
}

async function load() {
  asked += 1;
  const number = asked;
  const before = results.size;
  busy();
  try {
    for (let pages = 0; pages < PAGES_AT_ONCE && results.size === before; pages += 1) {
      const page = await archive.get(`recordings?${parametersOf(searched, cursor)}`);
      if (number !== asked) return;
      take(page);
      if (!cursor) break;
    }
    settle();
  } catch (error) {
    if (number === asked) fail(error);
  }
}

function take(page) {
  results.append(page.recordings);
  results.mark(listening.id);
  cursor = page.cursor;
}

function busy() {
  say("Searching …");
  at("results").setAttribute("aria-busy", "true");
  at("more").hidden = at("retry").hidden = true;
}

function settle() {
  at("results").removeAttribute("aria-busy");
  at("more").hidden = !cursor;
  at("more").textContent = results.size ? "Load more" : "Continue searching";
  if (results.size) say(cursor ? "" : `That is all: ${counted(results.size, "recording")}.`);
  else sayNothingFound();
}

function sayNothingFound() {
  if (cursor) say("Nothing found so far.", "Older recordings have not been searched yet.");
  else if (Object.keys(searched).length) say("Nothing found.", "Change what you search for, or clear it for the last 12 months.");
  else say("No recordings yet.", "New calls appear here some minutes after they end.");
}

function fail(error) {
  if (error.status === 401) {
    welcome(error.message);
    return;
  }
  at("results").removeAttribute("aria-busy");
  say(error.status === 403 ? "You may not listen here." : "The request failed.", error.message);
  at("retry").hidden = [400, 403].includes(error.status);
}

function say(words, advice = "") {
  at("status").replaceChildren(...[
    words && element("p", { className: advice ? "headline" : "" }, words),
    advice && element("p", {}, advice),
  ].filter(Boolean));
}

// Listener's actions

function submit(search) {
  const { recordingId } = readAddress(location.hash);
  const next = address(search, recordingId);
  if (next === address(searched, recordingId)) find(search);
  else location.hash = next;
}

/** Remembers whose link is followed here: only that plays, and not what another page links to. */
function choose(event, link) {
  const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (link && !opensElsewhere) chosen = readAddress(new URL(link.href).hash).recordingId;
}

function press(event) {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented;
  if (!isPlain || at("archive").hidden) return;
  if (at("listening").contains(event.target)) {
    if (event.key === "Escape") results.focus(listening.id);
    return;
  }
  if (event.target.closest("input, select")) return;
  const acts = {
    "/": () => at("search").elements.phoneNumber.focus(),
    ArrowDown: () => results.move(1), j: () => results.move(1),
    ArrowUp: () => results.move(-1), k: () => results.move(-1),
  };
  if (!Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
}

async function loadMore() {
  const before = results.size;
  await load();
  // The button may be gone: the focus moves to the new results.
  if (results.size > before) results.focusAt(before);
}

at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(readForm(at("search")));
});
at("search").addEventListener("reset", (event) => {
  event.preventDefault();
  submit({});
});
at("close").addEventListener("click", (event) => {
  event.preventDefault();
  location.hash = address(searched);
});
at("results").addEventListener("click", (event) => {
  const row = event.target.closest("[data-id]");
  choose(event, row);
  // The address does not change where it is chosen again, so nothing else would notice.
  if (row?.dataset.id === listening.id) at("player").focus();
});
at("parts").addEventListener("click", (event) => choose(event, event.target.closest("a")));
at("player").addEventListener("ringvault-error", (event) => {
  if (event.detail.status === 401) welcome(event.detail.message);
});
at("sign-in").addEventListener("click", () => signIn().catch((error) => welcome(error.message)));
at("sign-out").addEventListener("click", () => {
  welcome("You are signed out.");
  signOut().catch((error) => welcome(error.message));
});
at("more").addEventListener("click", loadMore);
at("retry").addEventListener("click", load);
document.addEventListener("keydown", press);
addEventListener("hashchange", follow);

begin();
