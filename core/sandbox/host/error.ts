/** A failed host call as the guest sees it: the name of an error and a message made for plugin authors. */
export class HostCallError extends Error {
  override readonly name: string;

  /**
   * @param name an ECMAScript error (`TypeError`) or the name of a DOMException (`NetworkError`)
   */
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}
