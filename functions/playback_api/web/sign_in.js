/** Signs a person in by authorization code with PKCE; what comes of it stays in this tab. */

/**
 * Goes to the sign-in page, which leads back here; the part of the address after `#` comes back
 * too. The promise resolves when the browser is on its way.
 * @returns {Promise<void>}
 */
export async function signIn() {
  throw new Error("not there yet");
}

/**
 * Takes what the sign-in page handed over out of the address; to be called once, before anything
 * else. Throws an Error that a person understands when signing in failed.
 * @returns {Promise<boolean>} whether somebody has just signed in
 */
export async function handleRedirect() {
  return false;
}

/**
 * The ID token for the API, renewed where that is possible.
 * @returns {Promise<string|null>} null when nobody is signed in, or not any more
 */
export async function token() {
  return null;
}

/**
 * Forgets the tokens, and leaves the sign-in page's session too where it has an end.
 * @returns {Promise<void>}
 */
export async function signOut() {}
