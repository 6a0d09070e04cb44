import { answerError } from "./answer-error.ts";
import type { DistributionError } from "./errors.ts";
import type { HttpResponse } from "./http-transport.ts";
import type { RegistrySession } from "./registry-session.ts";

/** One repository at its registry. */
export interface RepositoryContext {
  readonly session: RegistrySession;
  readonly repository: string;
  readonly nowMs: () => number;
}

/** The failure an unexpected answer stands for. */
export function failure({ session, nowMs }: RepositoryContext, response: HttpResponse): Promise<DistributionError> {
  return answerError(response, session.endpoint.address.registry, nowMs());
}
