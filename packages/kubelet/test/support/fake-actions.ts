import { type Clock, raceAbort } from "@wherry/base";
import type {
  ActionOptions,
  CommandResult,
  ContainerActions,
  GrpcTarget,
  NetworkTarget,
} from "../../src/actions/container-actions.ts";
import type { HttpRequest, HttpResponse } from "../../src/actions/http-request.ts";
import { ActionError } from "../../src/errors.ts";

export interface FakeAction {
  readonly kind: "http" | "tcp" | "grpc" | "exec";
  /** URL, `host:port`, or the command. */
  readonly target: string;
  readonly atMs: number;
}

/** How an action ends: well, with a status or exit code, with an error, or never. */
export type FakeAnswer = "ok" | "hang" | number | Error;

/** Containers that answer as the test says; by target, with `answer` or `answerOf` for all that are not named. */
export class FakeActions implements ContainerActions {
  readonly calls: FakeAction[] = [];
  readonly answers: Map<string, FakeAnswer> = new Map();
  readonly requests: HttpRequest[] = [];
  answer: FakeAnswer = "ok";
  /** Asked for each call to a target without an answer of its own. */
  answerOf: () => FakeAnswer = () => this.answer;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async httpGet(request: HttpRequest, options: ActionOptions): Promise<HttpResponse> {
    this.requests.push(request);
    const answer = await this.#act("http", request.url.href, options);
    return { status: answer ?? 200, body: "body" };
  }

  async tcpConnect({ host, port }: NetworkTarget, options: ActionOptions): Promise<void> {
    await this.#act("tcp", `${host}:${port}`, options);
  }

  async grpcHealth({ host, port, service }: GrpcTarget, options: ActionOptions): Promise<string> {
    const answer = await this.#act("grpc", `${host}:${port}/${service}`, options);
    return answer === undefined ? "SERVING" : "NOT_SERVING";
  }

  async exec(_containerId: string, command: readonly string[], options: ActionOptions): Promise<CommandResult> {
    const answer = await this.#act("exec", command.join(" "), options);
    return { exitCode: answer ?? 0, output: "output" };
  }

  /** Seconds since `sinceMs` of all calls to a target. */
  times(target: string, sinceMs: number): number[] {
    return this.calls.filter((call) => call.target === target).map(({ atMs }) => (atMs - sinceMs) / 1000);
  }

  async #act(kind: FakeAction["kind"], target: string, { signal }: ActionOptions): Promise<number | undefined> {
    this.calls.push({ kind, target, atMs: this.#clock.now() });
    const answer = this.answers.get(target) ?? this.answerOf();
    if (answer === "hang") {
      await raceAbort(new Promise(() => undefined), signal).catch(() => {
        throw new ActionError("Timeout", "context deadline exceeded");
      });
    }
    if (answer instanceof Error) throw answer;
    return typeof answer === "number" ? answer : undefined;
  }
}
