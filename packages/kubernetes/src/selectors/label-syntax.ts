const namePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The first thing that is wrong with a label or annotation key in upstream's words, or undefined. */
export function labelKeyProblem(key: string): string | undefined {
  return labelKeyProblems(key)[0];
}

/** All that is wrong with a label or annotation key in upstream's words. */
export function labelKeyProblems(key: string): string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    return [`a valid label key ${nameRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? "";
  const problems: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0] ?? "";
    const problem = prefix === "" ? "must be non-empty" : dnsSubdomainProblem(prefix);
    if (problem !== undefined) problems.push(`prefix part ${problem}`);
  }
  if (name === "") problems.push("name part must be non-empty");
  else if (name.length > maxNameBytes) problems.push(`name part must be no more than ${maxNameBytes} bytes`);
  if (!namePattern.test(name)) problems.push(`name part ${nameRule}`);
  return problems;
}

const maxNameBytes = 63;
const nameRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** What is wrong with a label value in upstream's words, or undefined. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > maxNameBytes) return `must be no more than ${maxNameBytes} bytes`;
  if (value === "" || namePattern.test(value)) return undefined;
  return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
}

/** What is wrong with an RFC 1123 subdomain in upstream's words, or undefined. */
export function dnsSubdomainProblem(value: string): string | undefined {
  if (value.length > 253) return "must be no more than 253 characters";
  if (subdomainPattern.test(value)) return undefined;
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

/** What is wrong with an RFC 1123 label in upstream's words, or undefined. */
export function dnsLabelProblem(value: string): string | undefined {
  if (value.length > 63) return "must be no more than 63 characters";
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value)) return undefined;
  if (subdomainPattern.test(value)) return "must not contain dots";
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}
