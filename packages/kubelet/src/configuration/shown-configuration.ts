import type { KubeletConfiguration } from "./kubelet-configuration.ts";

/** The configuration as it may be shown: values of headers are secrets, and so may be a user in a URL. */
export function shownConfiguration(configuration: KubeletConfiguration): KubeletConfiguration {
  const { staticPodURL, staticPodURLHeader } = configuration;
  const headers = Object.keys(staticPodURLHeader ?? {}).map((name): [string, string[]] => [name, ["<masked>"]]);
  return {
    ...configuration,
    ...(staticPodURL && { staticPodURL: staticPodURL.replace(/\/\/[^/@]*@/, "//<masked>@") }),
    ...(staticPodURLHeader !== undefined && { staticPodURLHeader: Object.fromEntries(headers) }),
  };
}
