/** What the binary returns to the shell. */
export const exitCodes = {
  ok: 0,
  /** Something outside the configuration failed: a busy port, a file that cannot be read. */
  failure: 1,
  /** The command line or a variable makes no sense. */
  usage: 2,
  /** `EX_CONFIG` of sysexits.h. */
  config: 78,
} as const;
