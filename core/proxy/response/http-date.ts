/** Date fields (RFC 9110 section 5.6.7), formatted once a second. */

let second = 0;
let text = "";

export function httpDate(): string {
  const current = Math.floor(Date.now() / 1000);
  if (current !== second) {
    second = current;
    text = new Date(current * 1000).toUTCString();
  }
  return text;
}
