// The site that people sign in to: its addresses, and a proxy to Latch behind them.

import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import * as oidc from "openid-client";
import { BackEnd } from "./back_end.mjs";
import { authorizationUrl } from "./front_end.mjs";
import { listen } from "./listen.mjs";

/** Starts the site. `startProvider` says who the provider is to it. Both may be told their ports. */
export async function startSite(latch, startProvider, ports = {}) {
  const { server, origin } = await listen("127.0.0.1", ports.site);
  const redirect_uri = `${origin}/callback`;
  const { issuer, client_id, client_secret } = await startProvider(redirect_uri, ports.provider);
  const patient = { execute: [oidc.allowInsecureRequests], timeout: 120 };
  const provider = await oidc.discovery(
    new URL(issuer), client_id, client_secret, undefined, patient,
  );
  const { authorization_endpoint } = provider.serverMetadata();
  const site = { origin, issuer, authorization_endpoint, client_id, redirect_uri };
  const routes = routesOf(site, latch, new BackEnd(latch, provider));
  server.on("request", (request, response) => serve(routes, request, response));
  return site;
}

function routesOf(site, latch, backEnd) {
  const sessions = new Map();
  return {
    // Latch is behind the site's own origin, so that its cookie is one of the site's.
    async "/api/oauth/state"(url, request) {
      return fetch(latch.url + url.pathname, {
        method: request.method,
        // The cookies of earlier flows too, so that Latch can end those that are too many.
        headers: pick(request.headers, ["content-type", "cookie", "sec-fetch-site"]),
        body: await buffer(request),
      });
    },

    // The way without a cookie of Latch's: the site has a session.
    async "/login"(url) {
      const flow = await backEnd.begin(site, url.searchParams.get("return_to"));
      const session = randomUUID();
      sessions.set(session, flow.binding_token);
      const headers = {
        location: authorizationUrl(site, flow),
        "set-cookie": `session=${session}; Path=/; Secure; HttpOnly; SameSite=Lax`,
      };
      return new Response(null, { status: 303, headers });
    },

    async "/callback"(url, request) {
      const { cookie = "" } = request.headers;
      // A provider that answers with `form_post` says in a form what others say in the query.
      if (request.method === "POST") url.search = (await buffer(request)).toString();
      const session = cookie.match(/(?:^|; )session=([^;]+)/)?.[1];
      const binding_token = sessions.get(session);
      const { clear_cookie, ...person } = await backEnd.finish(url, { cookie, binding_token });
      const headers = clear_cookie ? { "set-cookie": clear_cookie } : {};
      return Response.json(person, { headers });
    },
  };
}

/** Those of the headers that are there. */
function pick(headers, names) {
  return Object.fromEntries(names.filter((name) => name in headers).map((name) => [name, headers[name]]));
}

async function serve(routes, request, response) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  const answer = await routes[url.pathname](url, request).catch((problem) =>
    problem.code
      ? Response.json(problem, { status: problem.status })
      : new Response(problem.stack, { status: 500 }),
  );
  response.setHeaders(answer.headers);
  response.writeHead(answer.status).end(await answer.text());
}
