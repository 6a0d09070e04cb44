import { readFile, writeFile } from "node:fs/promises";
import { cachedModule } from "./module-cache.ts";

/** Assembles WebAssembly text with wabt. */
export async function assembleWat(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = await cachedModule("wat", [text], async (output) => {
    // Loaded when first wanted: most users of this package never assemble anything.
    const { default: wabt } = await import("wabt");
    const module = (await wabt()).parseWat("guest.wat", text, { exceptions: true });
    try {
      await writeFile(output, module.toBinary({}).buffer);
    } finally {
      module.destroy();
    }
  });
  return new Uint8Array(await readFile(path));
}
