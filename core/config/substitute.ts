/** A text after substitution. */
export interface Substituted {
  readonly text: string;
  /** The variables that were used, with what each stood for. */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** What is wrong with it, as messages. */
  readonly problems: readonly string[];
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const body = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${env:NAME}` and `${env:NAME:-default}` by variables. As in a shell, the default also stands
 * in for an empty variable. `$${` is a literal `${`.
 *
 * @example
 * substitute("http://${env:APP_HOST:-127.0.0.1}:3000", {}).text; // "http://127.0.0.1:3000"
 */
export function substitute(text: string, env: NodeJS.ProcessEnv): Substituted {
  const variables: { name: string; value: string }[] = [];
  const problems: string[] = [];
  const result = text.replace(reference, (found: string, inner?: string, close?: string) => {
    if (inner === undefined) return "${";
    const parts = close === "}" ? body.exec(inner) : null;
    if (parts === null) {
      problems.push(
        `expected \${env:NAME}, \${env:NAME:-default} or $\${ for a literal \${, found "${found}"`,
      );
      return "";
    }
    const [, name, fallback] = parts;
    const set = Object.hasOwn(env, name!) ? env[name!] : undefined;
    const value = fallback === undefined ? set : set || fallback;
    if (value === undefined)
      problems.push(`expected variable ${name} to be set, found it unset and no default`);
    variables.push({ name: name!, value: value ?? "" });
    return value ?? "";
  });
  return { text: result, variables, problems };
}
