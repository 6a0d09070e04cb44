/** A control plane for integration tests: the embedded one or real binaries, used alike. */
export interface TestControlPlane extends AsyncDisposable {
  readonly name: "embedded" | "kube-apiserver";
  readonly url: string;
  /** Path of a kubeconfig with all rights. */
  readonly adminKubeconfig: string;
  /** Bundle that signs the certificate with which the API server calls kubelets. */
  readonly kubeletClientCaPath: string;
  /** Path of a kubeconfig with the identity `system:node:<nodeName>`. */
  nodeKubeconfig(nodeName: string): Promise<string>;
  /** Ends the API server without grace, lets `whileDown` do what it wants, and starts it again on the same state and address. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  /** How its processes are, and the ends of their logs: what a failing test shows. */
  describeLogs(): string;
}

export interface TestControlPlaneOptions {
  /** Directory for state and logs, made by the caller and removed after. */
  readonly directory: string;
  /** Node names that identities may be asked for. */
  readonly nodeNames: readonly string[];
  /** Starts kube-controller-manager and kube-scheduler too, where the control plane is real. @default false */
  readonly controllers?: boolean;
  /** Controllers of kube-controller-manager that stay away, by their names there. @default none */
  readonly withoutControllers?: readonly string[];
  /** Feature gates of a real API server that are on against their default. @default none */
  readonly featureGates?: readonly string[];
  /**
   * Serves ClusterTrustBundles and PodCertificateRequests and lets pods project them, which Kubernetes has off by default; the
   * embedded control plane always does.
   *
   * @default false
   */
  readonly certificateApis?: boolean;
}
