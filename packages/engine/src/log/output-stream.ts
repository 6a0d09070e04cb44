/** The two output streams of a guest. */
export type OutputStream = "stdout" | "stderr";

export const outputStreams: readonly OutputStream[] = ["stdout", "stderr"];
