// Entry point of a host process, whose argument is the directory to serve in.
// Descriptor 3 is the connection to the engine that started it.
import { Socket } from "node:net";
import { runHost } from "./run-host.ts";

const workerEntry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
const engine = new Socket({ fd: 3, readable: true, writable: true });

const [, , directory = ""] = process.argv;

runHost({ engine, directory, workerEntry, pid: process.pid, exit: (code) => process.exit(code) });
