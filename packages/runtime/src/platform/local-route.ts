import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { RuntimeError } from "../errors.ts";

const run = promisify(execFile);
const timeoutMs = 10_000;

/**
 * Makes every address of a range this machine's own by one local route on the loopback interface, so that sockets can be bound
 * to them and packets to them are taken in. Idempotent; the route stays until the machine restarts.
 *
 * Rejects with `RuntimeError` of code `PermissionDenied` where that is not allowed, and `Unavailable` where it fails.
 */
export async function addLocalRoute(cidr: string, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
  try {
    await run("ip", ["route", "replace", "local", cidr, "dev", "lo"], { timeout: timeoutMs, signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    const said = (error as { stderr?: string }).stderr?.trim() || (error instanceof Error ? error.message : "");
    const denied = /not permitted|denied/i.test(said);
    throw new RuntimeError(
      denied ? "PermissionDenied" : "Unavailable",
      `Cannot add the pod range ${cidr} to the loopback interface: ${said}; it needs root and the command "ip" of iproute2`,
      { cause: error },
    );
  }
}
