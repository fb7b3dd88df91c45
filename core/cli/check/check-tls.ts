import type { Config } from "../../config/model.ts";
import { prepareClientTls } from "../../net/tls/client-tls.ts";
import { TlsFileError } from "../../net/tls/pem.ts";
import { loadTlsMaterial } from "../../net/tls/tls.ts";

/** What is wrong inside the certificate and key files of a configuration, one line each. */
export function tlsFaults({ listeners, clusters }: Config): string[] {
  const checks = [
    ...listeners.map(
      ({ tls }) =>
        () =>
          tls && loadTlsMaterial(tls),
    ),
    ...clusters.map(
      ({ tls, endpoints }) =>
        () =>
          tls && prepareClientTls(tls, endpoints[0]!),
    ),
  ];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (error instanceof TlsFileError) return [error.message];
      throw error;
    }
  });
}
