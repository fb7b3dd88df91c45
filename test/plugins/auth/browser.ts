import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";

/** What a browser sends over: the network, or a gateway without one. */
export type Send = (url: URL, init: SendInit) => Promise<Response>;

export interface SendInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface GoInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How many redirects are followed. Default: 20. */
  readonly follow?: number;
}

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where redirects led, in order. */
  readonly hops: readonly string[];
}

/** As much of a browser as a login needs: it keeps cookies for each origin and follows redirects. */
export class Browser {
  /** Values of cookies by name, by origin. */
  readonly jars = new Map<string, Map<string, string>>();
  private readonly send: Send;

  constructor(send: Send = sendOverNetwork) {
    this.send = send;
  }

  /** What somebody does who types an address or takes a link: waits for a page. */
  go(url: string, { headers, ...init }: GoInit = {}): Promise<Page> {
    const navigation = {
      accept: "text/html,*/*;q=0.8",
      "sec-fetch-mode": "navigate",
      "sec-fetch-site": "none",
    };
    return this.follow(url, { ...init, headers: { ...navigation, ...headers } });
  }

  /** What a script of the page does. */
  fetch(url: string, { headers, ...init }: GoInit = {}): Promise<Page> {
    const call = { accept: "*/*", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };
    return this.follow(url, { ...init, headers: { ...call, ...headers } });
  }

  jar(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const jar = this.jars.get(origin) ?? new Map<string, string>();
    this.jars.set(origin, jar);
    return jar;
  }

  private async follow(
    start: string,
    { method = "GET", headers = {}, body, follow = 20 }: GoInit,
  ): Promise<Page> {
    let url = new URL(start);
    const hops: string[] = [];
    for (let sent = { method, ...(body !== undefined && { body }) }; ; sent = { method: "GET" }) {
      const cookie = [...this.jar(url.href)].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await this.send(url, {
        ...sent,
        headers: { ...headers, ...(cookie !== "" && { cookie }) },
      });
      for (const line of response.headers.getSetCookie()) this.keep(url.href, line);
      const location = response.headers.get("location");
      if (location === null || hops.length >= follow) {
        const { status, headers: fields } = response;
        return { url: url.href, status, headers: fields, text: await response.text(), hops };
      }
      await response.body?.cancel();
      url = new URL(location, url);
      hops.push(url.href);
    }
  }

  private keep(url: string, line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const equals = pair.indexOf("=");
    const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
    if (pair.length + line.length > 8192) throw new Error(`${name} is longer than browsers take`);
    const isGone = attributes.some((attribute) =>
      /^(?:max-age=0|expires=thu, 01 jan 1970.*)$/i.test(attribute),
    );
    if (isGone) this.jar(url).delete(name);
    else this.jar(url).set(name, value);
  }
}

/** Not `fetch`, which says of itself in Sec-Fetch-Mode that it is no navigation. */
export async function sendOverNetwork(url: URL, { method, headers, body }: SendInit): Promise<Response> {
  const sent = request(url, { method, headers });
  sent.end(body);
  const [message] = (await once(sent, "response")) as [IncomingMessage];
  const fields = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    fields.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  const content = await text(message);
  const status = message.statusCode!;
  return new Response(status === 204 || status === 304 ? null : content, { status, headers: fields });
}
