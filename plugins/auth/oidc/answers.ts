/** The replies of a login: redirects, and problem details (RFC 9457). */

const titles = {
  400: "This is no answer to a login that began here",
  403: "The login was refused",
  405: "This path takes another method",
  502: "The provider of the login failed",
  503: "The provider of the login cannot be reached for the moment",
} as const;

export type ProblemStatus = keyof typeof titles;

/** @param cookies values of Set-Cookie */
export function problem(status: ProblemStatus, code: string, cookies: readonly string[] = []): Response {
  const body = { type: "about:blank", title: titles[status], status, code };
  const headers = headersWith(cookies, { "content-type": "application/problem+json" });
  if (status === 503) headers.set("retry-after", "5");
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}

/** @param allow the methods that there are */
export function wrongMethod(allow: string): Response {
  const response = problem(405, "method_not_allowed");
  response.headers.set("allow", allow);
  return response;
}

/** RFC 9110, section 15.4.4: whatever the method was, what follows is a GET. */
export function redirect(location: string, cookies: readonly string[] = []): Response {
  return new Response(null, { status: 303, headers: headersWith(cookies, { location }) });
}

/**
 * A page that asks before a logout: a link of anybody may lead to it, and only a click of the user's goes on from it.
 *
 * @param path of the logout, which has no characters of HTML
 */
export function logoutPage(path: string): Response {
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Log out</title>
<form method="post" action="${path}"><button>Log out</button></form>
</html>
`;
  const headers = headersWith([], {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
  });
  return new Response(page, { headers });
}

function headersWith(cookies: readonly string[], fields: Record<string, string>): Headers {
  const headers = new Headers({ "cache-control": "no-store", ...fields });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return headers;
}
