/** Content codings (RFC 9110 section 8.4.1): what encodes and decodes them, within bounds of memory. */

import type { Transform } from "node:stream";
import {
  type BrotliOptions,
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createGunzip,
  createGzip,
  createInflate,
  createZstdCompress,
  createZstdDecompress,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  type Zlib,
  type ZlibOptions,
  type ZstdOptions,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";

export type ContentCoding = "br" | "deflate" | "gzip" | "zstd";

/** A coder of node:zlib. */
export type CoderStream = Transform & Zlib & { flush(done?: () => void): void };

/** What a level may be, and the one that is taken: most of the gain for the least time (plugins/compress/README.md). */
export const codingLevels: Readonly<Record<ContentCoding, { least: number; most: number; usual: number }>> = {
  br: { least: 0, most: 11, usual: 4 },
  deflate: { least: 1, most: 9, usual: 5 },
  gzip: { least: 1, most: 9, usual: 5 },
  zstd: { least: 1, most: 19, usual: 3 },
};

/**
 * The highest levels for those who are not trusted, since no limit counts the work: of 300 kB of text brotli takes 5 ms at 6 and
 * 311 at 11, zstd 4 at 9 and 66 at 19.
 */
export const sandboxedLevels: Readonly<Record<ContentCoding, number>> = {
  br: 6,
  deflate: 9,
  gzip: 9,
  zstd: 9,
};

export function isContentCoding(text: unknown): text is ContentCoding {
  return typeof text === "string" && Object.hasOwn(codingLevels, text);
}

/** Powers of two, in bytes, that an encoder looks back. With brotli's own, 4 MiB, one takes twice the memory for 2 %. */
const windowLog = 18;
/** Of zstd: what every decoder of a browser takes (RFC 9659 section 3). */
const mostWindowLog = 23;

function brotliOptions(level: number): BrotliOptions {
  return {
    params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: windowLog },
  };
}

function zstdOptions(level: number): ZstdOptions {
  return {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowLog + 1,
      [constants.ZSTD_c_checksumFlag]: 0,
    },
  };
}

const zstdLimits: ZstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: mostWindowLog } };

export function createEncoder(coding: ContentCoding, level: number): CoderStream {
  switch (coding) {
    case "br":
      return createBrotliCompress(brotliOptions(level)) as CoderStream;
    case "zstd":
      return createZstdCompress(zstdOptions(level)) as CoderStream;
    case "gzip":
      return createGzip({ level }) as CoderStream;
    default:
      return createDeflate({ level }) as CoderStream;
  }
}

export function createDecoder(coding: ContentCoding): CoderStream {
  switch (coding) {
    case "br":
      return createBrotliDecompress() as CoderStream;
    case "zstd":
      return createZstdDecompress(zstdLimits) as CoderStream;
    case "gzip":
      return createGunzip() as CoderStream;
    default:
      return createInflate() as CoderStream;
  }
}

/** Encodes in this thread, which takes a sixth of the time of a stream for a small body. */
export function encodeWhole(coding: ContentCoding, level: number, bytes: Buffer): Buffer {
  switch (coding) {
    case "br":
      return brotliCompressSync(bytes, brotliOptions(level));
    case "zstd":
      return zstdCompressSync(bytes, zstdOptions(level));
    case "gzip":
      return gzipSync(bytes, { level });
    default:
      return deflateSync(bytes, { level });
  }
}

/**
 * Decodes in this thread.
 *
 * @param mostLength bytes of what comes out
 * @returns null for what is not exactly one whole coded body within that length: a stream tells what it is
 */
export function decodeWhole(coding: ContentCoding, bytes: Buffer, mostLength: number): Buffer | null {
  // A decoder of brotli does not tell everywhere that the end is missing: one that has it leaves what comes behind.
  const input = coding === "br" ? Buffer.concat([bytes, brotliProbe]) : bytes;
  try {
    const { buffer, engine } = decodeSync(coding, input, mostLength);
    return engine.bytesWritten === bytes.length ? buffer : null;
  } catch {
    return null;
  }
}

/** What is put behind a body in brotli to see whether it has ended. */
export const brotliProbe: Buffer = Buffer.of(0);

interface Decoded {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function decodeSync(coding: ContentCoding, bytes: Buffer, maxOutputLength: number): Decoded {
  const options = { maxOutputLength, info: true };
  const zlib: ZlibOptions = options;
  switch (coding) {
    case "br":
      return brotliDecompressSync(bytes, options) as unknown as Decoded;
    case "zstd":
      return zstdDecompressSync(bytes, { ...zstdLimits, ...options }) as unknown as Decoded;
    case "gzip":
      return gunzipSync(bytes, zlib) as unknown as Decoded;
    default:
      return inflateSync(bytes, zlib) as unknown as Decoded;
  }
}
