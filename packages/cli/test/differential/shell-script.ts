/**
 * The busybox script that does what the workload kit does with the same arguments: see `testkit/guests/kit.as.ts`.
 *
 * A stop signal ends it with 128 + signal at once, as it ends a guest, or not at all where it would not end one. What serves does so on `port`. Texts are quoted so that only the kubelet expands what is in them.
 */
export function shellScript(program: readonly string[], port?: number): string {
  const lines = [143, 138, 130].map((code) => `trap 'exit ${code}' ${code - 128}`);
  const words = [...program];
  while (words.length > 0) {
    const command = words.shift() as string;
    const translate = commands[command];
    if (translate === undefined)
      throw new Error(`Cannot write a script for "${command}": known are ${Object.keys(commands).join(", ")}`);
    const text = translate(...words.splice(0, translate.length));
    if (text.includes("$PORT") && port === undefined)
      throw new Error(`Cannot write a script for "${command}": its container has no port`);
    lines.push(text.replaceAll("$PORT", String(port)));
  }
  return lines.join("\n");
}

// A shell runs its trap when what it waits for in the foreground has ended, so what lasts is in the background.
const forever = "sleep 1000000000 & wait $!";
const commands: Readonly<Record<string, (...words: string[]) => string>> = {
  print: (text: string) => `printf '%s\\n' ${quoted(text)}`,
  error: (text: string) => `printf '%s\\n' ${quoted(text)} >&2`,
  env: (name: string) => `printf '%s\\n' "$${name}"`,
  cat: (path: string) => `cat ${quoted(path)}`,
  write: (path: string, text: string) => `printf '%s' ${quoted(text)} > ${quoted(path)}`,
  append: (path: string, text: string) => `printf '%s' ${quoted(text)} >> ${quoted(path)}`,
  await: (path: string) => `until [ -e ${quoted(path)} ]; do sleep 0.05; done`,
  "fail-once": (path: string, code: string) => `[ -e ${quoted(path)} ] || { : > ${quoted(path)}; exit ${code}; }`,
  sleep: (milliseconds: string) => `sleep ${Number(milliseconds) / 1000} & wait $!`,
  hold: () => forever,
  // Only in not being stopped is it like a guest that computes.
  spin: () => `trap '' TERM; ${forever}`,
  "serve-files": (directory: string) => `httpd -f -p $PORT -h ${quoted(directory)} & wait $!`,
  "serve-tcp": (path: string) =>
    `nc -ll -p $PORT -e cat & server=$!; while [ -e ${quoted(path)} ]; do sleep 0.05; done; kill $server; ${forever}`,
  exit: (code: string) => `exit ${code}`,
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
