// As much of a browser as a sign-in takes: cookies, redirects and forms.

import { Jar } from "./jar.mjs";

export class Browser {
  #jar = new Jar();

  /** One request, with this browser's cookies. Redirects are not followed. */
  async fetch(url, init = {}) {
    const headers = new Headers(init.headers);
    const crossSite = init.from && new URL(init.from).hostname !== new URL(url).hostname;
    const cookies = this.#jar.of(new URL(url), { posted: crossSite && init.method === "POST" });
    if (cookies) headers.set("cookie", cookies);
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    this.#jar.keep(new URL(url), response.headers.getSetCookie());
    return response;
  }

  /** The names of the cookies that a request to `url` would have. */
  cookies(url) {
    return this.#jar.of(new URL(url)).split("; ").filter(Boolean).map((pair) => pair.split("=")[0]);
  }

  /**
   * Goes to `url` and wherever it is sent from there, to the first page; or to the first address
   * that begins with `until`, which it does not open.
   */
  async goTo(url, until = "nowhere:", init = {}) {
    while (!url.startsWith(until)) {
      const response = await this.fetch(url, init);
      const location = response.headers.get("location");
      if (!location) return { url, status: response.status, text: await response.text() };
      url = new URL(location, url).href;
      init = {};
    }
    return { url };
  }

  /** Fills the form of a page in, and goes where that leads. */
  async submit(page, fields, until) {
    const [, action] = page.text.match(/<form[^>]* action="([^"]+)"/);
    const hidden = page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)"/g);
    const body = new URLSearchParams(fields);
    for (const [, name, value] of hidden) body.set(name, value);
    return this.goTo(new URL(action, page.url).href, until, { method: "POST", body, from: page.url });
  }
}
