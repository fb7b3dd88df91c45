const endOfHead = "\r\n\r\n";
const lastChunk = Buffer.from("\r\n0\r\n\r\n", "latin1");

/**
 * Finds the end of one response after another. Just enough of HTTP for the benchmark's upstream:
 * one request at a time, a body with Content-Length or chunked without trailers, and no payload
 * that holds the bytes of a last chunk.
 */
export class ResponseReader {
  /** Whether the response read last had a 2xx status. */
  success = false;
  #head = "";
  #bodyLeft = 0;
  #chunked = false;
  #end: Buffer = Buffer.alloc(0);

  /** Takes what arrived and says whether a response ended with it. */
  feed(chunk: Buffer): boolean {
    if (this.#chunked) return this.#feedChunked(chunk);
    if (this.#bodyLeft > 0) return this.#feedCounted(chunk.length);
    const headBefore = this.#head.length;
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf(endOfHead);
    if (end < 0) return false;
    const body = chunk.subarray(end + endOfHead.length - headBefore);
    this.#readHead(this.#head.slice(0, end + 2));
    this.#head = "";
    return this.#chunked ? this.#feedChunked(body) : this.#feedCounted(body.length);
  }

  #readHead(head: string): void {
    this.success = head.startsWith("2", "HTTP/1.1 ".length);
    this.#chunked = /\r\ntransfer-encoding: *chunked\r\n/i.test(head);
    this.#bodyLeft = Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
  }

  #feedCounted(length: number): boolean {
    this.#bodyLeft -= length;
    return this.#bodyLeft === 0;
  }

  #feedChunked(chunk: Buffer): boolean {
    this.#end = Buffer.concat([this.#end, chunk.subarray(-lastChunk.length)]).subarray(-lastChunk.length);
    if (!this.#end.equals(lastChunk)) return false;
    this.#chunked = false;
    this.#end = Buffer.alloc(0);
    return true;
  }
}
