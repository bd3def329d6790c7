// Reads URLs as browsers and those behind them do: { base, urls } on standard input, and on standard
// output, for each URL, where each reading of it leads and how many slashes its path has then.

import { text } from "node:stream/consumers";

const { base, urls } = JSON.parse(await text(process.stdin));

/** One step of percent-decoding, to letters of one byte each: no sequence is too odd. */
function decode(url) {
  return url.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** Decodes the path alone, as routers do. */
function decodePath(url) {
  const [, path, rest] = url.match(/^([^?#]*)(.*)$/s);
  return decode(path) + rest;
}

/** What the WHATWG URL parser makes of it. Schemes of apps have an opaque origin: then by host. */
function parse(url) {
  const { protocol, host, pathname } = new URL(url, base);
  return { origin: `${protocol}//${host}`, pathname };
}

const readings = [
  (url) => url,
  decode,
  (url) => decode(decode(url)),
  decodePath,
  (url) => decodePath(decodePath(url)),
  // A proxy passes on what it has parsed.
  (url) => decode(parse(url).pathname),
];

function read(url, reading) {
  try {
    const { origin, pathname } = parse(reading(url));
    return { origin, slashes: pathname.split("/").length - 1 };
  } catch (error) {
    return { origin: error.code };
  }
}

console.log(JSON.stringify(urls.map((url) => readings.map((reading) => read(url, reading)))));
