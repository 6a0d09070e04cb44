import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { absent, skipReason } from "../../testkit/src/modules/guest-compilers.ts";

const root = join(import.meta.dirname, "../../..");
const missing = skipReason("routes of pod ranges", absent("ip", ["-V"]), absent("unshare", ["--net", "true"]));

const program = `
  import { once } from "node:events";
  import { connect, createServer } from "node:net";
  import { addLocalRoute } from "${root}/packages/runtime/src/platform/local-route.ts";
  const listens = (host) => new Promise((resolve) => {
    const server = createServer((socket) => socket.end()).once("error", ({ code }) => resolve(code));
    server.listen(80, host, async () => {
      const socket = connect(80, host);
      await once(socket, "connect");
      socket.destroy();
      server.close(() => resolve("listens"));
    });
  });
  const said = [await listens("10.44.0.7")];
  for (let count = 0; count < 2; count++) await addLocalRoute("10.44.0.0/24");
  said.push(await listens("10.44.0.7"), await listens("10.44.0.200"), await listens("10.45.0.7"));
  said.push(await addLocalRoute("10.44.0.0/99").catch(({ code }) => code));
  console.log(said.join(" "));
`;

describe.skipIf(missing !== undefined)("addLocalRoute()", () => {
  test("makes all addresses of a range the machine's, and says what it cannot do", () => {
    const node = [process.execPath, "--conditions=@wherry/source", "--input-type=module-typescript", "--eval", program];
    const inNamespace = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...node];
    const said = execFileSync("unshare", inNamespace, { cwd: root, encoding: "utf8" });
    expect(said.trim()).toBe("EADDRNOTAVAIL listens listens EADDRNOTAVAIL Unavailable");
  });
});
