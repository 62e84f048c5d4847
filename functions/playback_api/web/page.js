/** The page: asks for a token, lists recordings, and plays the one that the address names. */

import { fetchRecording, fetchRecordings } from "./api.js";
import { append, markPlaying, peopleOf, startOf } from "./list.js";
import { play, stop } from "./player.js";
import { forget, keep, kept, takeFromAddress } from "./token.js";

const at = (id) => document.getElementById(id);
const list = at("recordings");
const shown = new Map(); // recording id → recording, for those in the list

let cursor = null;
let asked = 0; // answers to anything but the latest search come too late

function askForToken(reason = "") {
  forget();
  stop();
  show({ signIn: true });
  at("sign-in-reason").textContent = reason;
  at("sign-in-reason").hidden = !reason;
  at("token").value = "";
  at("token").focus();
}

function show({ signIn }) {
  at("sign-in").hidden = !signIn;
  at("archive").hidden = signIn;
  at("sign-out").hidden = signIn;
  if (signIn) at("player").hidden = true;
}

function enter() {
  show({ signIn: false });
  search();
  playFromAddress();
}

function search() {
  cursor = null;
  list.replaceChildren();
  shown.clear();
  loadPage();
}

async function loadPage() {
  const number = ++asked;
  busy();
  try {
    const page = await fetchRecordings({ ...dates(), cursor });
    if (number === asked) showPage(page);
  } catch (error) {
    if (number === asked) showFault(error);
  }
}

function busy() {
  at("status").textContent = "Loading recordings …";
  at("status").classList.remove("fault");
  list.setAttribute("aria-busy", "true");
  at("more").hidden = at("retry").hidden = true;
}

function showPage(page) {
  append(list, page.recordings);
  for (const recording of page.recordings) shown.set(recording.id, recording);
  cursor = page.cursor;
  list.removeAttribute("aria-busy");
  at("more").hidden = !cursor;
  at("status").textContent = shown.size || cursor ? "" : emptyText();
  markPlaying(list, addressed());
}

function emptyText() {
  const { from, to } = dates();
  return from || to
    ? "No recordings between these dates. Choose others, or clear them for the last 12 months."
    : "No recordings yet. New calls appear here some minutes after they end.";
}

function showFault(error) {
  if (isTokenRefused(error)) return;
  list.removeAttribute("aria-busy");
  at("status").textContent = error.message;
  at("status").classList.add("fault");
  at("retry").hidden = error.status === 403;
}

function isTokenRefused(error) {
  if (error.status !== 401) return false;
  askForToken("Your token has expired or is not accepted. Get a new one and paste it here.");
  return true;
}

function dates() {
  const form = new FormData(at("search"));
  return { from: form.get("from"), to: form.get("to") };
}

function addressed() {
  return new URLSearchParams(location.hash.slice(1)).get("recording");
}

function playFromAddress() {
  const id = addressed();
  markPlaying(list, id);
  at("player").hidden = !id;
  document.body.classList.toggle("with-player", Boolean(id));
  if (!id) {
    stop();
    return;
  }
  showCall(id);
  play(id, isTokenRefused);
}

async function showCall(id) {
  describe(shown.get(id));
  if (shown.has(id)) return;
  const recording = await fetchRecording(id).catch(() => null);
  if (recording && id === addressed()) describe(recording);
}

function describe(recording) {
  at("playing-people").textContent = recording ? peopleOf(recording) : "";
  at("playing-start").textContent = recording ? startOf(recording) : "";
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!at("token").value.trim()) return;
  keep(at("token").value);
  enter();
});
at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
at("sign-out").addEventListener("click", () => askForToken());
at("more").addEventListener("click", loadPage);
at("retry").addEventListener("click", loadPage);
addEventListener("hashchange", () => {
  if (takeFromAddress()) enter();
  else if (kept()) playFromAddress();
});

takeFromAddress();
if (kept()) enter();
else askForToken();
