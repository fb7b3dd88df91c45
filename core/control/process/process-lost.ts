/** The data process ended before it had what it was handed. */
export class ProcessLost extends Error {
  override readonly name = "ProcessLost";
  /** False: it had ended before. */
  readonly wasHanded: boolean;

  constructor(wasHanded: boolean) {
    super("The data process ended before it answered, the log says how; SIGHUP tries again");
    this.wasHanded = wasHanded;
  }
}
