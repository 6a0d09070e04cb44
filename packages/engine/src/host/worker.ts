// Entry point of a guest's worker thread.
import { parentPort } from "node:worker_threads";
import { GuestRunner } from "./guest-runner.ts";
import { rehearse } from "./rehearse.ts";
import type { WorkerReport, WorkerRequest } from "./worker-messages.ts";

const port = parentPort;
if (port === null) throw new Error("Cannot run a guest outside of a host's worker");

const runner = new GuestRunner((report: WorkerReport) => port.postMessage(report));
// Messages wait in the port until then; a guest that comes in the middle of it waits no longer than it would have anyway.
void rehearse().then(() => {
  port.on("message", (request: WorkerRequest) => runner.handle(request));
  port.postMessage({ type: "ready" } satisfies WorkerReport);
});
