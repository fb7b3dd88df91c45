import { open } from "node:fs/promises";
import { ConfigError, type ConfigProblem } from "../problem.ts";
import { fileFault } from "./file-fault.ts";

/** Four times what ten thousand routes take. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * The text of a config file.
 *
 * @throws ConfigError when it is not there, not readable, too large or not UTF-8
 */
export async function readConfigText(file: string): Promise<string> {
  const bytes = await readBytes(file).catch((error: unknown) => {
    throw refusal(file, `expected a file that can be read, found ${fileFault(error)}`, "unreadable");
  });
  if (bytes.length > maxFileBytes) {
    throw refusal(file, `expected at most ${maxFileBytes} bytes, found more`, "invalid");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refusal(file, "expected UTF-8 text, found other bytes", "invalid");
  }
}

/** At most one byte more than a config may have, whatever the file turns out to be. */
async function readBytes(file: string): Promise<Uint8Array> {
  await using handle = await open(file);
  const chunks: Uint8Array[] = [];
  for await (const chunk of handle.createReadStream({ end: maxFileBytes, autoClose: false })) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusal(file: string, message: string, kind: ConfigProblem["kind"]): ConfigError {
  return new ConfigError([{ file, line: 1, column: 1, message, kind }]);
}
