import type { Logger } from "../../core/observe/log.ts";

export interface RecordingLog extends Logger {
  /** `level message`, in order. */
  readonly lines: string[];
  /** The same with their fields. */
  readonly entries: { readonly level: string; readonly fields: object; readonly message: string }[];
}

export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const entries: RecordingLog["entries"] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message}`);
    entries.push({ level, fields, message });
  };
  return { lines, entries, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
