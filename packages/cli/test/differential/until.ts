import { eventually } from "@wherry/testkit";

/** What `probe` answers as soon as `holds` is true of it, or in the end. */
export async function until<T>(probe: () => T, holds: (value: T) => boolean, timeoutMs: number): Promise<T> {
  let value = probe();
  const isSo = () => {
    value = probe();
    return holds(value);
  };
  await eventually("the wanted value", isSo, timeoutMs).catch(() => undefined);
  return value;
}
