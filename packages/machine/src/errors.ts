import { WherryError } from "@wherry/base";

/** A state answered a name its edges do not allow; possible only where types were bypassed. */
export class IllegalTransitionError extends WherryError {
  constructor(machine: string, from: string, to: string, allowed: readonly string[]) {
    const legal = allowed.length === 0 ? "it is an end" : `allowed: ${allowed.join(", ")}`;
    super("IllegalTransition", `Cannot go from "${from}" to "${to}" in machine "${machine}": ${legal}`);
  }
}

const terminalMark: unique symbol = Symbol.for("wherry.machine.terminal");

/** Marks `error` as not worth a retry and returns it. */
export function terminal<E extends object>(error: E): E {
  Object.defineProperty(error, terminalMark, { value: true, configurable: true });
  return error;
}

/** Whether `terminal` marked the error. */
export function isTerminal(error: unknown): boolean {
  return typeof error === "object" && error !== null && terminalMark in error;
}
