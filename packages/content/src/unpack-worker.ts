/** What an unpacking thread runs: the job in `workerData`, told of by messages. */
import { parentPort, workerData } from "node:worker_threads";
import { createLogger } from "@wherry/base";
import { type UnpackJob, unpackJob } from "./unpack-job.ts";
import { carryError, type UnpackMessage } from "./unpack-messages.ts";

const tell = (message: UnpackMessage) => parentPort?.postMessage(message);
const logger = createLogger(({ message, fields }) => tell({ kind: "warning", message, fields }), "warn");
try {
  tell({ kind: "done", snapshot: await unpackJob(workerData as UnpackJob, logger) });
} catch (error) {
  tell({ kind: "failed", error: carryError(error) });
}
