import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestSpec } from "../guest.ts";
import { checkId, GuestRecords } from "../guest-record.ts";
import type { AttachSessions } from "./attach-sessions.ts";
import { HostedGuest } from "./guest.ts";
import { GuestWorker } from "./guest-worker.ts";

/** Most guests of one host; a pod's containers are far fewer. */
const maxGuests = 64;

/** What a host process holds: who it is, its guests, and one worker ready for the next guest. */
export class HostState {
  readonly pid: number;
  readonly #workerEntry: URL;
  readonly #guests: Map<string, HostedGuest> = new Map();
  #id = "";
  #nextSession = 1;
  #records: GuestRecords;
  #spare: GuestWorker | undefined;
  readonly #sessions: Map<number, HostedGuest> = new Map();

  /**
   * @param pid number of this process
   * @param directory where it serves; exists
   */
  constructor(workerEntry: URL, pid: number, directory: string) {
    this.pid = pid;
    this.#records = new GuestRecords(directory);
    this.#records.create();
    this.#workerEntry = workerEntry;
    this.#spare = new GuestWorker(workerEntry);
  }

  /** Resolves when an idle host can start a guest at once; throws when its worker did not come up. */
  async ready(): Promise<void> {
    const spare = this.#spare;
    if (this.#id !== "" || spare === undefined) return;
    await spare.ready;
    if (!spare.alive) throw new RpcError("Internal", "The host's worker ended before it was ready");
  }

  /** Empty until the host is assigned. */
  get id(): string {
    return this.#id;
  }

  get guests(): readonly HostedGuest[] {
    return [...this.#guests.values()];
  }

  /** Gives the host its pod; its directory was moved to `directory`. */
  assign(id: string, directory: string): void {
    if (this.#id !== "") {
      throw new RpcError("FailedPrecondition", `Cannot assign host "${id}": this is host "${this.#id}"`);
    }
    this.#id = checkId("host", id);
    this.#records = new GuestRecords(directory);
    process.title = `wherry-host ${id}`;
  }

  create(spec: GuestSpec): HostedGuest {
    if (this.#id === "") {
      throw new RpcError("FailedPrecondition", `Cannot create guest "${spec.id}": the host is not assigned yet`);
    }
    if (this.#guests.has(spec.id)) throw new RpcError("AlreadyExists", `Guest "${spec.id}" exists already`);
    if (this.#guests.size >= maxGuests) {
      throw new RpcError("ResourceExhausted", `Cannot create guest "${spec.id}": the host has ${maxGuests} already`);
    }
    const worker = this.#spare?.alive ? this.#spare : new GuestWorker(this.#workerEntry);
    this.#spare = undefined;
    const guest = new HostedGuest(spec, worker, this.#records);
    this.#guests.set(spec.id, guest);
    return guest;
  }

  find(id: string): HostedGuest {
    const guest = this.#guests.get(id);
    if (guest === undefined) throw new RpcError("NotFound", `There is no guest "${id}" here`);
    return guest;
  }

  /** Forgets a guest that has exited or never started. */
  async delete(id: string): Promise<HostedGuest> {
    const guest = this.find(id);
    const { state } = guest.state();
    if (state === "running") throw new RpcError("FailedPrecondition", `Cannot delete guest "${id}": it is running`);
    if (state === "created") await guest.kill(9);
    this.#guests.delete(id);
    this.#records.delete(id);
    return guest;
  }

  /** Attaches a session to a guest; its number is unique in the host. */
  attach(request: { id: string; stdin: boolean; stdout: boolean; stderr: boolean }): number {
    const guest = this.find(request.id);
    const session = this.#nextSession++;
    guest.sessions.attach(session, request);
    this.#sessions.set(session, guest);
    return session;
  }

  sessionsOf(session: number): AttachSessions {
    const guest = this.#sessions.get(session);
    if (guest === undefined) throw new RpcError("NotFound", `There is no attached session ${session}`);
    return guest.sessions;
  }

  detach(session: number): void {
    this.#sessions.get(session)?.sessions.detach(session);
    this.#sessions.delete(session);
  }

  /** Ends all guests. */
  async killAll(): Promise<void> {
    const running = this.guests.filter((guest) => guest.state().state !== "exited");
    await Promise.all(running.map((guest) => guest.kill(9).catch(() => undefined)));
  }
}
