// A source file over 500 lines is an error, but for tables and the files named here.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const limit = 500;
const tables: readonly string[] = [];
const generated = [/^packages\/kubernetes\/src\/api\//, /^packages\/kubernetes\/src\/schema\/table\.ts$/];

const root = join(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.js"], {
  cwd: root,
  encoding: "utf8",
}).split("\n");
let failures = 0;
for (const file of files) {
  if (file === "" || tables.includes(file) || generated.some((pattern) => pattern.test(file))) continue;
  const lines = readFileSync(join(root, file), "utf8").split("\n").length - 1;
  const allowed = file.includes("/test/") ? 2 * limit : limit;
  if (lines <= allowed) continue;
  failures++;
  console.error(`${file} has ${lines} lines, the limit is ${allowed}`);
}
console.log(failures === 0 ? "file length: fine" : `file length: ${failures} files over the limit`);
process.exitCode = failures === 0 ? 0 : 1;
