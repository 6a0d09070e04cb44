import { once } from "node:events";
import { createServer } from "node:net";

// Beneath 32768, where Linux begins to number the near ends of connections, and above what services of a machine take.
const lowest = 12_000;
const highest = 29_999;
const maxAttempts = 100;

/**
 * A port that nobody listens on, for programs that cannot be told to choose one themselves or must come back on the same.
 *
 * It is none that the system gives to outgoing connections (`net.ipv4.ip_local_port_range`): otherwise any of them may take
 * it before the program listens, or while it is away, even the one that tries to reach it.
 */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (await isFree(port, address)) return port;
  }
  throw new Error(`Cannot find a free port of ${address} from ${lowest} to ${highest} in ${maxAttempts} attempts`);
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, address), "listening");
  } catch {
    return false;
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return true;
}
