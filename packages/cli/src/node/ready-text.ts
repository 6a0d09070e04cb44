export interface ReadyFacts {
  readonly node: string;
  readonly kubeconfig: string;
  /** Host and port of the registry, as image references name it. */
  readonly registry: string;
  readonly stateDirectory: string;
  readonly keepPods: boolean;
  /** How the user starts this program: `wherry`, or through npx where it is installed nowhere else. */
  readonly program: string;
}

/** What `wherry up` prints for people when its node is ready. */
export function readyText({ node, kubeconfig, registry, stateDirectory, keepPods, program }: ReadyFacts): string {
  return `Node "${node}" is ready. In another terminal:

  export KUBECONFIG=${kubeconfig}
  ${program} push FILE.wasm ${registry}/NAME:v1
  kubectl run NAME --image=${registry}/NAME:v1 --restart=Never
  kubectl logs --follow NAME

Ctrl-C stops everything${keepPods ? " but the pods" : ""}; state is kept in ${stateDirectory}.
`;
}
