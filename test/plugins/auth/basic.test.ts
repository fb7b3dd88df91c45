import nodeCrypto, { createHash, pbkdf2Sync, scryptSync } from "node:crypto";
import { argon2id } from "@noble/hashes/argon2.js";
import { hashSync } from "bcryptjs";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { readPasswordHash } from "../../../plugins/auth/basic/password-hash.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { engines, onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const salt = Buffer.from("0123456789abcdef");
const base64 = (bytes: Buffer) => bytes.toString("base64");
const pbkdf2 = (password: string) =>
  `pbkdf2:sha256:10000:${base64(salt)}:${base64(pbkdf2Sync(password, salt, 10_000, 32, "sha256"))}`;
const phc = (bytes: Buffer) => base64(bytes).replaceAll("=", "");
const scrypt = (password: string, ln = 4) =>
  `$scrypt$ln=${ln},r=8,p=1$${phc(salt)}$${phc(scryptSync(password, salt, 32, { N: 2 ** ln, r: 8, p: 1 }))}`;
/** Of another program. */
const argon2 = (password: string) => {
  const hash = Buffer.from(argon2id(password, salt, { m: 8192, t: 2, p: 1, dkLen: 32 }));
  return `$argon2id$v=19$m=8192,t=2,p=1$${phc(salt)}$${phc(hash)}`;
};
const hasArgon2 = typeof nodeCrypto.argon2 === "function";
const sha256 = (password: string) => `{SHA256}${createHash("sha256").update(password).digest("base64")}`;

const alice = { user: "alice", password: pbkdf2("open: sesame"), groups: ["staff"] };
const upstream = (request: Request) => Response.json(Object.fromEntries(request.headers));
const start = (settings: object = {}, options: Partial<TestGatewayOptions> = {}) =>
  testGateway({
    plugins: [["auth", { strategies: [{ type: "basic", users: [alice], ...settings }] }]],
    upstream,
    ...options,
  });
const as = (text: string) => ({
  headers: { authorization: `Basic ${Buffer.from(text).toString("base64")}` },
});

onEachEngine("who knows the password passes, and the service does not get it", async (t, engine) => {
  await using gateway = await start({ realm: "orders" }, { engine });
  for (const turn of ["first", "remembered"]) {
    const seen = (await (await gateway.fetch("/", as("alice:open: sesame"))).json()) as object;
    t.match(seen, { "x-auth-subject": "alice", "x-auth-method": "basic", "x-auth-groups": "staff" }, turn);
    t.notOk("authorization" in seen);
  }
  for (const wrong of [
    "alice:open",
    "alice:",
    "alice",
    ":",
    "bob:open: sesame",
    "ALICE:open: sesame",
    "alice:open: sesame\n",
    "",
  ]) {
    const response = await gateway.fetch("/", as(wrong));
    t.equal(response.status, 401, JSON.stringify(wrong));
    t.equal(response.headers.get("www-authenticate"), 'Basic realm="orders", charset="UTF-8"');
  }
  t.equal((await gateway.fetch("/", { headers: { authorization: "Basic !!!!" } })).status, 401);
  t.equal((await gateway.fetch("/", { headers: { authorization: "Bearer x" } })).status, 401);
  t.same(gateway.faults, []);
});

t.test(
  "attack: passwords that are tried by the thousand end in 429, from one address and not for all",
  async (t) => {
    await using gateway = await start({ attempts: 5 });
    const statuses: number[] = [];
    t.equal((await gateway.fetch("/", as("alice:open: sesame"))).status, 200);
    for (let turn = 0; turn < 6; turn++)
      statuses.push((await gateway.fetch("/", as(`alice:${turn}`))).status);
    t.same(statuses, [401, 401, 401, 401, 429, 429]);
    const last = await gateway.fetch("/", as("alice:x"));
    t.ok(Number(last.headers.get("retry-after")) > 0);
    t.equal(
      (await gateway.fetch("/", as("alice:open: sesame"))).status,
      200,
      "what is remembered is no attempt",
    );
  },
);

t.test("attack: a name that nobody has is hashed for like another", async (t) => {
  await using gateway = await start();
  const took = async (name: string) => {
    const begun = performance.now();
    for (let turn = 0; turn < 5; turn++) await gateway.fetch("/", as(`${name}:${turn}`));
    return performance.now() - begun;
  };
  await took("alice");
  const [known, unknown] = [await took("alice"), await took("nobody")];
  t.ok(unknown > known / 4, `${unknown} and ${known} ms`);
});

t.test("hashes of each kind know their password and no other", async (t) => {
  const sha512 = `pbkdf2:sha512:10000:${base64(salt)}:${base64(pbkdf2Sync("Pässword", salt, 10_000, 64, "sha512"))}`;
  for (const hash of [pbkdf2("Pässword"), sha512, scrypt("Pässword"), sha256("Pässword")]) {
    const isPassword = readPasswordHash(hash, true);
    t.equal(await isPassword("Pässword"), true, hash.slice(0, 15));
    for (const other of ["", "Passwort", "Pässword ", "Pässwor"]) t.equal(await isPassword(other), false);
  }
});

t.test("hashes that protect nothing, or cost too much, are refused without being told", async (t) => {
  const refused = (hash: string, message: RegExp) => {
    const found = t.throws(() => readPasswordHash(hash, false), { message }, hash.slice(0, 20)) as Error;
    if (hash.length > 40) t.notOk(found.message.includes(hash.slice(20)));
  };
  refused("hunter2", /none of/);
  refused("$apr1$abcdefgh$0123456789", /none of/);
  refused("{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=", /none of/);
  refused(sha256("x"), /allowFast is false/);
  const bcrypt = "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
  for (const cost of ["11", "12", "31", "04", "00"]) {
    refused(bcrypt.replace("10", cost), /cost of 5 to 10, and others would hold up all requests/);
  }
  refused(bcrypt.replace("$2y", "$2x"), /has not the form/);
  refused(bcrypt.replace("$2y", "$2"), /has not the form/);
  refused(bcrypt.slice(0, -1), /has not the form/);
  refused(bcrypt.replace("$10", "$1"), /has not the form/);
  refused(argon2("x").replace("m=8192", "m=65537"), /costs more than m=65536,t=3/);
  refused(argon2("x").replace("t=2", "t=25"), /costs more/);
  refused(argon2("x").replace("t=2", "t=1"), /m times t below 16384/);
  for (const [part, other] of [
    ["argon2id", "argon2i"],
    ["argon2id", "argon2d"],
    ["v=19", "v=16"],
    ["p=1", "p=0"],
    ["t=2", "t=0"],
    ["$m=", "$x=1,m="],
  ] as const) {
    refused(argon2("x").replace(part, other), /not of the form/);
  }
  refused(argon2("x").slice(0, -30), /not of the form/);
  refused(pbkdf2("x").replace("10000", "1"), /10000 to 1000000 rounds/);
  refused(pbkdf2("x").replace("10000", "1e9"), /rounds/);
  refused(pbkdf2("x").replace("sha256", "md5"), /sha256 or sha512/);
  refused(`${pbkdf2("x")}:x`, /more than five/);
  refused(pbkdf2("x").slice(0, -20), /base64 of 32/);
  refused(scrypt("x", 4).replace("ln=4", "ln=15"), /costs more/);
  refused(scrypt("x", 4).replace("ln=4", "ln=x"), /has not its form/);
});

onEachEngine("Argon2id knows its password and no other, where the runtime has it", async (t, engine) => {
  const config = { users: [], htpasswd: `frank:${argon2("Pässword")}` };
  if (!hasArgon2) {
    await t.rejects(start(config, { engine }), { message: /this runtime lacks Argon2/ });
    return;
  }
  await using gateway = await start(config, { engine });
  t.equal((await gateway.fetch("/", as("frank:Pässword"))).status, 200);
  for (const other of ["", "Passwort", "Pässword "]) {
    t.equal((await gateway.fetch("/", as(`frank:${other}`))).status, 401);
  }
  t.same(gateway.faults, []);
});

t.test("bcrypt knows the hashes of others, in each of its three names", async (t) => {
  // Of crypt_blowfish, and of `htpasswd -nbB`.
  const known: readonly (readonly [hash: string, password: string])[] = [
    ["$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"],
    ["$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"],
    ["$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"],
    ["$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""],
  ];
  for (const [hash, password] of known) {
    for (const name of ["$2a", "$2b", "$2y"]) {
      const isPassword = readPasswordHash(hash.replace("$2a", name), false);
      t.equal(await isPassword(password), true, hash);
      t.equal(await isPassword(`${password} `), false);
    }
  }
});

t.test("attack: a password that is longer than bcrypt looks at, and begins like the right one", async (t) => {
  const longest = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(2);
  const isPassword = readPasswordHash(hashSync(longest, 5), false);
  t.equal(await isPassword(longest), true);
  t.equal(await isPassword(`${longest}x`), false);
  t.equal(await readPasswordHash(hashSync(`${longest}x`, 5), false)(`${longest}y`), false);
  t.equal(await readPasswordHash(hashSync("é".repeat(37), 5), false)("é".repeat(37)), false, "74 bytes");
});

t.test("users of an htpasswd file that `htpasswd -B` wrote", async (t) => {
  const htpasswd = `erin:${hashSync("e", 5).replace("$2b", "$2y")}\n`;
  for (const engine of engines.filter((engine) => engine !== "quickjs")) {
    await using gateway = await start({ users: [], htpasswd }, { engine });
    t.equal((await gateway.fetch("/", as("erin:e"))).status, 200, engine);
    t.equal((await gateway.fetch("/", as("erin:f"))).status, 401);
    t.same(gateway.faults, []);
  }
});

t.test("users of an htpasswd file", async (t) => {
  const htpasswd = `# staff\n\ncarol:${pbkdf2("c")}\r\ndave:${sha256("d")}\n`;
  await using gateway = await start({ users: [], htpasswd, allowFast: true });
  t.equal((await gateway.fetch("/", as("carol:c"))).status, 200);
  t.equal((await gateway.fetch("/", as("dave:d"))).status, 200);
  t.equal((await gateway.fetch("/", as("# staff:"))).status, 401);
  await t.rejects(start({ htpasswd: "hunter2" }), { message: /line 1 is not USER:HASH/ });
  await t.rejects(start({ users: [alice, alice] }), { message: /alice is there twice/ });
  await t.rejects(start({ users: [] }), { message: /there are no users/ });
});

t.test("through a real listener", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const strategies = [{ type: "basic", users: [alice] }];
  const { ask } = await startBuiltInGateway(t, service.address, [
    { plugin: "auth", config: { strategies, require: "any" } },
  ]);
  t.equal((await ask(get("/"))).status, 401);
  t.equal(
    (await ask(get("/", `Authorization: ${as("alice:open: sesame").headers.authorization}`))).status,
    200,
  );
});
