/** Where log lines go; each ends in its line feed. */
export interface LineSink {
  write(line: string): void;
}

// DEL and C1 can drive a terminal; the separators and direction overrides can fake a line (CWE-117).
const unsafe = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Escapes what JSON leaves as it is and a terminal or a log viewer would act upon. */
export function safeLines(sink: LineSink): LineSink {
  return {
    write(line) {
      sink.write(line.replace(unsafe, escapeCharacter));
    },
  };
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
