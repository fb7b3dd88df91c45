/**
 * Body of a function that starts the runtime inside the guest, given as `$0`, with the host
 * function `$1` and the progress array `$2`. Runs before any code of the plugin.
 *
 * Whatever a host call throws is dropped here, before guest code can see it: such an error comes from the
 * engine or from the host's own failure, and its stack names files of the host.
 *
 * `lastReply` gets a reply again that the engine withheld: a rejected promise that nobody handles makes
 * isolated-vm throw in place of what the function returned.
 */
export const connectScript = `"use strict";
const start = $0, host = $1;
const entry = start((op, id, text, bytes) => {
  try {
    return host(op, id, text, bytes);
  } catch {
    return "!Error:internal";
  }
}, "own", $2);

let reply;
return {
  __proto__: null,
  load(plugin) {
    return (reply = entry.load(plugin));
  },
  dispatch(text, bytes) {
    reply = undefined;
    try {
      return (reply = entry.dispatch(text, bytes));
    } catch {
      // What guest code throws is not for the host: isolated-vm would read its properties.
    }
  },
  lastReply() {
    return reply;
  },
};
`;
