// What a page of the site does to sign somebody in.

/**
 * Begins a flow, bound to this browser by a cookie. Where Latch's `oauth_providers` has the provider,
 * this is all that a page says, and the answer's `authorization_url` is where the browser is to go.
 */
export async function begin(fetch, fields) {
  const answer = await fetch("/api/oauth/state", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ provider: "example", ...fields }),
  });
  const flow = await answer.json();
  if (!answer.ok) throw flow;
  return flow;
}

/**
 * The provider's first page, asked as RFC 6749, RFC 7636 and OpenID Connect Core say: for sites that
 * know their providers themselves.
 */
export function authorizationUrl({ authorization_endpoint, client_id, redirect_uri }, flow) {
  const { state, nonce, code_challenge, code_challenge_method } = flow;
  const query = new URLSearchParams({
    response_type: "code",
    scope: "openid",
    client_id,
    redirect_uri,
    state,
    nonce,
    code_challenge,
    code_challenge_method,
  });
  return `${authorization_endpoint}?${query}`;
}
