// A browser's cookies (RFC 6265bis), as far as hosts, paths, the prefix `__Host-` and `SameSite` go.

export class Jar {
  #cookies = [];

  /** The value of `Cookie` for a request to `url`, which may be `posted` by another site's page. */
  of(url, { posted = false } = {}) {
    return this.#cookies
      .filter(({ sameSite }) => !posted || sameSite === "none")
      .filter(({ host, path }) => host === url.hostname && covers(path, url.pathname))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  /** Takes what an answer from `url` sets. */
  keep(url, lines) {
    for (const line of lines) {
      const cookie = parse(line);
      const { name, value, attributes } = cookie;
      if (name.startsWith("__Host-") && !mayBeHost(attributes)) {
        throw new Error(`no browser takes this cookie: ${line}`);
      }
      const host = url.hostname; // Ports do not count.
      const path = attributes.get("path") ?? "/";
      this.#cookies = this.#cookies.filter(
        (old) => old.host !== host || old.name !== name || old.path !== path,
      );
      const sameSite = (attributes.get("samesite") ?? "lax").toLowerCase();
      if (!isOver(attributes)) this.#cookies.push({ host, name, path, value, sameSite });
    }
  }
}

function parse(line) {
  const [pair, ...rest] = line.split(";").map((part) => part.trim());
  const [name, value] = split(pair);
  const attributes = new Map(rest.map(split).map(([key, text]) => [key.toLowerCase(), text]));
  return { name, value, attributes };
}

function split(pair) {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function mayBeHost(attributes) {
  return (
    attributes.has("secure") && attributes.get("path") === "/" && !attributes.has("domain")
  );
}

function isOver(attributes) {
  return attributes.get("max-age") === "0" || Date.parse(attributes.get("expires")) < Date.now();
}

function covers(path, requested) {
  return requested === path || requested.startsWith(path.endsWith("/") ? path : `${path}/`);
}
