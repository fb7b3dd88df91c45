/** What a browser is shown in development when a policy failed. */
import type { ProxyError } from "../../errors.ts";
import type { SourcePosition } from "../../observe/stack-trace.ts";
import type { PolicyFailure } from "../../policy/policy-failure.ts";
import type { RequestHead } from "../../wire/request-head.ts";

/** Lines shown before and after the place. */
const around = 4;
/** A longer line is cut, so that a bundle in one line fills no page. */
const longestLine = 300;

/** Whether the request comes from a browser that shows a page, and there is a failure to show. */
export function wantsFailurePage(error: ProxyError, head: RequestHead): boolean {
  return (
    error.source === "plugin" && error.cause !== undefined && /\btext\/html\b/i.test(head.get("accept") ?? "")
  );
}

/**
 * The page, in ASCII.
 *
 * @param error of a policy; its cause says what failed
 */
export function failurePage(error: ProxyError): string {
  const { policy, phase, message, stack, position } = error.cause as PolicyFailure;
  const where = phase === null ? policy : `${policy} in ${phase}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${asHtml(`${where}: ${message}`)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem; }
pre { overflow-x: auto; padding: 1rem 0; border: 1px solid #8886; border-radius: 6px; }
pre span, pre mark { display: block; padding: 0 1rem; }
mark { background: #f003; color: inherit; }
h1 { font-size: 1.3rem; }
</style>
<h1>Policy ${asHtml(where)} failed</h1>
<p>${asHtml(message)}</p>
${position === null ? "" : excerpt(position)}${stack === "" ? "" : `<h2>Stack</h2>\n<pre><span>${asHtml(stack)}</span></pre>\n`}
<p>${error.status} ${asHtml(error.title)}. Shown by <code>sluice dev</code> alone; save the file and reload.</p>
</html>
`;
}

function excerpt({ file, line, column, source }: SourcePosition): string {
  const title = `<p><code>${asHtml(`${file}:${line}:${column}`)}</code></p>\n`;
  if (source === null) return title;
  const first = Math.max(1, line - around);
  const lines = source.split("\n", line + around).slice(first - 1);
  const width = String(first + lines.length - 1).length;
  const rows = lines.map((text, index) => {
    const number = first + index;
    const tag = number === line ? "mark" : "span";
    return `<${tag}>${String(number).padStart(width)} | ${asHtml(text.slice(0, longestLine))}</${tag}>`;
  });
  return `${title}<pre>${rows.join("")}</pre>\n`;
}

/** Nothing of a text is markup, and nothing is outside of ASCII: the reply counts characters as bytes. */
function asHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\n\t\x20-\x7e]|[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);
}
