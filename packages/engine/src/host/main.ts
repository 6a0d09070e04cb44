// Entry point of a host process. Descriptor 3 is the connection to the engine that started it.
import { Socket } from "node:net";
import { runHost } from "./run-host.ts";

const engine = new Socket({ fd: 3, readable: true, writable: true });

/** Resolves when the process is ready for a guest, with all code compiled that one needs. */
export const ready: Promise<void> = runHost({ engine, pid: process.pid, exit: (code) => process.exit(code) });
