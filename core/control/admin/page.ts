/** A page of the admin listener. */
export interface AdminPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Pages by path; each answers GET and HEAD. */
export type AdminPages = Readonly<Record<string, () => AdminPage | Promise<AdminPage>>>;

export function json(status: number, value: unknown): AdminPage {
  return { status, contentType: "application/json", body: `${JSON.stringify(value, null, 2)}\n` };
}

/** RFC 9457. */
export function problem(status: number, title: string, more: object = {}): AdminPage {
  const body = `${JSON.stringify({ status, title, ...more })}\n`;
  return { status, contentType: "application/problem+json", body };
}
