/** The shape of where a cluster's endpoints come from. */
import { discoveryEveryBounds } from "../bounds.ts";
import { defaultDiscoveryEvery } from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { closed, duration, expected, text } from "./terms.ts";

const hostAndPort = Type.String({ minLength: 1, ...expected('a host and port such as "api.internal:80"') });
const named = (what: string) => Type.String({ minLength: 1, ...expected(what) });

const consul = Type.Object(
  {
    url: text("a URL", { description: "Of Consul's HTTP API.", default: "http://127.0.0.1:8500" }),
    service: named("the name of a service"),
    tag: text("a tag", { description: "Only instances that have it." }),
    datacenter: text("a datacenter", { description: "Default: that of the agent." }),
    token: text("a token", { description: "X-Consul-Token; better from a variable." }),
  },
  closed,
);

const kubernetes = Type.Object(
  {
    service: named("the name of a service"),
    namespace: text("the name of a namespace", { description: "Where it is.", default: "default" }),
    port: Type.Union(
      [Type.Integer({ minimum: 1, maximum: 65_535 }), Type.String({ minLength: 1 })],
      expected("the name or the number of a port"),
    ),
    url: text("a URL", { description: "Of the API server. Default: what the pod's environment says." }),
    tokenFile: text("a path", { description: "Default: that of the pod's service account." }),
    caFile: text("the path of a PEM file", { description: "Default: that of the pod's service account." }),
  },
  closed,
);

/** One of its keys: which, is asked when the shape is right, so that one sentence says what is wrong. */
export const discovery = Type.Object(
  {
    dns: Type.Optional(hostAndPort),
    srv: text("the name of SRV records", { description: "Such as _http._tcp.api.internal." }),
    resolvers: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 8,
        description:
          "With dns or srv: addresses of the name servers that are asked, such as 10.0.0.2 or 10.0.0.2:5353. Default: those of the system.",
      }),
    ),
    file: text("the path of a YAML or JSON file", { description: "A list like `endpoints`, watched." }),
    consul: Type.Optional(consul),
    kubernetes: Type.Optional(kubernetes),
    plugin: text("the name of a plugin", { description: "Its `discover` finds them." }),
    every: duration(defaultDiscoveryEvery, discoveryEveryBounds, "How often the plugin is asked."),
    config: Type.Optional(
      Type.Unknown({
        description: "Of the plugin, as its own schema describes. Default: that of its settings.",
      }),
    ),
  },
  {
    description:
      "Where endpoints come from, in the place of a list, by one of: dns (A and AAAA records), srv, file, consul, kubernetes, plugin. Names are full ones: the resolver is asked, not /etc/hosts or search domains.",
    ...closed,
  },
);
