import { brotliCompressSync, constants } from "node:zlib";
import t from "tap";
import { brotliWindow } from "../../core/wire/brotli-window.ts";

for (let bits = 10; bits <= 24; bits++) {
  t.test(`a body whose encoder looks back 2^${bits} bytes says so`, async (t) => {
    const size = { [constants.BROTLI_PARAM_SIZE_HINT]: 0, [constants.BROTLI_PARAM_QUALITY]: 5 };
    const body = brotliCompressSync(Buffer.alloc(100, "ab"), {
      params: { ...size, [constants.BROTLI_PARAM_LGWIN]: bits },
    });
    t.equal(brotliWindow(body[0]!), 2 ** bits - 16);
  });
}
