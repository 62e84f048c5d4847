/** Signs a person in by authorization code with PKCE; what comes of it stays in this tab. */

const TOKENS = "ringvault.tokens";
const UNDER_WAY = "ringvault.sign-in";
// A token is renewed so long before it ends, so that none ends on its way to the API.
const EARLY_MS = 60_000;

let configuration = null;
let renewal = null;

/**
 * Goes to the sign-in page, which leads back here; the part of the address after `#` comes back
 * too. Throws an Error that a person understands when the archive can't be reached.
 * @returns {Promise<void>} resolves when the browser leaves the page
 */
export async function signIn() {
  const { authorizationEndpoint, clientId, scope } = await configured();
  const [state, nonce, verifier] = [random(), random(), random()];
  keep(UNDER_WAY, { state, nonce, verifier, fragment: location.hash });
  location.assign(
    withQuery(authorizationEndpoint, {
      response_type: "code",
      client_id: clientId,
      redirect_uri: here(),
      scope,
      state,
      nonce,
      code_challenge: await challengeOf(verifier),
      code_challenge_method: "S256",
    }),
  );
}

/**
 * Takes what the sign-in page handed over out of the address; to be called once, before anything
 * else. Throws an Error that a person understands when signing in failed. An answer to a sign-in
 * that this tab did not begin is ignored where someone is signed in: any link can carry one.
 * @returns {Promise<boolean>} whether a user has just signed in
 */
export async function handleRedirect() {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return false;
  const underWay = kept(UNDER_WAY);
  if (!underWay || answer.get("state") !== underWay.state) {
    history.replaceState(null, "", here() + location.hash);
    if (kept(TOKENS)) return false;
    throw new Error("This sign-in was not begun in this tab. Please sign in again.");
  }
  sessionStorage.removeItem(UNDER_WAY);
  history.replaceState(null, "", here() + underWay.fragment);
  if (answer.has("error")) throw new Error(refusal(answer));
  await redeem(answer.get("code"), underWay);
  return true;
}

/**
 * The ID token for the API, renewed where that is possible.
 * @returns {Promise<string|null>} null when no user is signed in (any more)
 */
export async function token() {
  const tokens = kept(TOKENS);
  if (!tokens) return null;
  if (Date.now() < tokens.endsAt - EARLY_MS) return tokens.idToken;
  renewal ??= renew(tokens).finally(() => {
    renewal = null;
  });
  return renewal;
}

/**
 * Forgets the tokens, and leaves the sign-in page's session too where it has an end.
 * @returns {Promise<void>}
 */
export async function signOut() {
  sessionStorage.removeItem(TOKENS);
  const { endSessionEndpoint, clientId } = await configured();
  if (!endSessionEndpoint) return;
  location.assign(
    withQuery(endSessionEndpoint, {
      client_id: clientId,
      post_logout_redirect_uri: here(),
      // Cognito's name of it.
      logout_uri: here(),
    }),
  );
}

async function redeem(code, { nonce, verifier }) {
  const answer = await fetchTokens({
    grant_type: "authorization_code",
    code,
    redirect_uri: here(),
    code_verifier: verifier,
  });
  if (!answer.ok) throw new Error("The sign-in took too long or was used before. Try again.");
  // It came from the issuer itself by TLS, so its signature is left to the API.
  const tokens = await answer.json();
  if (claimsOf(tokens.id_token).nonce !== nonce) {
    throw new Error("The answer belongs to another sign-in. Please sign in again.");
  }
  keepTokens(tokens);
}

async function renew({ idToken, refreshToken, endsAt }) {
  const usable = Date.now() < endsAt ? idToken : null;
  if (!refreshToken) return usable;
  try {
    const answer = await fetchTokens({ grant_type: "refresh_token", refresh_token: refreshToken });
    const tokens = await answer.json();
    if (!kept(TOKENS)) return null; // signed out in the meantime
    if (answer.ok) return keepTokens({ refresh_token: refreshToken, ...tokens });
    if (answer.status >= 500) return usable;
    sessionStorage.removeItem(TOKENS);
    return null;
  } catch {
    return usable; // offline: the next call tries again
  }
}

function keepTokens({ id_token: idToken, refresh_token: refreshToken = null }) {
  const { iat, exp } = claimsOf(idToken);
  // By this computer's clock, which may be wrong: only the token's length is the issuer's.
  keep(TOKENS, { idToken, refreshToken, endsAt: Date.now() + (exp - iat) * 1000 });
  return idToken;
}

async function fetchTokens(form) {
  const { tokenEndpoint, clientId } = await configured();
  try {
    return await fetch(tokenEndpoint, {
      method: "POST",
      body: new URLSearchParams({ client_id: clientId, ...form }),
      credentials: "omit",
    });
  } catch {
    throw new Error("The sign-in can't be reached. Are you online?");
  }
}

async function configured() {
  configuration ??= await fetchConfiguration();
  return configuration;
}

async function fetchConfiguration() {
  const answer = await fetch("sign-in.json").catch(() => null);
  if (!answer?.ok) throw new Error("The archive can't be reached. Are you online?");
  return answer.json();
}

function refusal(answer) {
  if (answer.get("error") === "access_denied") return "You were not signed in.";
  return `The sign-in refused: ${answer.get("error_description") ?? answer.get("error")}`;
}

/** The page's address as the issuer knows it: without query and fragment. */
function here() {
  return location.origin + location.pathname;
}

function withQuery(endpoint, parameters) {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function challengeOf(verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(digest));
}

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function claimsOf(jwt) {
  return JSON.parse(atob(jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
}

function keep(key, value) {
  sessionStorage.setItem(key, JSON.stringify(value));
}

function kept(key) {
  return JSON.parse(sessionStorage.getItem(key));
}
