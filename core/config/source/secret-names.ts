const secretName =
  /secret|token|passw|passphrase|credential|api[-_]?key|private[-_]?key|auth|cookie|session|signature|bearer/i;

/** Whether a variable, key or field of this name usually holds something that must not be shown. */
export function looksSecret(name: string): boolean {
  return secretName.test(name);
}
