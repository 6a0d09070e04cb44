/** What the crash test ingests: several writes long. */
export const crashContent: Buffer = Buffer.alloc(3_500_000, "content that survives ");
