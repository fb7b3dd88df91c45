import t from "tap";
import { endpointsOf, readSlice } from "../../../core/discovery/kubernetes/slice.ts";

/** An EndpointSlice, less what is not looked at. */
function slice(endpoints: readonly object[], more: object = {}) {
  return readSlice({
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    endpoints,
    ...more,
  });
}

function endpoint(address: string, conditions: object = { ready: true }, more: object = {}) {
  return { addresses: [address], conditions, ...more };
}

function hosts(
  slices: ReturnType<typeof slice>[],
  port: string | number = "http",
  families: (4 | 6)[] = [4, 6],
) {
  return endpointsOf(slices, port, families).endpoints.map(({ host, port }) => `${host}:${port}`);
}

t.test("ready endpoints get requests; what is not told of ready is true", async (t) => {
  const listed = [
    endpoint("10.0.0.1"),
    endpoint("10.0.0.2", {}),
    { addresses: ["10.0.0.3"] },
    endpoint("10.0.0.4", { ready: null }),
    endpoint("10.0.0.5", { ready: false }),
    endpoint("10.0.0.6", { ready: false, serving: true, terminating: true }),
  ];
  t.same(hosts([slice(listed)]), ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.4:8080"]);
});

t.test("when none is ready, those that still serve while they terminate do", async (t) => {
  const listed = [
    endpoint("10.0.0.1", { ready: false, serving: true, terminating: true }),
    endpoint("10.0.0.2", { ready: false, serving: false, terminating: true }),
    endpoint("10.0.0.3", { ready: false, serving: false, terminating: false }),
    endpoint("10.0.0.4", { ready: false }),
    endpoint("10.0.0.5", { ready: false, serving: true }),
  ];
  t.same(hosts([slice(listed)]), ["10.0.0.1:8080"]);
});

t.test("a port is found by name or number, in each slice of its own, among those of TCP", async (t) => {
  const ports = [
    { name: "http", port: 53, protocol: "UDP" },
    { name: "http", port: 8081 },
    { name: "admin", port: 9000, protocol: "TCP" },
  ];
  const slices = [slice([endpoint("10.0.0.1")]), slice([endpoint("10.0.0.2")], { ports })];
  t.same(hosts(slices), ["10.0.0.1:8080", "10.0.0.2:8081"]);
  t.same(hosts(slices, 9000), ["10.0.0.2:9000"]);
  t.same(hosts(slices, 53), []);
  t.same(
    hosts([slice([endpoint("10.0.0.1")], { ports: null })], 7000),
    ["10.0.0.1:7000"],
    "no ports: all ports",
  );
  t.same(hosts([slice([endpoint("10.0.0.1")], { ports: [{ name: "", port: 80 }] })], ""), ["10.0.0.1:80"]);
});

t.test("a port that no slice has is told with those that there are", async (t) => {
  const slices = [slice([endpoint("10.0.0.1")]), slice([], { ports: [{ name: "other", port: 1 }] })];
  t.same(endpointsOf(slices, "grpc", [4, 6]).otherPorts, ["http:8080"]);
  t.same(endpointsOf([slice([])], "grpc", [4, 6]).otherPorts, [], "a slice without endpoints misses nothing");
});

t.test("a pod with addresses of both families is one endpoint, of the better family", async (t) => {
  const of = (uid: string) => ({ targetRef: { kind: "Pod", name: uid, uid } });
  const six = slice(
    [endpoint("fd00::1", { ready: true }, of("a")), endpoint("fd00::2", { ready: true }, of("b"))],
    {
      addressType: "IPv6",
    },
  );
  const four = slice([endpoint("10.0.0.1", { ready: true }, of("a"))]);
  t.same(hosts([six, four]).sort(), ["10.0.0.1:8080", "fd00::2:8080"]);
  t.same(hosts([four, six], "http", [6, 4]).sort(), ["fd00::1:8080", "fd00::2:8080"]);
  t.same(hosts([four, six], "http", [4]), ["10.0.0.1:8080"]);
});

t.test("an endpoint in two slices counts once, and is ready when one of them says so", async (t) => {
  const gone = slice([endpoint("10.0.0.1", { ready: false, serving: true, terminating: true })]);
  t.same(hosts([gone, slice([endpoint("10.0.0.1")]), slice([endpoint("10.0.0.1")])]), ["10.0.0.1:8080"]);
});

t.test("zones are kept, and names are addresses too", async (t) => {
  const named = slice([endpoint("db.example.com", {}, { zone: "us-1a" })], { addressType: "FQDN" });
  t.same(endpointsOf([named], "http", [4]).endpoints, [
    { host: "db.example.com", port: 8080, weight: 1, zone: "us-1a", priority: 0 },
  ]);
});

t.test("what does not read is counted, and harms nothing", async (t) => {
  const odd = slice([
    null,
    7,
    {},
    { addresses: [] },
    { addresses: [8] },
    endpoint("a b"),
    endpoint("10.0.0.1"),
  ] as object[]);
  t.equal(endpointsOf([odd], "http", [4]).unusable, 6);
  t.same(hosts([odd]), ["10.0.0.1:8080"]);
  t.same(hosts([readSlice({}), readSlice({ endpoints: {}, ports: "x" })]), []);
  t.same(
    hosts([
      slice([endpoint("10.0.0.1")], {
        ports: [{ name: "http", port: 0 }, { name: "http", port: "80" }, null],
      }),
    ]),
    [],
  );
});
