import type { Pointer, QuickJsInstance } from "./build.ts";
import { type Layout, scratchBytes } from "./layout.ts";

/**
 * Where the length of a string lies, in 32-bit words before its characters, and its bits in there:
 * `struct JSString` of QuickJS 2025-09-13. C strings end at the first NUL; this is what makes every
 * text come across whole.
 */
const lengthWord = -3;
const lengthBits = 0x7fffffff;

/** Carries texts and bytes between the host and the memory of one instance. */
export class Heap {
  private readonly instance: QuickJsInstance;
  private readonly context: Pointer;
  private readonly layout: Layout;
  private memory: Uint8Array;
  private bytes: Buffer;
  private words: Int32Array;

  constructor(instance: QuickJsInstance, layout: Layout) {
    this.instance = instance;
    this.context = layout.context;
    this.layout = layout;
    this.memory = instance.module.HEAPU8;
    this.bytes = Buffer.from(this.memory.buffer);
    this.words = new Int32Array(this.memory.buffer);
  }

  /** @throws Error when strings do not lie in memory as expected: it is another build of QuickJS */
  assertTextsAreExact(): void {
    for (const text of ["", "ascii", "\u00e9", "\u20ac\u{1d11e}", "\ufeff", "a\0\u20ac\ud800"]) {
      const value = this.newText(text);
      if (this.readText(value) !== text) throw new Error("This build of QuickJS is not the expected one");
      this.instance.functions.QTS_FreeValuePointer(this.context, value);
    }
  }

  /** A 32-bit word of the memory. */
  word(at: Pointer): number {
    this.follow();
    return this.words[at >> 2]!;
  }

  setWord(at: Pointer, value: number): void {
    this.follow();
    this.words[at >> 2] = value;
  }

  /**
   * A block of memory.
   *
   * @throws RangeError when there is none left
   */
  allocate(bytes: number): Pointer {
    const block = this.instance.module._malloc(Math.max(1, bytes));
    if (block === 0) throw new RangeError("The memory of the guest is used up");
    return block;
  }

  /**
   * A string of the guest with exactly these UTF-16 code units.
   *
   * @throws RangeError when its memory is used up
   */
  newText(text: string): Pointer {
    if (text.includes("\0")) return this.newTextByJson(text);
    // Three bytes are the most that a code unit takes.
    if (text.length * 3 < scratchBytes) {
      const length = this.writeUtf8(text, this.layout.scratch);
      if (length !== text.length && !text.isWellFormed()) return this.newTextByJson(text);
      return this.instance.functions.QTS_NewString(this.context, this.layout.scratch);
    }
    if (!text.isWellFormed()) return this.newTextByJson(text);
    return this.newLongText(text);
  }

  /**
   * What the value is as a string. It may be of any type: what guest code makes of the conversion
   * is its own affair.
   *
   * @throws Error when the conversion failed
   */
  readText(value: Pointer): string {
    const { functions } = this.instance;
    const start = functions.QTS_GetString(this.context, value);
    if (start === 0) throw new Error("The guest has no text");
    this.follow();
    const end = start + (this.words[(start >> 2) + lengthWord]! & lengthBits);
    const text = this.bytes.toString("utf8", start, end);
    // A lone surrogate is not UTF-8 and came out as three replacement characters.
    const exact = text.includes("\ufffd") ? decodeLoosely(this.bytes, start, end) : text;
    functions.QTS_FreeCString(this.context, start);
    return exact;
  }

  /**
   * An ArrayBuffer of the guest.
   *
   * @throws RangeError when its memory is used up
   */
  newBytes(bytes: Uint8Array): Pointer {
    const block = this.allocate(bytes.length);
    this.follow();
    this.memory.set(bytes, block);
    return this.instance.functions.QTS_NewArrayBuffer(this.context, block, bytes.length);
  }

  /** A copy of an ArrayBuffer of the guest; undefined when the value is none. */
  readBytes(value: Pointer): Uint8Array | undefined {
    const { functions } = this.instance;
    const block = functions.QTS_GetArrayBuffer(this.context, value);
    if (block === 0) return undefined;
    const length = functions.QTS_GetArrayBufferLength(this.context, value);
    this.follow();
    const bytes = this.memory.slice(block, block + length);
    // Not QTS_FreeVoidPointer: that takes the block off QuickJS's account, which it never was on.
    this.instance.module._free(block);
    return bytes;
  }

  /**
   * The value of a script.
   *
   * @param name what stack traces show
   */
  evaluate(code: string, name: string): Pointer {
    const block = this.allocate(Buffer.byteLength(code) + 1);
    const length = this.writeUtf8(code, block);
    const value = this.instance.functions.QTS_Eval(this.context, block, length, name, 0, 0);
    this.instance.module._free(block);
    return value;
  }

  private newLongText(text: string): Pointer {
    const block = this.allocate(Buffer.byteLength(text) + 1);
    this.writeUtf8(text, block);
    const value = this.instance.functions.QTS_NewString(this.context, block);
    this.instance.module._free(block);
    return value;
  }

  /** Escapes carry what a C string in UTF-8 cannot: NUL and lone surrogates. */
  private newTextByJson(text: string): Pointer {
    const { functions } = this.instance;
    const json = this.newText(JSON.stringify(text));
    const { argv, parseJson } = this.layout;
    this.setWord(argv, json);
    const value = functions.QTS_Call(this.context, parseJson, functions.QTS_GetUndefined(), 1, argv);
    functions.QTS_FreeValuePointer(this.context, json);
    return value;
  }

  private writeUtf8(text: string, at: Pointer): number {
    this.follow();
    const length = this.bytes.write(text, at);
    this.memory[at + length] = 0;
    return length;
  }

  /** Memory that has grown is another buffer. */
  private follow(): void {
    if (this.memory === this.instance.module.HEAPU8) return;
    this.memory = this.instance.module.HEAPU8;
    this.bytes = Buffer.from(this.memory.buffer);
    this.words = new Int32Array(this.memory.buffer);
  }
}

/** UTF-8 in which lone surrogates stand as if they were characters, as QuickJS writes them. */
function decodeLoosely(bytes: Uint8Array, start: number, end: number): string {
  const units = new Uint16Array(end - start);
  let length = 0;
  for (let at = start; at < end; ) {
    const first = bytes[at]!;
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let point = size === 1 ? first : first & (0x7f >> size);
    for (let next = at + 1; next < at + size; next++) point = (point << 6) | (bytes[next]! & 0x3f);
    at += size;
    if (point > 0xffff) {
      units[length++] = 0xd7c0 + (point >> 10);
      units[length++] = 0xdc00 + (point & 0x3ff);
    } else {
      units[length++] = point;
    }
  }
  return Buffer.from(units.buffer, 0, length * 2).toString("utf16le");
}
