// Entry point of a host process, whose argument is the directory to serve in, and with the argument "template" of the process that
// splits off hosts.
// Descriptor 3 is the connection to the engine that started it.
import { Socket } from "node:net";
import { runHost } from "./run-host.ts";
import { runTemplate } from "./template.ts";

const workerEntry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
const engine = new Socket({ fd: 3, readable: true, writable: true });

const [, , task = ""] = process.argv;

if (task === "template") runTemplate(engine, workerEntry);
else runHost({ engine, directory: task, workerEntry, pid: process.pid, exit: (code) => process.exit(code) });
