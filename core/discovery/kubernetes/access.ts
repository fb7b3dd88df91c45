import { readFile } from "node:fs/promises";
import { formatHost } from "../../config/address.ts";
import { fileFault } from "../../config/source/file-fault.ts";
import type { DiscoveryConfig } from "../../config/traffic-model.ts";
import { ApiClient } from "../api-client.ts";
import { accountFiles, type SourceSetting } from "../source.ts";
import { SourceProblem } from "../source-problem.ts";

export type KubernetesConfig = Extract<DiscoveryConfig, { kind: "kubernetes" }>;

/** How to ask the API server now. */
export interface Access {
  readonly client: ApiClient;
  /** Without a slash at its end. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Characters of a token or of a file of authorities. */
const longestFile = 1024 * 1024;

/**
 * The way to the API server (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/). Its files are read every time: the token of a service account is good for an hour
 * and replaced before.
 */
export class KubernetesAccess {
  readonly #config: KubernetesConfig;
  readonly #setting: SourceSetting;
  #client: ApiClient | null = null;
  #ca: string | null = null;

  constructor(config: KubernetesConfig, setting: SourceSetting) {
    this.#config = config;
    this.#setting = setting;
  }

  /** @throws SourceProblem when a file or the address of the server is missing */
  async now(): Promise<Access> {
    const base = this.#base();
    if (!URL.canParse(base))
      throw new SourceProblem("unreachable", "the address of the API server is no URL");
    const { tokenFile, caFile } = this.#config;
    const usual = accountFiles(this.#setting.accountFolder);
    const isSafe = base.startsWith("https:");
    // The pod's own token is for TLS alone; one that the operator names goes where the operator says.
    const token = isSafe || tokenFile !== null ? await readSecret(tokenFile, usual.token) : null;
    const ca = isSafe ? await readSecret(caFile, usual.ca) : null;
    return {
      client: this.#clientWith(ca),
      base,
      headers: headersWith(token, tokenFile ?? usual.token),
    };
  }

  close(): void {
    this.#client?.close();
  }

  /** Connections that trust others than those of the file now are not used any more. */
  #clientWith(ca: string | null): ApiClient {
    if (this.#client === null || this.#ca !== ca) {
      this.#client?.close();
      this.#client = new ApiClient(this.#setting, ca);
      this.#ca = ca;
    }
    return this.#client;
  }

  #base(): string {
    if (this.#config.url !== null) return this.#config.url.replace(/\/+$/, "");
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = this.#setting.env;
    if (host === undefined || host === "") {
      throw new SourceProblem(
        "unreachable",
        "no API server is known: neither a url nor KUBERNETES_SERVICE_HOST is set",
      );
    }
    return `https://${formatHost(host)}:${port}`;
  }
}

/** Null: no file is named, and there is none where it would be. */
async function readSecret(named: string | null, usual: string): Promise<string | null> {
  const file = named ?? usual;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (named === null && (error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new SourceProblem("unreadable", `cannot read ${file}: ${fileFault(error)}`);
  }
  if (text.length > longestFile) throw new SourceProblem("unreadable", `cannot read ${file}: it is too long`);
  return text;
}

function headersWith(token: string | null, file: string): Record<string, string> {
  const accept = { accept: "application/json" };
  if (token === null) return accept;
  const text = token.trim();
  // RFC 6750 section 2.1; what is wrong with it is not shown.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(text)) {
    throw new SourceProblem("unreadable", `${file} holds no token`);
  }
  return { ...accept, authorization: `Bearer ${text}` };
}
