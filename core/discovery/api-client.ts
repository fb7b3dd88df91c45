import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Agent } from "undici";
import { systemAuthorities } from "../net/tls/system-authorities.ts";
import { minVersion } from "../net/tls/tls.ts";
import type { SourceSetting } from "./source.ts";
import { SourceProblem } from "./source-problem.ts";

/** Bytes of an answer. 4096 endpoints take about 4 MiB in the wordiest of the protocols. */
const longestAnswer = 16 * 1024 * 1024;
/** Bytes of an answer that tells of a failure; the rest is not waited for. */
const longestFault = 4096;
const longestHead = 64 * 1024;

export interface ApiRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** ms until the head of the answer is there, and until all of it is. */
  readonly within: { readonly head: number; readonly all: number };
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** What an error of a connection is, by its code. */
const connectFaults: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it dropped the connection",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name does not resolve",
  UND_ERR_SOCKET: "it dropped the connection",
  UND_ERR_CONNECT_TIMEOUT: "it does not accept connections in time",
};

/** Asks one HTTP API, with bounds for everything that comes back. */
export class ApiClient {
  readonly #setting: SourceSetting;
  readonly #ca: string | null;
  #agent: Promise<Agent> | null = null;

  /** @param ca authorities in PEM; null: the system's */
  constructor(setting: SourceSetting, ca: string | null = null) {
    this.#setting = setting;
    this.#ca = ca;
  }

  /**
   * The JSON of an answer with status 200.
   *
   * @throws SourceProblem when there is none
   */
  async json(request: ApiRequest): Promise<ApiAnswer & { readonly value: unknown }> {
    return await this.#exchange(request, async (answer, body) => {
      const bytes = await readAll(body, request.url);
      try {
        return {
          ...answer,
          value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown,
        };
      } catch {
        throw new SourceProblem("malformed", `the answer of ${request.url.host} is no JSON`);
      }
    });
  }

  /**
   * Reads an answer with status 200 while it comes.
   *
   * @param read ends before the answer when it has seen enough
   * @throws SourceProblem when it fails, and what `read` throws
   */
  async stream<Result>(
    request: ApiRequest,
    read: (chunks: AsyncIterable<Buffer>) => Promise<Result>,
  ): Promise<Result> {
    return await this.#exchange(request, async (_, body) => await read(body));
  }

  close(): void {
    // One that could not be made was told to who asked.
    this.#agent?.then((agent) => agent.destroy()).catch(() => {});
  }

  async #exchange<Result>(
    { url, headers, within, signal }: ApiRequest,
    use: (answer: ApiAnswer, body: Readable) => Promise<Result>,
  ): Promise<Result> {
    const ending = new AbortController();
    const end = () => ending.abort(new SourceProblem("timeout", `${url.host} did not answer in time`));
    const abort = () => ending.abort(signal.reason);
    signal.addEventListener("abort", abort);
    let cancel = this.#setting.after(within.head, end);
    try {
      const { request } = await import("undici");
      const dispatcher = await this.#agentOnce();
      signal.throwIfAborted();
      const {
        statusCode,
        headers: fields,
        body,
      } = await request(url, { dispatcher, headers, signal: ending.signal });
      cancel();
      cancel = this.#setting.after(within.all, end);
      // An end that comes by the signal is told by what waits for the body, and by nothing else.
      body.on("error", () => {});
      try {
        if (statusCode !== 200) throw await statusProblem(url, statusCode, body);
        return await use({ status: statusCode, headers: fields }, body);
      } finally {
        body.destroy();
      }
    } catch (error) {
      throw problemOf(error, url, ending.signal);
    } finally {
      cancel();
      signal.removeEventListener("abort", abort);
    }
  }

  #agentOnce(): Promise<Agent> {
    this.#agent ??= this.#connect().catch((error: unknown) => {
      this.#agent = null;
      throw error;
    });
    return this.#agent;
  }

  /** undici takes 60 ms to load: only where an API is asked. */
  async #connect(): Promise<Agent> {
    const { Agent } = await import("undici");
    const ca = this.#ca ?? systemAuthorities();
    return new Agent({
      connect: { minVersion, ...(ca !== null && { ca }) },
      connections: 2,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: longestHead,
      // One deadline bounds all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}

/** The status of an answer that is no good one. */
export class StatusProblem extends SourceProblem {
  readonly status: number;

  constructor(status: number, message: string) {
    super(status === 401 || status === 403 ? "refused" : "failed", message);
    this.status = status;
  }
}

async function readAll(body: Readable, { host }: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestAnswer) {
      throw new SourceProblem("too-large", `the answer of ${host} is longer than ${longestAnswer} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function statusProblem({ host }: URL, status: number, body: Readable): Promise<StatusProblem> {
  let text = "";
  for await (const chunk of body as AsyncIterable<Buffer>) {
    text += chunk.toString("latin1");
    if (text.length >= longestFault) break;
  }
  const said = messageIn(text.slice(0, longestFault)).trim();
  return new StatusProblem(
    status,
    `${host} answered ${status}${said === "" ? "" : `: ${said.slice(0, 160)}`}`,
  );
}

/** Kubernetes wraps its message: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : "";
  } catch {
    return text;
  }
}

function problemOf(error: unknown, { host }: URL, ending: AbortSignal): unknown {
  if (ending.aborted && ending.reason instanceof SourceProblem) return ending.reason;
  if (error instanceof SourceProblem || ending.aborted) return error;
  const { code, message, name } = error as NodeJS.ErrnoException;
  // A defect, and nothing that the network does: undici's parser gives some of its errors no code.
  if (code === undefined && name !== "HTTPParserError") return error;
  const fault = connectFaults[String(code)] ?? message;
  return new SourceProblem("unreachable", `cannot ask ${host}: ${fault}`);
}
