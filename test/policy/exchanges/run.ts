/** What came of fuzzed exchanges at both ends, and whether it is what was to come. */
import { gunzipSync } from "node:zlib";
import type { Content } from "./behaviours.ts";
import { type Exchange, type GatewayPlan, predict } from "./plan.ts";
import { fieldOf, type StrictMessage, statusOf } from "./strict-reader.ts";

/** A request that came to one of the services. */
export interface Arrival {
  readonly service: string;
  readonly message: StrictMessage;
  isWhole: boolean;
}

export class Run {
  readonly plan: GatewayPlan;
  readonly faults: string[] = [];
  readonly arrivals = new Map<string, Arrival[]>();
  readonly exchanges: ReadonlyMap<string, Exchange>;

  constructor(plan: GatewayPlan) {
    this.plan = plan;
    this.exchanges = new Map(plan.connections.flat().map((exchange) => [exchange.id, exchange]));
  }

  fault(what: string, exchange?: Exchange): void {
    this.faults.push(exchange === undefined ? what : `${what}: ${this.shown(exchange)}`);
  }

  private shown(exchange: Exchange): string {
    const { body, answer, ...rest } = exchange;
    const said = { ...answer, body: answer.body.length };
    const met = predict(this.plan, exchange).path.map((plugin) => this.plan.plugins[plugin]!.name);
    return JSON.stringify({ ...rest, body: body.length, answer: said, met });
  }
}

export function checkResponse(run: Run, exchange: Exchange, response: StrictMessage): void {
  const { downs } = predict(run.plan, exchange);
  const status = statusOf(response);
  if (exchange.minor === 0 && response.framing === "chunked") run.fault("chunks for HTTP/1.0", exchange);
  if (status === 204 && response.framing !== "close") run.fault("204 is framed", exchange);
  const isFitting = downs.some(
    (down) => (down.status === 0 || down.status === status) && fits(response, down.content),
  );
  if (isFitting) return;
  const said = `${status} with ${shownBody(plainBody(response))}`;
  const wanted = downs.map((down) => `${down.status} with ${shownBody(down.content)}`).join(" or ");
  run.fault(`the client got ${said} for ${wanted}`, exchange);
}

export function checkArrivals(run: Run, exchange: Exchange): void {
  const { up, reachesService } = predict(run.plan, exchange);
  const arrivals = run.arrivals.get(exchange.id) ?? [];
  for (const { service, message, isWhole } of arrivals) {
    const [method, path] = message.startLine.split(" ");
    if (method !== exchange.method || path !== up.path)
      run.fault(`${service} got ${message.startLine}`, exchange);
    if (service !== "copies" && service !== up.cluster) run.fault(`it came to ${service}`, exchange);
    if (fieldOf(message, "x-gone") !== null) run.fault("a skipped policy's field arrived", exchange);
    if (!isWhole) continue;
    if (reachesService === false) run.fault(`${service} got what ends before it`, exchange);
    if (up.failure !== null) continue;
    if (!fits(message, up.content)) {
      run.fault(`${service} got ${shownBody(plainBody(message))} for ${shownBody(up.content)}`, exchange);
    }
    const sum = message.trailers.join();
    if (sum !== "" && sum.toLowerCase() !== "x-sum: 7") run.fault(`trailers ${sum}`, exchange);
  }
  const most = (up.mayRepeat ? 2 : 1) * (exchange.answer.resets ? 4 : 1);
  for (const service of ["main", "second", "copies"]) {
    const count = arrivals.filter((arrival) => arrival.service === service).length;
    if (count > most) run.fault(`it came to ${service} ${count} times`, exchange);
  }
}

function fits(message: StrictMessage, content: Content): boolean {
  return content === null || plainBody(message) === content;
}

/** Without its coding, if it has one. */
function plainBody(message: StrictMessage): string {
  const { body } = message;
  if (body.length === 0 || fieldOf(message, "content-encoding") !== "gzip") return body.toString("latin1");
  try {
    return gunzipSync(body).toString("latin1");
  } catch (error) {
    return `no gzip: ${(error as Error).message}`;
  }
}

function shownBody(body: Content): string {
  return body === null ? "any body" : `${body.length} bytes ${JSON.stringify(body.slice(0, 40))}`;
}
