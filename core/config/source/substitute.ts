/** A text after substitution. */
export interface Substituted {
  readonly text: string;
  /** The variables and files that were used, with what each stood for. */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** What is wrong with it, as messages. */
  readonly problems: readonly string[];
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const variable = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
const file = /^file:(.+)$/s;

/**
 * Replaces `${env:NAME}` and `${env:NAME:-default}` by variables, and `${file:PATH}` by the text of a file. As in a
 * shell, the default also stands in for an empty variable. `$${` is a literal `${`.
 *
 * @param readFile the text of a file; throws an Error that says what was expected
 *
 * @example
 * substitute("http://${env:APP_HOST:-127.0.0.1}:3000", {}).text; // "http://127.0.0.1:3000"
 */
export function substitute(
  text: string,
  env: NodeJS.ProcessEnv,
  readFile: (name: string) => string = noFiles,
): Substituted {
  const variables: { name: string; value: string }[] = [];
  const problems: string[] = [];
  const textFor = (inner: string): string => {
    const [, path] = file.exec(inner) ?? [];
    const [, name, fallback] = variable.exec(inner) ?? [];
    if (path !== undefined) return readFile(path);
    if (name === undefined) throw unknownReference(`\${${inner}}`);
    return variableOf(env, name, fallback);
  };
  const result = text.replace(reference, (found: string, inner?: string, close?: string) => {
    if (inner === undefined) return "${";
    let value = "";
    try {
      if (close !== "}") throw unknownReference(found);
      value = textFor(inner);
    } catch (error) {
      problems.push((error as Error).message);
    }
    if (close === "}" && (variable.test(inner) || file.test(inner)))
      variables.push({ name: nameOf(inner), value });
    return value;
  });
  return { text: result, variables, problems };
}

function nameOf(inner: string): string {
  return file.exec(inner)?.[1] ?? variable.exec(inner)![1]!;
}

function variableOf(env: NodeJS.ProcessEnv, name: string, fallback: string | undefined): string {
  const set = Object.hasOwn(env, name) ? env[name] : undefined;
  const value = fallback === undefined ? set : set || fallback;
  if (value === undefined)
    throw new Error(`expected variable ${name} to be set, found it unset and no default`);
  return value;
}

function unknownReference(found: string): Error {
  return new Error(
    `expected \${env:NAME}, \${env:NAME:-default}, \${file:PATH} or $\${ for a literal \${, found "${found}"`,
  );
}

function noFiles(name: string): string {
  throw new Error(`expected no file, found ${name}`);
}
