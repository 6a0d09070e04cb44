import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** What the machine tells about itself, as reported in `node.status.nodeInfo` and `node.status.capacity`. */
export interface MachineFacts {
  readonly machineId: string;
  readonly systemUuid: string;
  /** Changes with every boot; empty where the platform has no such thing. */
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** `linux`, `darwin` or `windows`, as Go names them. */
  readonly operatingSystem: string;
  /** Of the processor, as Go names it, e.g. `amd64`. */
  readonly architecture: string;
  /** Processors this process may use. */
  readonly cpuCount: number;
  /** Physical memory, or the control group's limit where that is lower. */
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** Size of the file system that holds the kubelet's root directory. */
  readonly storageBytes: number;
}

export interface ReadMachineFactsOptions {
  /** Directory whose file system is the node's ephemeral storage; must exist. */
  readonly rootDirectory: string;
  /** Stands in for the machine ID where the machine has none, e.g. the kubelet's instance ID. */
  readonly fallbackId: string;
  /** Where files of the machine are read below. @default "/" */
  readonly systemRoot?: string;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", loong64: "loong64" };
const operatingSystems: Readonly<Record<string, string>> = { win32: "windows" };

/** Reads the facts anew; cheap enough to be called at every status update. */
export async function readMachineFacts(options: ReadMachineFactsOptions): Promise<MachineFacts> {
  const root = options.systemRoot ?? "/";
  const read = (path: string) => readText(`${root.replace(/\/$/, "")}/${path}`);
  const [etcId, dbusId, uuid, bootId, osRelease, meminfo, filesystem] = await Promise.all([
    read("etc/machine-id"),
    read("var/lib/dbus/machine-id"),
    read("sys/class/dmi/id/product_uuid"),
    read("proc/sys/kernel/random/boot_id"),
    read("etc/os-release"),
    read("proc/meminfo"),
    statfs(options.rootDirectory),
  ]);
  const machineId = etcId || dbusId || options.fallbackId.replaceAll("-", "");
  const memory = memoryInfo(meminfo);
  return {
    machineId,
    systemUuid: uuid || machineId,
    bootId,
    kernelVersion: release(),
    osImage: prettyName(osRelease) ?? `${type()} ${release()}`,
    operatingSystem: operatingSystems[process.platform] ?? process.platform,
    architecture: architectures[process.arch] ?? process.arch,
    cpuCount: Math.max(1, Math.min(availableParallelism(), cpus().length || Number.POSITIVE_INFINITY)),
    memoryBytes: Math.min(memory.totalBytes ?? totalmem(), memoryLimitBytes()),
    swapBytes: memory.swapBytes ?? 0,
    storageBytes: filesystem.blocks * filesystem.bsize,
  };
}

/** `MemTotal` and `SwapTotal` of `/proc/meminfo` (proc_meminfo(5)) in bytes. */
export function memoryInfo(meminfo: string): { totalBytes?: number; swapBytes?: number } {
  const bytes = (name: string) => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo);
    return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
  };
  const totalBytes = bytes("MemTotal");
  const swapBytes = bytes("SwapTotal");
  return { ...(totalBytes !== undefined && { totalBytes }), ...(swapBytes !== undefined && { swapBytes }) };
}

/** `PRETTY_NAME` of an os-release file (os-release(5)). */
export function prettyName(osRelease: string): string | undefined {
  const value = /^PRETTY_NAME=(.*)$/m.exec(osRelease)?.[1]?.trim();
  if (value === undefined || value === "") return undefined;
  const quoted = /^(["'])(.*)\1$/.exec(value)?.[2];
  return quoted === undefined ? value : quoted.replace(/\\([\\"$`])/g, "$1");
}

/** The control group's memory limit; infinite where there is none. */
function memoryLimitBytes(): number {
  const limit = process.constrainedMemory();
  // Node answers 0 where it cannot tell, and a number beyond any machine for "unlimited" on cgroup v1.
  return limit > 0 && limit < Number.MAX_SAFE_INTEGER ? limit : Number.POSITIVE_INFINITY;
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    // Absent on this platform, or readable by root only (product_uuid): the caller has a substitute.
    return "";
  }
}
