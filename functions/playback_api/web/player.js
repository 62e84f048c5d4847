/** Plays one recording at a time, and goes on from the same second when its URL expires. */

import { fetchPlaybackUrl } from "./api.js";

const audio = document.getElementById("audio");
const status = document.getElementById("playing-status");

let playing = null; // { id, expiresAt, position, wanted, renewed, onRefused }

/** Loads and starts a recording; `onRefused` gets the ApiError when there is no URL for it. */
export async function play(id, onRefused) {
  stop();
  playing = { id, expiresAt: 0, position: 0, wanted: true, renewed: false, onRefused };
  await load(playing);
}

export function stop() {
  playing = null;
  audio.removeAttribute("src");
  audio.load();
  status.textContent = "";
}

async function load(recording) {
  status.textContent = "Loading …";
  try {
    const { url, expiresAt } = await fetchPlaybackUrl(recording.id);
    if (recording !== playing) return;
    recording.expiresAt = expiresAt;
    start(recording, url);
  } catch (error) {
    if (recording === playing) refuse(recording, error);
  }
}

function start(recording, url) {
  audio.src = url;
  audio.currentTime = recording.position;
  if (!recording.wanted) return;
  // Refused where nothing was pressed yet, as after a deep link: the controls are there.
  audio.play().catch(() => {});
}

function refuse(recording, error) {
  status.textContent = error.message;
  recording.onRefused(error);
}

function renew() {
  playing.renewed = true;
  load(playing);
}

audio.addEventListener("loadedmetadata", () => { status.textContent = ""; });

audio.addEventListener("timeupdate", () => {
  // A freshly set source reports 0 before it jumps to where it shall go on.
  if (!playing || audio.readyState < audio.HAVE_CURRENT_DATA || audio.seeking) return;
  if (audio.currentTime > playing.position) playing.renewed = false;
  playing.position = audio.currentTime;
});

audio.addEventListener("seeking", () => {
  if (playing && audio.readyState >= audio.HAVE_METADATA) playing.position = audio.currentTime;
});

audio.addEventListener("play", () => {
  if (!playing) return;
  playing.wanted = true;
  // Not straight after a renewal: where this clock is ahead, every URL looks expired.
  if (playing.expiresAt && Date.now() >= playing.expiresAt && !playing.renewed) renew();
});

audio.addEventListener("pause", () => {
  if (playing && !audio.error) playing.wanted = false;
});

// Storage answers an expired URL with an error, and the browser does not say which: so a new URL
// is tried once, and again only after the new one has played.
audio.addEventListener("error", () => {
  if (!playing) return;
  if (playing.renewed) {
    status.textContent = "This recording cannot be played. Choose it again to retry.";
  } else {
    renew();
  }
});
