import { errorMessage, type Logger } from "@wherry/base";
import type { Sandbox } from "@wherry/engine";
import { lostExit } from "./exits.ts";
import type { RecordStore } from "./record-store.ts";

/**
 * Brings the records in line with the sandboxes that were found after a restart, and answers those that are still in use.
 *
 * Sandboxes and guests without a record were being made when the process ended: nobody knows them, so they are ended.
 */
export async function recoverRecords(
  records: RecordStore,
  sandboxes: readonly Sandbox[],
  nowMs: number,
  logger: Logger,
): Promise<Sandbox[]> {
  const adopted: Sandbox[] = [];
  for (const sandbox of sandboxes) {
    const record = records.sandboxes.get(sandbox.id);
    if (record !== undefined) await recoverContainers(records, sandbox, nowMs);
    if (record?.state === "ready" && sandbox.usable) adopted.push(sandbox);
    else {
      await sandbox.shutdown().catch((error: unknown) => {
        logger.warn("Cannot end a sandbox nobody uses", { sandbox: sandbox.id, error: errorMessage(error) });
      });
    }
  }
  const alive = new Set(adopted.map(({ id }) => id));
  for (const record of records.sandboxes.values()) {
    if (alive.has(record.id)) continue;
    if (record.state === "ready") records.putSandbox({ ...record, state: "not-ready" });
    for (const container of records.containersOf(record.id)) {
      if (container.state !== "exited")
        records.putContainer({ ...container, ...lostExit(container, nowMs), state: "exited" });
    }
  }
  return adopted;
}

async function recoverContainers(records: RecordStore, sandbox: Sandbox, nowMs: number): Promise<void> {
  const guests = new Map(sandbox.listGuests().map((guest) => [guest.id, guest]));
  for (const record of records.containersOf(sandbox.id)) {
    const guest = guests.get(record.id);
    guests.delete(record.id);
    if (record.state === "exited") continue;
    if (guest?.exit !== undefined) records.putContainer({ ...record, ...guest.exit, state: "exited" });
    else if (guest === undefined || !sandbox.usable)
      records.putContainer({ ...record, ...lostExit(record, nowMs), state: "exited" });
    else if (guest.state === "running")
      records.putContainer({ ...record, state: "running", startedAtMs: guest.startedAtMs ?? record.startedAtMs });
  }
  if (!sandbox.usable) return;
  for (const id of guests.keys()) {
    await sandbox.killGuest(id, 9).catch(() => undefined);
    await sandbox.deleteGuest(id);
  }
}
