import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Address } from "../../config/model.ts";
import { ignoreError } from "../../net/ignore-error.ts";
import { toListenError } from "../../net/listen-error.ts";
import { claimSocketPath, shareSocketPath } from "../../net/socket-path.ts";
import { type AdminActions, act } from "./action.ts";
import { isAdminHost } from "./host.ts";
import { type AdminPage, type AdminPages, problem } from "./page.ts";

export interface AdminListener {
  /** As bound: port 0 has become the port that the system chose. */
  readonly address: Address;
  close(): void;
}

/**
 * Serves the admin pages, and does what is asked by POST. They are for the operator's own tools: small requests, few
 * connections.
 *
 * @throws ListenError when the address cannot be had
 */
export async function listenAdmin(
  address: Address,
  pages: AdminPages,
  actions: AdminActions = {},
): Promise<AdminListener> {
  const table: Tables = { pages: new Map(Object.entries(pages)), actions: new Map(Object.entries(actions)) };
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 },
    (request, response) => void respond(request, response, table, address),
  );
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 1000;
  // Clients that do not read their responses would else keep the few connections for ever.
  server.timeout = 5000;
  const bound = await bind(server, address);
  // A connection that cannot be accepted must not end the process that supervises.
  server.on("error", ignoreError);
  return {
    address: bound,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bind(server: Server, address: Address): Promise<Address> {
  try {
    if ("path" in address) {
      await claimSocketPath(address.path);
    }
    server.listen(address);
    await once(server, "listening");
  } catch (error) {
    throw toListenError(error, address);
  }
  if ("path" in address) {
    shareSocketPath(address.path);
    return address;
  }
  return { host: address.host, port: (server.address() as AddressInfo).port };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  tables: Tables,
  bound: Address,
): Promise<void> {
  const { status, contentType, body, allow } = await pageFor(request, tables, bound);
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(allow !== undefined && { allow }),
    // A body that nobody read would be taken for the next request, or be waited for.
    ...(!request.complete && { connection: "close" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function pageFor(
  request: IncomingMessage,
  { pages, actions }: Tables,
  bound: Address,
): Promise<AdminPage & { readonly allow?: string }> {
  if (!isAdminHost(request.headers.host, bound)) {
    return problem(421, "Host is not an address of the admin listener");
  }
  const path = (request.url ?? "").split("?", 1)[0]!;
  const [page, action] = [pages.get(path), actions.get(path)];
  const { method } = request;
  try {
    if (action !== undefined && method === "POST") return await act(request, action);
    if (page !== undefined && (method === "GET" || method === "HEAD")) return await page();
  } catch {
    return problem(500, "Page cannot be made");
  }
  if (page === undefined && action === undefined) return problem(404, "No such page");
  const allow = page === undefined ? "POST" : action === undefined ? "GET, HEAD" : "GET, HEAD, POST";
  return { ...problem(405, "Method is not allowed"), allow };
}

interface Tables {
  readonly pages: ReadonlyMap<string, AdminPages[string]>;
  readonly actions: ReadonlyMap<string, AdminActions[string]>;
}
