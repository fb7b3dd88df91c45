import t from "tap";
import { describe } from "../../core/discovery/describe.ts";

t.test("each source is told in a few words, without its secrets", async (t) => {
  const consul = {
    kind: "consul",
    url: "http://me:pw@127.0.0.1:8500",
    service: "redis",
    token: "secret",
  } as const;
  const kubernetes = {
    kind: "kubernetes",
    service: "cart",
    namespace: "shop",
    url: null,
    tokenFile: null,
    caFile: null,
  } as const;
  t.same(
    [
      describe({ kind: "dns", host: "api.internal", port: 80 }),
      describe({ kind: "dns", host: "fd00::1", port: 80 }),
      describe({ kind: "srv", name: "_http._tcp.api.internal" }),
      describe({ kind: "file", path: "/etc/sluice/endpoints.yaml" }),
      describe({ ...consul, tag: null, datacenter: null }),
      describe({ ...consul, tag: "v1", datacenter: "dc1" }),
      describe({ ...kubernetes, port: "http" }),
      describe({ kind: "plugin", plugin: "registry", every: 5_000, config: null }),
    ],
    [
      "dns api.internal:80",
      "dns [fd00::1]:80",
      "srv _http._tcp.api.internal",
      "file /etc/sluice/endpoints.yaml",
      "consul redis at http://***@127.0.0.1:8500",
      "consul redis tag v1 in dc1 at http://***@127.0.0.1:8500",
      "kubernetes shop/cart:http",
      "plugin registry",
    ],
  );
});
