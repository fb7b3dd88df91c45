import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { watchedFolders } from "../../../core/control/process/watched-folders.ts";
import { folderWith, put } from "../../reload/folder.ts";

t.test("the folders of each link are watched, but for those within the first", async (t) => {
  const folder = folderWith(t, { "archive/cert1.pem": "", "live/README": "", "mount/..1/cert.pem": "" });
  symlinkSync("../archive/cert1.pem", join(folder, "live/cert.pem"));
  put(join(folder, "etc/README"), "");
  symlinkSync("../live/cert.pem", join(folder, "etc/cert.pem"));
  symlinkSync("..1", join(folder, "mount/..data"));
  symlinkSync("..data/cert.pem", join(folder, "mount/cert.pem"));
  const of = (file: string) => watchedFolders(join(folder, file));
  t.same(
    of("etc/cert.pem"),
    ["etc", "live", "archive"].map((name) => join(folder, name)),
  );
  t.same(of("mount/cert.pem"), [join(folder, "mount")]);
  t.same(of("missing/cert.pem"), [join(folder, "missing")]);
});
