import { get, inContainer, type JudgedPod, withLiveness } from "./judged-pods.ts";

/** Probes and hooks that no container can have. */
export const refusedProbes: readonly JudgedPod[] = [
  ["spec.containers[0].livenessProbe: Required value: must specify a handler type", withLiveness({})],
  [
    "spec.containers[0].livenessProbe.grpc: Forbidden: may not specify more than 1 handler type",
    withLiveness({ ...get, grpc: { port: 1 } }),
  ],
  [
    "spec.containers[0].livenessProbe.exec.command: Required value; spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    withLiveness({ exec: {}, tcpSocket: { port: 0 } }),
  ],
  [
    "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -5: must be greater than or equal to 0",
    withLiveness({ ...get, periodSeconds: -5 }),
  ],
  [
    "spec.containers[0].livenessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0; spec.containers[0].livenessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0; spec.containers[0].livenessProbe.failureThreshold: Invalid value: -1: must be greater than or equal to 0",
    withLiveness({ ...get, initialDelaySeconds: -1, timeoutSeconds: -1, failureThreshold: -1 }),
  ],
  [
    "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
    withLiveness({ ...get, successThreshold: 2 }),
  ],
  [
    "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
    withLiveness({ ...get, terminationGracePeriodSeconds: 0 }),
  ],
  [
    "spec.containers[0].startupProbe.successThreshold: Invalid value: 2: must be 1",
    inContainer({ startupProbe: { ...get, successThreshold: 2 } }),
  ],
  ["spec.containers[0].livenessProbe.exec.command: Required value", withLiveness({ exec: {} })],
  [
    "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
    withLiveness({ httpGet: { port: 0 } }),
  ],
  [
    'spec.containers[0].livenessProbe.httpGet.port: Invalid value: "a_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    withLiveness({ httpGet: { port: "a_" } }),
  ],
  [
    'spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
    withLiveness({ httpGet: { port: 80, scheme: "FTP" } }),
  ],
  [
    "spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
    withLiveness({ httpGet: { port: 80, httpHeaders: [{ name: "a b", value: "" }] } }),
  ],
  [
    "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 70000: must be between 1 and 65535, inclusive",
    withLiveness({ tcpSocket: { port: 70_000 } }),
  ],
  [
    "spec.containers[0].livenessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive",
    withLiveness({ grpc: { port: 0 } }),
  ],
  [
    "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes",
    inContainer({ readinessProbe: { ...get, terminationGracePeriodSeconds: 1 } }),
  ],
  [
    "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type",
    inContainer({ lifecycle: { preStop: {} } }),
  ],
  [
    "spec.containers[0].lifecycle.postStart.exec.command: Required value",
    inContainer({ lifecycle: { postStart: { exec: {} } } }),
  ],
  [
    "spec.containers[0].lifecycle.preStop.sleep: Invalid value: -1: must be non-negative and less than terminationGracePeriodSeconds (30)",
    inContainer({ lifecycle: { preStop: { sleep: { seconds: -1 } } } }),
  ],
  [
    "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
    inContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
  ],
  [
    "spec.containers[0].lifecycle.postStart.sleep: Forbidden: may not specify more than 1 handler type",
    inContainer({ lifecycle: { postStart: { ...get, sleep: { seconds: 1 } } } }),
  ],
];
