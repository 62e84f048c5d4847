/** Who signed in, as their ID token says; what they may do is the API's to decide. */

const HEARS_ALL = "ringvault-listeners-all";
const NAMES = ["name", "email", "preferred_username", "cognito:username", "sub"];

/** @returns {{name: string, hearsAll: boolean}} */
export function listenerOf(idToken) {
  const claims = claimsOf(idToken);
  const name = NAMES.map((claim) => claims[claim]).find((value) => typeof value === "string");
  return { name: name ?? "", hearsAll: Object.values(claims).some(namesGroup) };
}

/** The claim that lists groups has another name at every issuer, so all are looked at. */
function namesGroup(value) {
  return Array.isArray(value) && value.includes(HEARS_ALL);
}

function claimsOf(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}
