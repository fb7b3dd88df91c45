/**
 * A head with a field of the proxy's own in the place of all of that name.
 *
 * @param head with its empty line
 * @param name of the field, in lower case
 *
 * @example
 * withField("GET / HTTP/1.1\r\nX-A: 1\r\n\r\n", "x-a", "2"); // "GET / HTTP/1.1\r\nx-a: 2\r\n\r\n"
 */
export function withField(head: string, name: string, value: string): string {
  const lines = head.split("\r\n").filter((line, index) => index === 0 || !isField(line, name));
  return `${lines.slice(0, -2).join("\r\n")}\r\n${name}: ${value}\r\n\r\n`;
}

function isField(line: string, name: string): boolean {
  return line.charCodeAt(name.length) === 0x3a && line.slice(0, name.length).toLowerCase() === name;
}
