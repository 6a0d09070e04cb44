import { createHash } from "node:crypto";
import type { Container } from "@wherry/kubernetes";

/** Hash of what must restart a container when it changes: its name and image, as upstream since resizing in place. */
export function containerHash(container: Pick<Container, "name" | "image">): string {
  const text = JSON.stringify([container.name, container.image ?? ""]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
