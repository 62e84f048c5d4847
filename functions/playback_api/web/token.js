/** Keeps the access token for this tab, and takes it out of the address bar. */

const KEY = "ringvault.access_token";

/** Moves `#access_token=…` from the address into the tab's storage; says whether there was one. */
export function takeFromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("access_token");
  if (!token) return false;
  keep(token);
  for (const name of ["access_token", "id_token", "token_type", "expires_in", "state"]) {
    fragment.delete(name);
  }
  const rest = fragment.size ? `#${fragment}` : "";
  history.replaceState(null, "", location.pathname + location.search + rest);
  return true;
}

export function keep(token) {
  sessionStorage.setItem(KEY, token.trim());
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

/** The token, or null. */
export function kept() {
  return sessionStorage.getItem(KEY);
}
