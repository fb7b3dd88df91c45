/** Whether two types are the same, modifiers included. `expectType<Equal<A, B>>()` does not compile otherwise. */
export type Equal<Left, Right> =
  (<Probe>() => Probe extends Left ? 1 : 2) extends <Probe>() => Probe extends Right ? 1 : 2 ? true : false;

export function expectType<Same extends true>(_same?: Same): void {}
