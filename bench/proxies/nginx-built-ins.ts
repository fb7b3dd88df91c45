/** nginx doing the work of built-in policies: by its own modules where it has them, by scripts where not. */
import { join } from "node:path";
import {
  apiKey,
  checkCache,
  checkJson,
  checkKeyAndLimit,
  checkLimit,
  checkToken,
  expectedToken,
  narrowPath,
  publicKey,
  subject,
  subjectField,
  wideLimit,
} from "./built-in-work.ts";
import { nginxWith } from "./nginx.ts";
import { luaModules, njsModules, scripted } from "./nginx-scripts.ts";
import type { ProxyServer } from "./proxy.ts";

const burst = 100_000;

/** `limit_req` of an address. */
export const nginxLimit: ProxyServer = {
  ...nginxWith("nginx-limit", limits("$binary_remote_addr")),
  check: (target) => checkLimit(target),
};

/** `limit_req` of a key, which Lua looks up in a table. */
export const nginxKeyAndLimit: ProxyServer = scripted({
  name: "nginx-key-limit",
  ...luaModules,
  parts() {
    const { http, server, location } = limits("$http_x_api_key");
    const lua = `
    access_by_lua_block {
      local subject = keys[ngx.var.http_x_api_key]
      if not subject then return ngx.exit(401) end
      ngx.req.clear_header("x-api-key")
      ngx.req.set_header("${subjectField}", subject)
    }`;
    const table = `init_by_lua_block { keys = { ["${apiKey}"] = "${subject}" } }`;
    return { http: `${http} ${table}`, server: `${lua} ${server}`, location };
  },
  check: checkKeyAndLimit,
});

/** `proxy_cache`, with files sent by the kernel. */
export const nginxCache: ProxyServer = {
  ...nginxWith("nginx-cache", ({ directory }) => ({
    http: `proxy_cache_path ${join(directory, "cache")} levels=1:2 keys_zone=app:10m; sendfile on;`,
    location: "proxy_cache app;",
  })),
  check: checkCache,
};

/**
 * Tokens that njs verifies: `auth_request` asks a server on a local socket, and `proxy_cache` keeps its answer. A script
 * of njs itself remembers nothing from one request to the next.
 */
export const nginxToken: ProxyServer = scripted({
  name: "nginx-njs-jwt",
  ...njsModules,
  scripts: { "jwt.js": verifier() },
  parts: (directory) => ({
    http: `js_path ${directory}; js_import jwt from jwt.js;
  proxy_cache_path ${join(directory, "jwt")} keys_zone=jwt:1m;
  proxy_set_header ${subjectField} $subject;
  server { listen unix:${join(directory, "jwt.sock")}; location / { js_content jwt.verify; } }`,
    server: `auth_request /_jwt;
    auth_request_set $subject $upstream_http_x_subject;
    location = /_jwt {
      internal;
      auth_request off;
      proxy_pass http://unix:${join(directory, "jwt.sock")}:/;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_cache jwt;
      proxy_cache_key $http_authorization;
      proxy_cache_valid 204 5m;
    }`,
  }),
  check: checkToken,
});

/** JSON that Lua reads and writes with cjson. */
export const nginxJson: ProxyServer = scripted({
  name: "nginx-lua-json",
  ...luaModules,
  parts: () => ({
    http: `init_by_lua_block { cjson = require "cjson.safe" }`,
    location: `
      header_filter_by_lua_block { ngx.header.content_length = nil }
      body_filter_by_lua_block {
        local held = (ngx.ctx.held or "") .. (ngx.arg[1] or "")
        if not ngx.arg[2] then
          ngx.ctx.held, ngx.arg[1] = held, nil
          return
        end
        local record = cjson.decode(held)
        if record then
          record.stock = nil
          record.title, record.name = record.name, nil
          record.seen = true
          held = cjson.encode(record)
        end
        ngx.arg[1] = held
      }`,
  }),
  check: checkJson,
});

function limits(key: string): { http: string; server: string; location: string } {
  const zone = (name: string, rate: string) => `limit_req_zone ${key} zone=${name}:10m rate=${rate};`;
  return {
    http: `${zone("wide", `${wideLimit}r/s`)} ${zone("narrow", "1r/m")} limit_req_status 429;`,
    server: `location = ${narrowPath} { limit_req zone=narrow; proxy_pass http://app; }`,
    location: `limit_req zone=wide burst=${burst} nodelay;`,
  };
}

function verifier(): string {
  return `
const name = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const key = ${JSON.stringify(publicKey.replace(/-----[^-]+-----|\s/g, ""))};
async function verify(request) {
  const field = request.headersIn.authorization || "";
  const parts = field.slice(7).split(".");
  if (!field.startsWith("Bearer ") || parts.length !== 3) return request.return(401);
  const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
  if (read(parts[0]).alg !== "RS256") return request.return(401);
  const imported = await crypto.subtle.importKey("spki", Buffer.from(key, "base64"), name, false, ["verify"]);
  const signature = Buffer.from(parts[2], "base64url");
  const good = await crypto.subtle.verify(name, imported, signature, Buffer.from(parts[0] + "." + parts[1]));
  const claims = read(parts[1]);
  const now = Date.now() / 1000;
  if (!good || claims.iss !== "${expectedToken.issuer}" || claims.aud !== "${expectedToken.audience}" || claims.exp <= now)
    return request.return(401);
  request.headersOut["x-subject"] = claims.sub;
  request.return(204);
}
export default { verify };
`;
}
