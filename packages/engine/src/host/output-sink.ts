import type { ByteSink } from "@wherry/wasi";
import type { ControlBlock, OutputStream } from "./control-block.ts";
import type { CriLog } from "./cri-log.ts";
import type { WorkerReport } from "./worker-messages.ts";

/** Copies waiting for attached sessions at which the guest is held. */
const maxUnacknowledgedBytes = 256 * 1024;

/** Largest copy sent at once. */
const maxCopyBytes = 64 * 1024;

/** How long a guest is held for a session that takes nothing before the session loses. */
const maxStallMs = 10_000;

/** Where one output stream of a guest goes: to its log at once, and as copies to attached sessions. */
export function outputSink(
  stream: OutputStream,
  control: ControlBlock,
  log: CriLog | undefined,
  report: (report: WorkerReport) => void,
): ByteSink {
  const send = (bytes: Uint8Array): boolean => {
    control.addSent(bytes.length);
    report({ type: "output", stream, bytes });
    return control.unacknowledgedBytes <= maxUnacknowledgedBytes;
  };
  return {
    write(bytes) {
      log?.write(stream, bytes);
      if (!control.wants(stream)) return undefined;
      const copy = bytes.slice(0);
      if (copy.length <= maxCopyBytes && send(copy)) return undefined;
      return sendSlowly(copy.length <= maxCopyBytes ? copy.subarray(copy.length) : copy);
    },
  };

  async function sendSlowly(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length && control.wants(stream); start += maxCopyBytes) {
      if (!send(bytes.slice(start, start + maxCopyBytes))) await hold(stream, control, report);
    }
    await hold(stream, control, report);
  }
}

/** Resolves when the sessions have taken enough, or have lost. */
async function hold(
  stream: OutputStream,
  control: ControlBlock,
  report: (report: WorkerReport) => void,
): Promise<void> {
  while (control.wants(stream) && control.unacknowledgedBytes > maxUnacknowledgedBytes) {
    const before = control.unacknowledgedBytes;
    await control.waitAcknowledged(maxUnacknowledgedBytes, maxStallMs);
    if (control.unacknowledgedBytes < before || !control.wants(stream)) continue;
    // The main thread ends the sessions; a container must never hang because somebody looks at it.
    control.setWanted([]);
    report({ type: "output-stalled" });
  }
}
