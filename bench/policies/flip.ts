import { definePlugin } from "../../sdk/index.ts";

/** Changes one byte of every chunk of a response's body. */
export default definePlugin({
  onResponseBody(chunk) {
    if (chunk.length === 0) return;
    chunk[0] = chunk[0] === 120 ? 121 : 120;
    return chunk;
  },
});
