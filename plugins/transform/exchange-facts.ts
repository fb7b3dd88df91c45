import type { Context } from "sluice/sdk";
import { targetOf } from "../shared/target.ts";
import type { Facts } from "./facts.ts";

const nothing: ReadonlyMap<string, string> = new Map();

/** What one rule may ask of an exchange. Most ask for little of it: the rest is never looked up. */
export class ExchangeFacts implements Facts {
  readonly method: string;
  readonly headers: Facts["headers"];
  readonly requestHeader: Facts["requestHeader"];
  readonly status: number;
  named = nothing;
  private readonly context: Context;
  private readonly source: { readonly url: string };
  private target: { readonly path: string; readonly query: string } | null = null;

  /** @param source whose URL stays as it is */
  constructor(
    context: Context,
    method: string,
    source: { readonly url: string },
    headers: Facts["headers"],
    requestHeader: Facts["requestHeader"],
    status: number,
  ) {
    this.context = context;
    this.method = method;
    this.source = source;
    this.headers = headers;
    this.requestHeader = requestHeader;
    this.status = status;
  }

  get path(): string {
    this.target ??= targetOf(this.source.url);
    return this.target.path;
  }

  get query(): string {
    this.target ??= targetOf(this.source.url);
    return this.target.query;
  }

  get client(): Facts["client"] {
    return this.context.client;
  }

  get identity(): Facts["identity"] {
    return this.context.identity;
  }

  get requestId(): string {
    return this.context.requestId;
  }
}
