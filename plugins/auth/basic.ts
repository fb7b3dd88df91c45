/** Names and passwords (RFC 7617). */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Identity, PluginRequest } from "sluice/sdk";
import { Attempts } from "./attempts.ts";
import { bytesOf } from "./base64.ts";
import { checkArgon2 } from "./basic/argon2.ts";
import { type BasicConfig, basicSchema } from "./basic/config.ts";
import { type PasswordHash, readPasswordHash } from "./basic/password-hash.ts";
import {
  type AuthContext,
  absent,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";
import { TokenCache } from "./token-cache.ts";
import { passwordTurns } from "./turns.ts";

export const basic: StrategyType<BasicConfig> = {
  type: "basic",
  schema: basicSchema,
  create: (config) => basicStrategy(config, Date.now),
};

interface User {
  readonly verdict: Verdict;
  readonly isPassword: PasswordHash;
}

/** Of the base64 of both; longer ones are not looked at. */
const longest = 1024;

/** @throws Error for users that cannot be read */
export function basicStrategy(config: BasicConfig, now: () => number): Strategy {
  const users = readUsers(config);
  const challenge = `Basic realm="${config.realm}", charset="UTF-8"`;
  const cache = new TokenCache<Verdict>(config.cache);
  // A password that is remembered can neither be read from memory nor be tried out by who has not this salt.
  const salt = crypto.getRandomValues(new Uint8Array(32));
  const [stranger] = users.values();
  const attempts = new Attempts("basic", config.attempts);

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const field = request.headers.get("authorization");
    const [, credentials] = /^basic +(.*)$/i.exec(field ?? "") ?? [];
    if (credentials === undefined) return absent;
    const pair = readCredentials(credentials);
    if (pair === null) return refused("malformed");
    const mark = markOf(credentials);
    const known = cache.get(mark, now());
    if (known !== null) return pass(known, request);
    const wait = attempts.take(ctx);
    if (wait > 0) return { kind: "refused", reason: "too_many", status: 429, retryAfter: wait };
    return verify(pair, mark).then((verdict) => pass(verdict, request));
  }

  function verify({ name, password }: Credentials, mark: string): Promise<Verdict> {
    const user = users.get(name);
    // A name that nobody has takes as long as another, so that names cannot be found out.
    const isPassword = passwordTurns.take(() => (user ?? stranger)?.isPassword(password) ?? false);
    const conclude = (isRight: boolean): Verdict => {
      if (user === undefined || !isRight) return refused("password");
      cache.set(mark, user.verdict, now() + config.cacheFor * 1000);
      return user.verdict;
    };
    return isPassword.then(conclude);
  }

  function pass(verdict: Verdict, request: PluginRequest): Verdict {
    if (!config.forward && verdict.kind === "identity") request.headers.delete("authorization");
    return verdict;
  }

  function markOf(credentials: string): string {
    const bytes = new Uint8Array(salt.length + credentials.length);
    bytes.set(salt);
    for (let i = 0; i < credentials.length; i++) bytes[salt.length + i] = credentials.charCodeAt(i);
    return String.fromCharCode(...sha256(bytes));
  }

  return {
    name: "basic",
    challenge,
    async start() {
      if (users.size === 0) throw new Error("there are no users in users and htpasswd");
      if (/\$argon2/.test(`${config.htpasswd} ${config.users.map(({ password }) => password).join(" ")}`)) {
        await checkArgon2();
      }
    },
    authenticate,
  };
}

interface Credentials {
  readonly name: string;
  readonly password: string;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** RFC 7617, section 2: up to the first colon it is the name; neither of them has control characters. */
function readCredentials(base64: string): Credentials | null {
  if (base64.length > longest || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  try {
    const text = strictUtf8.decode(bytesOf(base64));
    const colon = text.indexOf(":");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for
    if (colon < 0 || /[\x00-\x1f\x7f]/.test(text)) return null;
    return { name: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return null;
  }
}

function readUsers({ users, htpasswd, allowFast }: BasicConfig): ReadonlyMap<string, User> {
  const known = new Map<string, User>();
  const lines = htpasswd.split("\n").map((line) => line.trim());
  const listed = lines.flatMap((line, index) =>
    line === "" || line.startsWith("#") ? [] : [readLine(line, index + 1)],
  );
  for (const { user, password, scopes, groups, claims } of [...users, ...listed]) {
    if (user.includes(":")) throw new Error("the name of a user has a colon");
    if (known.has(user)) throw new Error(`the user ${user} is there twice`);
    const identity: Identity = { subject: user, method: "basic", claims, scopes, groups };
    known.set(user, {
      verdict: { kind: "identity", identity },
      isPassword: hashOf(user, password, allowFast),
    });
  }
  return known;
}

function readLine(line: string, number: number): BasicConfig["users"][number] {
  const colon = line.indexOf(":");
  if (colon < 1) throw new Error(`htpasswd: line ${number} is not USER:HASH`);
  return { user: line.slice(0, colon), password: line.slice(colon + 1), scopes: [], groups: [], claims: {} };
}

function hashOf(user: string, password: string, allowFast: boolean): PasswordHash {
  try {
    return readPasswordHash(password, allowFast);
  } catch (error) {
    throw new Error(`the password of ${user}: ${(error as Error).message}`);
  }
}
