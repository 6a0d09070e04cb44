const maxConfigKeyLength = 253;

/** What is wrong with a key of a config map or secret in upstream's words, or undefined. */
export function configKeyProblem(key: string): string | undefined {
  if (key.length > maxConfigKeyLength) return `must be no more than ${maxConfigKeyLength} characters`;
  if (!/^[-._a-zA-Z0-9]+$/.test(key))
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  if (key === ".") return "must not be '.'";
  if (key === "..") return "must not be '..'";
  return key.startsWith("..") ? "must not start with '..'" : undefined;
}

/** What is wrong with the name of an environment variable in upstream's words, or undefined. */
export function environmentNameProblem(name: string): string | undefined {
  if (/^[ -<>-~]+$/.test(name)) return undefined;
  return "a valid environment variable name must consist only of printable ASCII characters other than '='";
}

/** What is wrong with the name of an HTTP header in upstream's words, or undefined. */
export function headerNameProblem(name: string): string | undefined {
  if (/^[-A-Za-z0-9]+$/.test(name)) return undefined;
  return "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
}
