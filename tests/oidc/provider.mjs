// A real OpenID provider, with its own login and consent pages. Anybody may log in.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";
import { listen } from "./listen.mjs";

/** Starts a provider with one client, which must use PKCE. Says what the client is to know. */
export async function startProvider(redirectUri, port) {
  // By this name and not by number: to a browser it is another site than the app's.
  const { server, origin: issuer } = await listen("localhost", port);
  const client = { client_id: "app", client_secret: randomUUID() };
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const provider = new Provider(issuer, {
    clients: [
      { ...client, redirect_uris: [redirectUri], id_token_signed_response_alg: "ES256" },
    ],
    jwks: { keys: [privateKey.export({ format: "jwk" })] },
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  return { issuer, ...client };
}
