import { isIP } from "node:net";
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContext,
} from "node:tls";
import type { ClusterTls, EndpointConfig } from "../../config/model.ts";
import { loadAuthorities, loadKeyPair, TlsFileError } from "./pem.ts";
import { systemAuthorities } from "./system-authorities.ts";
import { applicationProtocols, minVersion } from "./tls.ts";

/** How to speak TLS to one endpoint, prepared once for all connections to it. */
export interface ClientTls {
  /** For `tls.connect`, less address and session. */
  readonly options: ConnectionOptions;
  /** The latest session of the endpoint: resuming saves a round trip and both sides the signature. */
  session: Buffer | undefined;
  readonly rememberSession: (session: Buffer) => void;
}

/** One context for all endpoints of a cluster; a reload brings a new config object, so files are read again. */
const contexts = new WeakMap<ClusterTls, SecureContext>();

/**
 * Reads the files and prepares TLS towards one endpoint of a cluster.
 *
 * @param endpoint whose host is sent and verified unless the config names another server.
 * @throws TlsFileError when the authorities, certificate or key file is unusable.
 */
export function prepareClientTls(config: ClusterTls, endpoint: EndpointConfig): ClientTls {
  const serverName = config.serverName ?? hostOf(endpoint);
  const prepared: ClientTls = {
    options: {
      secureContext: contextOf(config),
      rejectUnauthorized: config.verify,
      ALPNProtocols: [...applicationProtocols],
      checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
      // RFC 6066 section 3: no addresses in SNI.
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    },
    session: undefined,
    rememberSession: (session) => {
      prepared.session = session;
    },
  };
  return prepared;
}

/** A Unix socket has no host: the one in its authority stands in. */
function hostOf({ address, authority }: EndpointConfig): string {
  return "path" in address ? authority.replace(/:[0-9]+$/, "") : address.host;
}

function contextOf(config: ClusterTls): SecureContext {
  const known = contexts.get(config);
  if (known !== undefined) return known;
  const context = createContext(config);
  contexts.set(config, context);
  return context;
}

function createContext(config: ClusterTls): SecureContext {
  const ca = config.ca === null ? systemAuthorities() : loadAuthorities(config.ca);
  const identity = loadIdentity(config);
  try {
    return createSecureContext({ minVersion, ...(ca !== null && { ca }), ...identity });
  } catch (error) {
    const found = (error as { reason?: string }).reason ?? (error as Error).message;
    throw new TlsFileError(`Cannot use certificate ${config.cert}: ${found}`, { cause: error });
  }
}

function loadIdentity({ cert, key }: ClusterTls): { cert?: Buffer; key?: Buffer } {
  if (cert === null && key === null) return {};
  if (cert === null) throw new TlsFileError(`Cannot use key ${key}: no certificate is configured with it`);
  if (key === null) throw new TlsFileError(`Cannot use certificate ${cert}: no key is configured with it`);
  const pair = loadKeyPair(cert, key);
  return { cert: pair.cert, key: pair.key };
}
