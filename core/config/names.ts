/** What a message says when a text is no name. */
export const nameExpected = "a name of 1 to 64 visible ASCII characters";

/** Names stand in logs, labels and field values, none of which should need quoting. */
export function isName(text: string): boolean {
  return /^[\x21-\x7e]{1,64}$/.test(text) && !/["\\]/.test(text);
}

/** A token (RFC 9110 section 5.6.2): methods, field names, protocols. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(text);
}

/** What a message says when a text is no name of a plugin. */
export const pluginNameExpected = 'the name of a plugin: letters, digits, ".", "_" and "-"';

/** The file name of a plugin without extension and order number. */
export function isPluginName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
}

/** A name that a shell gives an environment variable. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text);
}
