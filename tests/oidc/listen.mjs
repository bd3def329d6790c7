// A server on a port of this machine.

import { createServer } from "node:http";
import { setDefaultAutoSelectFamily } from "node:net";

// Where "localhost" has several addresses, who listens and who connects take the first.
setDefaultAutoSelectFamily(false);

/** Listens, and says where; 0 is any free port. The process's end is the server's. */
export async function listen(host, port = 0) {
  const server = createServer();
  await new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(port, host, listening);
  });
  return { server, origin: `http://${host}:${server.address().port}` };
}
