// Plays one story of people who sign in, and writes how it ended as a line of JSON:
//
//     LATCH_URL=http://127.0.0.1:3000 LATCH_SERVICE_TOKEN=... node flow.mjs cookie sign-in

import { Browser } from "./browser.mjs";
import { authorizationUrl, begin } from "./front_end.mjs";
import { startProvider } from "./provider.mjs";
import { startSite } from "./site.mjs";

const RETURN_TO = "/account?tab=1";
/** Far beyond what a busy machine takes; nothing else here runs out of time. */
const DEADLINE_MS = 120_000;

const { LATCH_URL: url, LATCH_SERVICE_TOKEN: token } = process.env;
/** Where Latch has been told that the site and the provider are, if it has. */
const { SITE_PORT: sitePort, PROVIDER_PORT: providerPort } = process.env;
const [way, story] = process.argv.slice(2);

/** What begins a sign-in in a browser: the address at which it goes on. */
const begins = {
  async cookie(browser) {
    const { issuer, redirect_uri } = site;
    const flow = await begin(fetchOf(browser), { issuer, redirect_uri, return_to: RETURN_TO });
    return authorizationUrl(site, flow);
  },
  async configured(browser) {
    const flow = await begin(fetchOf(browser), { return_to: RETURN_TO });
    return flow.authorization_url;
  },
  token: () => `${site.origin}/login?return_to=${encodeURIComponent(RETURN_TO)}`,
};

const stories = {
  async "sign-in"() {
    const alice = new Browser();
    return open(alice, await authorize(alice, "alice"));
  },

  async replay() {
    const alice = new Browser();
    const callback = await authorize(alice, "alice");
    return { first: await open(alice, callback), second: await open(alice, callback) };
  },

  // Login CSRF: Alice would be signed in as Mallory.
  async "another-browser"() {
    const [mallory, alice] = [new Browser(), new Browser()];
    await authorize(alice, "alice");
    const callback = await authorize(mallory, "mallory");
    return { alice: await open(alice, callback), mallory: await open(mallory, callback) };
  },

  // Mix-up: an answer that another provider gave.
  async "another-issuer"() {
    const alice = new Browser();
    const callback = new URL((await authorize(alice, "alice")).url);
    callback.searchParams.set("iss", "https://attacker.example");
    return open(alice, { url: callback.href });
  },

  // What the browser has of the flow when it is over.
  async "cookies-left"() {
    const alice = new Browser();
    const callback = await authorize(alice, "alice");
    const during = alice.cookies(site.origin).length;
    const { status } = await open(alice, callback);
    return { status, during, after: alice.cookies(site.origin).length };
  },
};

function fetchOf(browser) {
  return (path, init) => browser.fetch(site.origin + path, init);
}

/**
 * Signs in at the provider and consents. The callback that follows is not opened yet: it is an address,
 * or a page with a form.
 */
async function authorize(browser, login) {
  const loginPage = await browser.goTo(await begins[way](browser));
  const consentPage = await browser.submit(loginPage, { login, password: "any" });
  return browser.submit(consentPage, {}, site.redirect_uri);
}

/** What the site says to a callback. */
async function open(browser, callback) {
  const { status, text } = callback.text
    ? await browser.submit(callback, {})
    : await browser.goTo(callback.url);
  if (status === 500) throw new Error(text);
  return { status, ...JSON.parse(text) };
}

setTimeout(() => {
  console.error("this story does not end");
  process.exit(1);
}, DEADLINE_MS).unref();

const site = await startSite({ url, token }, startProvider, {
  site: sitePort,
  provider: providerPort,
});
console.log(JSON.stringify(await stories[story]()));
process.exit();
