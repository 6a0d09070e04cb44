import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

const execFileAsync = promisify(execFile);

/** A bridge of this machine with a subnet behind it that nothing else here has: the network of one node and its pods. */
export interface NodeBridge extends AsyncDisposable {
  readonly name: string;
  /** The bridge's own, by which the node is reached. */
  readonly address: string;
  /** In CIDR notation. */
  readonly subnet: string;
}

/** Needs root and iproute2. Nothing is forwarded beyond the machine. */
export async function createNodeBridge(): Promise<NodeBridge> {
  // The kernel takes 15 characters.
  const name = `wherry${randomBytes(4).toString("hex")}`;
  const prefix = await freePrefix();
  const address = `${prefix}.0.1`;
  await ip("link", "add", name, "type", "bridge");
  const remove = async () => {
    await ip("link", "delete", name);
  };
  try {
    await ip("address", "add", `${address}/16`, "dev", name);
    await ip("link", "set", name, "up");
  } catch (error) {
    await remove();
    throw error;
  }
  return { name, address, subnet: `${prefix}.0.0/16`, [Symbol.asyncDispose]: remove };
}

/** The first two numbers of a private network of which this machine has no address, also on a bridge without a pod, which is down. */
async function freePrefix(): Promise<string> {
  const { stdout } = await execFileAsync("ip", ["-json", "address", "show"]);
  const interfaces = JSON.parse(stdout) as readonly { readonly addr_info: readonly { readonly local: string }[] }[];
  const taken = interfaces.flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
  for (let second = 100; second < 256; second++) {
    const prefix = `10.${second}`;
    if (!taken.some((address) => address.startsWith(`${prefix}.`))) return prefix;
  }
  throw new Error("Cannot choose a network for a node: this machine has addresses in all of 10.100.0.0 to 10.255.0.0");
}

async function ip(...args: string[]): Promise<void> {
  await execFileAsync("ip", args);
}
