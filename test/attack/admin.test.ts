import { connect, type Socket } from "node:net";
import t, { type Test } from "tap";
import type { Address } from "../../core/config/model.ts";
import { listenAdmin } from "../../core/control/admin/admin.ts";
import type { AdminPages } from "../../core/control/admin/page.ts";
import { field, readMessage } from "../support/message.ts";
import { RawPeer } from "../support/raw-peer.ts";

// Most of them only wait.
t.jobs = 8;
const pages: AdminPages = {
  "/ok": () => ({ status: 200, contentType: "text/plain", body: "fine\n" }),
  "/big": () => ({ status: 200, contentType: "text/plain", body: "x".repeat(2 * 1024 * 1024) }),
};

async function startAdmin(t: Test): Promise<Address> {
  const admin = await listenAdmin({ host: "127.0.0.1", port: 0 }, pages);
  t.teardown(() => admin.close());
  return admin.address;
}

function open(t: Test, address: Address): RawPeer {
  const socket: Socket = connect({ ...address, allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  return new RawPeer(socket);
}

const request = (path: string, host = "localhost") => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

t.test("DNS rebinding fails, in whatever way a page names its own host (CWE-350)", async (t) => {
  const address = await startAdmin(t);
  const attempts = {
    "its name": request("/ok", "evil.example:9901"),
    "its name and localhost": `GET /ok HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n`,
    "two Hosts": "GET /ok HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n",
    "no Host": "GET /ok HTTP/1.0\r\n\r\n",
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    const client = open(t, address);
    client.write(attempt);
    const response = await readMessage(client);
    t.ok([400, 421].includes(response.status), `${name}: ${response.status}`);
    t.notMatch(response.body, "fine");
  }
  const absolute = open(t, address);
  absolute.write(request("http://evil.example/ok"));
  t.equal((await readMessage(absolute)).status, 404);
});

t.test("no page may be read by a page of another origin", async (t) => {
  const client = open(t, await startAdmin(t));
  client.write("GET /ok HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n");
  const response = await readMessage(client);
  t.equal(field(response, "access-control-allow-origin"), null);
  t.equal(field(response, "x-content-type-options"), "nosniff");
});

t.test("names of JavaScript's own are no pages [CVE-2026-21710]", async (t) => {
  const address = await startAdmin(t);
  for (const path of ["/__proto__", "/constructor", "/toString", "__proto__", "*"]) {
    const client = open(t, address);
    client.write(request(path));
    t.ok([400, 404].includes((await readMessage(client)).status), path);
  }
});

const slow: Record<string, string> = {
  "a head that never ends": "GET /ok HTTP/1.1\r\nHost: localhost\r\n",
  "a body that never comes": "POST /ok HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
  "responses that nobody reads": request("/big").repeat(16),
};

for (const [name, bytes] of Object.entries(slow)) {
  t.test(
    `64 connections with ${name} do not keep the operator out for long`,
    { buffered: true },
    async (t) => {
      const address = await startAdmin(t);
      const attackers = Array.from({ length: 64 }, () => open(t, address));
      for (const attacker of attackers) {
        attacker.write(bytes);
        attacker.socket.pause();
      }
      t.equal(await firstAnswer(t, address), 200);
    },
  );
}

/** Asks until there is an answer: a connection more than the listener takes is closed at once. */
async function firstAnswer(t: Test, address: Address): Promise<number> {
  for (;;) {
    const client = open(t, address);
    client.write(request("/ok"));
    try {
      return (await readMessage(client)).status;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

t.test("a big body is not waited for", async (t) => {
  const client = open(t, await startAdmin(t));
  client.write("POST /ok HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n");
  t.equal((await readMessage(client)).status, 405);
});
