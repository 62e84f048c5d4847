/** Asks the playback API, and turns its problems into errors that a person understands. */

import { kept } from "./token.js";

/** An answer that was not the one asked for; `status` is 0 when there was none at all. */
export class ApiError extends Error {
  constructor(message, { status, reason = "" }) {
    super(reason ? `${message} ${reason}` : message);
    this.status = status;
  }
}

/** One page of recordings, newest first; `from` and `to` are dates, and may be empty. */
export function fetchRecordings({ from, to, cursor }) {
  const asked = Object.entries({ from, to, cursor }).filter(([, value]) => value);
  return fetchJson(`recordings?${new URLSearchParams(asked)}`);
}

export function fetchRecording(id) {
  return fetchJson(`recordings/${encodeURIComponent(id)}`);
}

/** A URL that plays the recording until it expires. */
export async function fetchPlaybackUrl(id) {
  const { url, expiresAt } = await fetchJson(`recordings/${encodeURIComponent(id)}/playback-url`);
  return { url, expiresAt: Date.parse(expiresAt) };
}

async function fetchJson(path) {
  const response = await send(path);
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail ?? `The archive answered ${response.status}.`;
  throw new ApiError(message, { status: response.status, reason: problem.reason });
}

async function send(path) {
  try {
    return await fetch(path, { headers: { Authorization: `Bearer ${kept()}` } });
  } catch {
    throw new ApiError("The archive cannot be reached. Are you online?", { status: 0 });
  }
}
