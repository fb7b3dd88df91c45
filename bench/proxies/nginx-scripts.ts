import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkGate, checkTellingGate, gateKey } from "./gate.ts";
import { type NginxParts, nginx, nginxWith } from "./nginx.ts";
import type { ProxyServer } from "./proxy.ts";

/** Where distributions put the modules that nginx loads. */
const folders = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"];

interface Modules {
  readonly modules: readonly string[];
  /** Package that brings the modules. */
  readonly debian: string;
}

export const luaModules: Modules = {
  modules: ["ndk_http_module.so", "ngx_http_lua_module.so"],
  debian: "libnginx-mod-http-lua",
};
export const njsModules: Modules = { modules: ["ngx_http_js_module.so"], debian: "libnginx-mod-http-js" };

const luaGate = `
    access_by_lua_block {
      if ngx.var.http_x_api_key ~= "${gateKey}" then return ngx.exit(401) end
      ngx.req.set_header("x-tenant", "acme")
    }
    header_filter_by_lua_block { ngx.header["x-policy"] = "seen" }`;

/** nginx with the gate in Lua, in the phases that are made for it. */
export const nginxLua: ProxyServer = scripted({
  name: "nginx-lua",
  ...luaModules,
  parts: () => ({ server: luaGate }),
  check: checkGate,
});

/** The same, telling services and clients what Sluice tells them of its own accord. */
export const nginxLuaTelling: ProxyServer = scripted({
  name: "nginx-lua-telling",
  ...luaModules,
  parts: () => ({
    http: `proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header Via "1.1 nginx";`,
    server: `add_header Via "1.1 nginx";${luaGate}`,
  }),
  check: checkTellingGate,
});

/** nginx with the gate in njs, which has no access phase: a variable holds the tenant, and "" means none. */
export const nginxNjs: ProxyServer = scripted({
  name: "nginx-njs",
  ...njsModules,
  scripts: {
    "gate.js": `
function tenant(request) {
  return request.headersIn["x-api-key"] === "${gateKey}" ? "acme" : "";
}
function mark(request) {
  request.headersOut["x-policy"] = "seen";
}
export default { tenant, mark };
`,
  },
  parts: (directory) => ({
    http: `js_path ${directory}; js_import gate from gate.js; js_set $tenant gate.tenant;
  proxy_set_header X-Tenant $tenant;`,
    server: `if ($tenant = "") { return 401; }`,
    location: "js_header_filter gate.mark;",
  }),
  check: checkGate,
});

interface Scripted extends Modules {
  readonly name: string;
  /** Files beside the configuration, by their names. */
  readonly scripts?: Readonly<Record<string, string>>;
  readonly parts: (directory: string) => NginxParts;
  readonly check: NonNullable<ProxyServer["check"]>;
}

/** nginx with modules that run scripts. */
export function scripted({ name, modules, debian, scripts = {}, parts, check }: Scripted): ProxyServer {
  const folder = folders.find((path) => modules.every((module) => existsSync(join(path, module))));
  const main = modules.map((module) => `load_module ${join(folder ?? "", module)};`).join(" ");
  const missing = folder === undefined ? `its module is not installed (Debian: ${debian})` : null;
  return {
    name,
    absent: nginx.absent ?? missing,
    async prepare(setup) {
      for (const [file, text] of Object.entries(scripts)) await writeFile(join(setup.directory, file), text);
      return nginxWith(name, { main, ...parts(setup.directory) }).prepare(setup);
    },
    check,
  };
}
