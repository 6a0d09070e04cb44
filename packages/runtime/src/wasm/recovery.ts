import { errorMessage, type Logger } from "@wherry/base";
import type { Host } from "@wherry/engine";
import { lostExit } from "./exits.ts";
import type { RecordStore } from "./record-store.ts";

/**
 * Brings the records in line with the hosts that were found after a restart, and answers the hosts that are still in use.
 *
 * Hosts without a sandbox record, and guests without a container record, were being made when the process ended: nobody
 * knows them, so they are ended.
 */
export async function recoverRecords(
  records: RecordStore,
  hosts: readonly Host[],
  nowMs: number,
  logger: Logger,
): Promise<Host[]> {
  const adopted: Host[] = [];
  for (const host of hosts) {
    const sandbox = records.sandboxes.get(host.id);
    const recovered = sandbox !== undefined && (await tryRecoverContainers(records, host, nowMs, logger));
    if (recovered && sandbox.state === "ready" && host.alive) adopted.push(host);
    else {
      await host.shutdown().catch((error: unknown) => {
        logger.warn("Cannot end a host nobody uses", { sandbox: host.id, pid: host.pid, error: errorMessage(error) });
      });
    }
  }
  const alive = new Set(adopted.map((host) => host.id));
  for (const sandbox of records.sandboxes.values()) {
    if (alive.has(sandbox.id)) continue;
    if (sandbox.state === "ready") records.putSandbox({ ...sandbox, state: "not-ready" });
    for (const record of records.containersOf(sandbox.id)) {
      if (record.state !== "exited") records.putContainer({ ...record, ...lostExit(record, nowMs), state: "exited" });
    }
  }
  return adopted;
}

/** False for a host that fails or dies while it is asked: it is ended, and must not keep the node from starting. */
async function tryRecoverContainers(records: RecordStore, host: Host, nowMs: number, logger: Logger): Promise<boolean> {
  try {
    await recoverContainers(records, host, nowMs);
    return true;
  } catch (error) {
    logger.warn("Cannot recover a host, ending it", { sandbox: host.id, pid: host.pid, error: errorMessage(error) });
    return false;
  }
}

async function recoverContainers(records: RecordStore, host: Host, nowMs: number): Promise<void> {
  const guests = new Map((await host.listGuests()).map((guest) => [guest.id, guest]));
  for (const record of records.containersOf(host.id)) {
    const guest = guests.get(record.id);
    guests.delete(record.id);
    if (record.state === "exited") continue;
    if (guest?.exit !== undefined) records.putContainer({ ...record, ...guest.exit, state: "exited" });
    else if (guest === undefined || !host.alive)
      records.putContainer({ ...record, ...lostExit(record, nowMs), state: "exited" });
    else if (guest.state === "running")
      records.putContainer({ ...record, state: "running", startedAtMs: guest.startedAtMs ?? record.startedAtMs });
  }
  if (!host.alive) return;
  for (const id of guests.keys()) {
    await host.killGuest(id, 9).catch(() => undefined);
    await host.deleteGuest(id);
  }
}
