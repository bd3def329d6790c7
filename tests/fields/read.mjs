// Reads each argument as a structured-field list (RFC 9651), and prints what it says as JSON: of
// each list its members, of each member its value and its parameters.

import { parseList } from "structured-headers";

const read = (field) =>
  parseList(field).map(([value, parameters]) => ({
    value,
    parameters: Object.fromEntries(parameters),
  }));

console.log(JSON.stringify(process.argv.slice(2).map(read)));
