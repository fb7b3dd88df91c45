/** A request on its way through the policies: what the endpoint would get of it now. */
import type { Edits } from "../../sdk/runtime/message.ts";
import { isToken } from "../wire/characters.ts";
import { type BodyOwner, editedBody, editedPriority, editedRequestId, editedText } from "./edit-values.ts";
import { editedTarget } from "./edited-target.ts";
import type { FieldEdits } from "./field-edits.ts";
import { type KnownIdentity, readIdentity } from "./identity.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";
import { type Steering, steered } from "./steering.ts";

export interface RequestFacts {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
}

export class RequestDraft {
  method: string;
  authority: string;
  path: string;
  query: string;
  /** Lines of the fields that guests may change. */
  fields: string;
  cluster: string | null = null;
  endpoint: string | null = null;
  /** What the cluster's balancer hashes. */
  hashKey: string | null = null;
  /** Of an attempt: what its balancer is to heed; null: nothing. */
  steering: Steering | null = null;
  /** Null: no policy has said who the client is. */
  identity: KnownIdentity | null = null;
  /** Null: as the route says. */
  priority: 0 | 1 | 2 | 3 | null = null;
  /** Null: as it was. */
  requestId: string | null = null;
  /** In the place of the body; null: as it comes. */
  body: string | Uint8Array | null = null;

  constructor(facts: RequestFacts, fields: string) {
    this.method = facts.method;
    this.authority = facts.authority;
    this.path = facts.path;
    this.query = facts.query;
    this.fields = fields;
  }

  /** A copy for one attempt: what it changes is gone with it. */
  copy(): RequestDraft {
    const copy = new RequestDraft(this, this.fields);
    copy.cluster = this.cluster;
    copy.endpoint = this.endpoint;
    copy.hashKey = this.hashKey;
    copy.identity = this.identity;
    copy.priority = this.priority;
    copy.body = this.body;
    return copy;
  }

  /**
   * All of it or nothing.
   *
   * @param owner told of a body before anything changes; it may refuse it
   * @throws MalformedOutcome when a value is not what it should be
   */
  edit(fields: FieldEdits, edits: Edits | null, bytes: Uint8Array | undefined, owner: BodyOwner): void {
    const edited = fields.appliedTo(this.fields);
    if (edits !== null) this.editHead(edits, bytes, owner);
    this.fields = edited;
  }

  private editHead(edits: Edits, bytes: Uint8Array | undefined, owner: BodyOwner): void {
    const method = edits.method === undefined ? this.method : methodFrom(edits.method, this.method);
    const target = edits.url === undefined ? null : editedTarget(edits.url);
    const cluster = edits.cluster === undefined ? this.cluster : editedText(edits.cluster, "cluster");
    const endpoint = edits.endpoint === undefined ? this.endpoint : editedEndpoint(edits.endpoint);
    const hashKey = edits.hashKey === undefined ? this.hashKey : editedText(edits.hashKey, "hash key");
    const isSteered = edits.avoid !== undefined || edits.prefer !== undefined;
    const steering = isSteered ? steered(this.steering, edits) : this.steering;
    const identity = edits.identity === undefined ? this.identity : readIdentity(edits.identity);
    const requestId = edits.requestId === undefined ? this.requestId : editedRequestId(edits.requestId);
    const priority = edits.priority === undefined ? this.priority : editedPriority(edits.priority);
    if (edits.body !== undefined) this.body = editedBody(edits.body, bytes, owner);
    this.method = method;
    if (target !== null) {
      this.authority = target.authority ?? this.authority;
      this.path = target.path;
      this.query = target.query;
    }
    this.cluster = cluster;
    this.endpoint = endpoint;
    this.hashKey = hashKey;
    this.steering = steering;
    this.identity = identity;
    this.requestId = requestId;
    this.priority = priority;
  }
}

function methodFrom(value: unknown, current: string): string {
  const method = editedText(value, "method");
  const isMethod =
    method.length <= 32 && method !== "" && [...method].every((c) => isToken[c.charCodeAt(0)] === 1);
  if (!isMethod || method === "CONNECT" || method === "TRACE") {
    throw new MalformedOutcome("Cannot change the method: it is none that passes a proxy");
  }
  // The client would wait for a body that does not come, or get one that it does not expect.
  if ((method === "HEAD") !== (current === "HEAD")) {
    throw new MalformedOutcome("Cannot change the method: HEAD and other methods have different responses");
  }
  return method;
}

/** Policies that see the attempt are told the name as it stands, and by then nobody has looked for such an endpoint. */
function editedEndpoint(value: unknown): string | null {
  if (value === null) return null;
  const name = editedText(value, "endpoint");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they end lines and messages
  if (!/[\0-\x1f\x7f]/.test(name)) return name;
  throw new MalformedOutcome(
    "Cannot change the endpoint: its name holds a control character; look at what a client sent before you pass it on",
  );
}
