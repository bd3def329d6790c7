// What the site's back end does to sign somebody in, with Latch and a library for OpenID Connect.

import * as oidc from "openid-client";

export class BackEnd {
  #latch;
  #provider;

  /** `provider` is the library's view of the provider; `latch` says where Latch is. */
  constructor(latch, provider) {
    this.#latch = latch;
    this.#provider = provider;
  }

  /** Begins a flow whose `binding_token` is kept in a session of the site's. */
  begin({ issuer, redirect_uri }, return_to) {
    const ask = { provider: "example", issuer, redirect_uri, return_to, binding: "token" };
    return this.#ask("/api/oauth/state", ask);
  }

  /** Ends a flow: `url` is where the provider sent the browser, with all its parameters. */
  async finish(url, { cookie, binding_token }) {
    const { state, iss: issuer } = Object.fromEntries(url.searchParams);
    const flow = await this.#ask(
      "/api/oauth/state/consume",
      { state, issuer, binding_token },
      { cookie },
    );
    const tokens = await oidc.authorizationCodeGrant(this.#provider, url, {
      pkceCodeVerifier: flow.code_verifier,
      expectedNonce: flow.nonce,
      expectedState: state,
      idTokenExpected: true,
    });
    const { return_to, clear_cookie } = flow;
    return { subject: tokens.claims().sub, return_to, clear_cookie };
  }

  /** Asks Latch. A refusal is thrown: its `code` says what happened. */
  async #ask(path, body, headers = {}) {
    const response = await fetch(this.#latch.url + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${this.#latch.token}`,
        ...headers,
      },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw answer;
    return answer;
  }
}
