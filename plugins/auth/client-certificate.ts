/** Clients that show a certificate which an authority of the listener signed. */
import type { ClientCertificate, ConfigOf, PluginRequest } from "sluice/sdk";
import {
  type CertificateNames,
  nameKinds,
  namesOf,
  plainFingerprint,
} from "./client-certificate/certificate-names.ts";
import { type NamePattern, namePattern } from "./name-pattern.ts";
import { texts } from "./schema-parts.ts";
import {
  type AuthContext,
  absent,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";

const pattern = (description: string) =>
  ({ type: "string", default: "", maxLength: 1024, description }) as const;

const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    subjectFrom: {
      enum: nameKinds,
      default: "cn",
      description: "The name of the certificate that is the subject",
    },
    rules: {
      type: "array",
      default: [],
      maxItems: 1000,
      description:
        "Which certificates are good, the first that fits; without any, all that the listener takes",
      items: {
        type: "object",
        additionalProperties: false,
        properties: {
          cn: pattern("Common name of the subject; * stands for any text"),
          ou: pattern("Organizational unit"),
          o: pattern("Organization"),
          dns: pattern("DNS name; * stands for a label"),
          uri: pattern("URI, such as a SPIFFE ID; * stands for a segment"),
          email: pattern("E-mail address"),
          ip: pattern("IP address"),
          issuer: pattern("Common name of the issuer"),
          fingerprint: pattern("SHA-256 of the certificate in hexadecimal"),
          subject: {
            type: "string",
            default: "",
            maxLength: 1024,
            description: "Who it is; empty: by subjectFrom",
          },
          scopes: { ...texts, description: "What it may do" },
          groups: { ...texts, description: "What it belongs to" },
        },
      },
    },
  },
} as const;

export type CertificateConfig = ConfigOf<typeof schema>;
type Kind = (typeof nameKinds)[number];

/** A rule as certificates are compared with it. */
interface Rule {
  readonly patterns: readonly (readonly [kind: Kind, pattern: NamePattern])[];
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
}

export const clientCertificate: StrategyType<CertificateConfig> = {
  type: "client-certificate",
  schema,
  create: certificateStrategy,
};

const everything: Rule = { patterns: [], subject: "", scopes: [], groups: [] };

/** @throws Error for a rule that fits every certificate, or a fingerprint that is none */
export function certificateStrategy({ rules, subjectFrom }: CertificateConfig): Strategy {
  const known = rules.length === 0 ? [everything] : rules.map(ruleOf);

  function authenticate(_request: PluginRequest, { client }: AuthContext): Verdict {
    const certificate = client.tls?.certificate ?? null;
    return certificate === null ? absent : judge(certificate);
  }

  function judge(certificate: ClientCertificate): Verdict {
    const names = namesOf(certificate);
    if (names === null) return refused("unreadable_certificate");
    const rule = known.find(({ patterns }) =>
      patterns.every(([kind, wanted]) => names[kind].some((name) => wanted.test(name))),
    );
    if (rule === undefined) return refused("unknown_certificate");
    const subject = rule.subject || subjectOf(names, rule, subjectFrom);
    if (subject === null) return refused("no_subject");
    const { serialNumber, fingerprint256, issuer } = certificate;
    const claims = {
      serialNumber,
      issuer,
      fingerprint256,
      dns: names.dns,
      uri: names.uri,
      email: names.email,
    };
    const { scopes, groups } = rule;
    return { kind: "identity", identity: { subject, method: "client-certificate", claims, scopes, groups } };
  }

  // No scheme of RFC 9110 stands for this, but a 401 needs one.
  return { name: "client-certificate", challenge: 'ClientCertificate realm="api"', authenticate };
}

/** The only name of the kind, or of several the only one that the rule asks for: whoever has two is not believed one. */
function subjectOf(names: CertificateNames, { patterns }: Rule, from: Kind): string | null {
  const asked = patterns.filter(([kind]) => kind === from);
  const fitting = names[from].filter((name) => asked.every(([, wanted]) => wanted.test(name)));
  return fitting.length === 1 && fitting[0] !== "" ? fitting[0]! : null;
}

function ruleOf(rule: CertificateConfig["rules"][number], index: number): Rule {
  const patterns = nameKinds
    .filter((kind) => rule[kind] !== "")
    .map((kind) => [kind, namePattern(kind, textFor(kind, rule[kind]))] as const);
  if (patterns.length === 0)
    throw new Error(`rules/${index} asks for no name, and would fit every certificate`);
  return { patterns, subject: rule.subject, scopes: rule.scopes, groups: rule.groups };
}

function textFor(kind: Kind, text: string): string {
  if (kind !== "fingerprint") return text;
  const plain = plainFingerprint(text);
  if (!/^[0-9a-f]{64}$/.test(plain)) throw new Error("fingerprint is not a SHA-256 in hexadecimal");
  return plain;
}
