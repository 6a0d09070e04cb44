import { readFile } from "node:fs/promises";

/** The kernel's routing tables as text, undefined where the platform has none. */
export async function readRoutes(): Promise<{ readonly ipv4: string; readonly ipv6: string } | undefined> {
  const read = (path: string) => readFile(path, "utf8").catch(() => undefined);
  const [ipv4, ipv6] = await Promise.all([read("/proc/net/route"), read("/proc/net/ipv6_route")]);
  return ipv4 === undefined && ipv6 === undefined ? undefined : { ipv4: ipv4 ?? "", ipv6: ipv6 ?? "" };
}
