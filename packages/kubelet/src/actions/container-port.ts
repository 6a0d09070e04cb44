import type { Container } from "@wherry/kubernetes";
import { ActionError } from "../errors.ts";

/** The number of a port that is given as a number or by its name in the container. @throws ActionError of code `Invalid` */
export function containerPort(port: number | string, container: Pick<Container, "name" | "ports">): number {
  const named = typeof port === "string" ? container.ports?.find(({ name }) => name === port) : undefined;
  const number = named?.containerPort ?? Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536 && port !== "") return number;
  const known = (container.ports ?? []).flatMap(({ name }) => (name ? [JSON.stringify(name)] : [])).join(", ");
  throw new ActionError(
    "Invalid",
    typeof port === "number" || /^\d+$/.test(port)
      ? `Cannot use port ${port}, expected 1 to 65535`
      : `Cannot find port ${JSON.stringify(port)} in container ${JSON.stringify(container.name)}; it names ${known || "none"}`,
  );
}
