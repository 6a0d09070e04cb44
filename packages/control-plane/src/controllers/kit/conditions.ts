/** What conditions of all workloads have. */
export interface WorkloadCondition {
  type: string;
  status?: string | undefined;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
}

export function findCondition<C extends WorkloadCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function hasCondition(conditions: readonly WorkloadCondition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * `conditions` with `condition` in place of the one of its type. One with the same status and reason stays as it is, and a
 * change of the reason alone keeps the time of the last transition.
 */
export function withCondition<C extends WorkloadCondition>(conditions: readonly C[] | undefined, condition: C): C[] {
  const present = findCondition(conditions, condition.type);
  if (present?.status === condition.status && present?.reason === condition.reason) return [...(conditions ?? [])];
  const kept = present?.status === condition.status ? { lastTransitionTime: present?.lastTransitionTime } : {};
  return [...withoutCondition(conditions, condition.type), { ...condition, ...kept }];
}

export function withoutCondition<C extends WorkloadCondition>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
