import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { loadAuthorities, loadKeyPair, TlsFileError } from "../../../core/net/tls/pem.ts";
import { missing } from "../../support/missing.ts";
import { createAuthority } from "../certificates.ts";

t.test("certificate and key files", { skip: missing("openssl") }, async (t) => {
  const folder = t.testdir({ junk: "junk", directory: {} });
  const authority = createAuthority(folder);
  const a = authority.issue("a", ["a.example"]);
  const b = authority.issue("b", ["b.example"]);

  const refusal = (load: () => unknown): string => {
    try {
      load();
    } catch (error) {
      if (error instanceof TlsFileError) return error.message.replaceAll(folder, "");
      throw error;
    }
    return "";
  };

  t.test("a pair is loaded with the names in its certificate", async (t) => {
    t.equal(loadKeyPair(a.cert, a.key).leaf.subjectAltName, "DNS:a.example");
  });

  t.test("a key of another certificate is refused", async (t) => {
    const found = refusal(() => loadKeyPair(a.cert, b.key)).replace(/authority-\w+/g, "ca");
    t.equal(found, "Cannot use key /ca/b.key.pem: it does not belong to certificate /ca/a.pem");
  });

  t.test("an unusable file is named with what is wrong with it", async (t) => {
    const junk = join(folder, "junk");
    t.equal(
      refusal(() => loadKeyPair(join(folder, "none"), a.key)),
      "Cannot read certificate /none: no such file",
    );
    t.equal(
      refusal(() => loadKeyPair(a.cert, join(folder, "none"))),
      "Cannot read key /none: no such file",
    );
    t.equal(
      refusal(() => loadKeyPair(a.cert, join(folder, "directory"))),
      "Cannot read key /directory: it is a directory",
    );
    t.equal(
      refusal(() => loadKeyPair(junk, a.key)),
      "Cannot use certificate /junk: it holds no PEM certificate",
    );
    t.equal(
      refusal(() => loadKeyPair(a.cert, junk)),
      "Cannot use key /junk: it holds no PEM private key",
    );
    t.equal(
      refusal(() => loadAuthorities(junk)),
      "Cannot use authorities /junk: it holds no PEM certificate",
    );
  });

  t.test("an encrypted key is refused, since there is nobody to ask for the password", async (t) => {
    const encrypted = join(folder, "encrypted");
    const pem = execFileSync("openssl", ["pkcs8", "-topk8", "-in", a.key, "-passout", "pass:secret"]);
    writeFileSync(encrypted, pem);
    t.equal(
      refusal(() => loadKeyPair(a.cert, encrypted)),
      "Cannot use key /encrypted: it is encrypted",
    );
  });
});
