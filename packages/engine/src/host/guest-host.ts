import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestSpec } from "../guest.ts";
import { checkId } from "../guest-record.ts";
import { HostedGuest } from "./guest.ts";

export interface GuestHostOptions {
  /** Number of this process. */
  readonly pid: number;
  /** Told once the process has its guest and the directory of it. */
  readonly onCreated: (directory: string) => void;
  /** Told once the guest has exited and nobody reads its output any more. */
  readonly onDone: () => void;
}

/** What a host process holds: its guest, once it was given one. */
export class GuestHost {
  readonly pid: number;
  readonly #options: GuestHostOptions;
  #guest: HostedGuest | undefined;

  constructor(options: GuestHostOptions) {
    this.pid = options.pid;
    this.#options = options;
  }

  get guest(): HostedGuest | undefined {
    return this.#guest;
  }

  create(spec: GuestSpec, directory: string): void {
    if (this.#guest !== undefined) {
      throw new RpcError(
        "AlreadyExists",
        `Cannot create guest "${spec.id}": this process has guest "${this.#guest.spec.id}" already`,
      );
    }
    checkId("guest", spec.id);
    if (!directory.startsWith("/") || directory.includes("\0")) {
      throw new RpcError(
        "InvalidArgument",
        `Cannot create guest "${spec.id}": bundle "${directory}" is no absolute path`,
      );
    }
    const guest = new HostedGuest(spec, directory);
    this.#guest = guest;
    process.title = `wherry-host ${spec.id}`;
    this.#options.onCreated(directory);
    void guest.exited.then(() => guest.flushed()).then(() => guest.sessions.end(this.#options.onDone));
  }

  find(id: string): HostedGuest {
    if (this.#guest?.spec.id === id) return this.#guest;
    throw new RpcError("NotFound", `There is no guest "${id}" here`);
  }

  /** The guest whose attached sessions are meant. */
  current(): HostedGuest {
    if (this.#guest !== undefined) return this.#guest;
    throw new RpcError("NotFound", "There is no guest here yet");
  }
}
