/** Roles of an installation; each may do what those before it may. */
export const ROLES = ['VIEWER', 'PREDICTOR', 'ENGINEER', 'ADMIN'] as const;
export type Role = (typeof ROLES)[number];

/** Who makes a request. */
export interface Principal {
  readonly userId: string;
  readonly role: Role;
  /** The right to change which version serves, separate from the role. Administrators always have it. */
  readonly canPromote: boolean;
  /** Names of the models that the caller may predict with; null stands for all. */
  readonly models: readonly string[] | null;
  /** The session or API key the request came with. */
  readonly credential: { readonly kind: 'SESSION' | 'API_KEY'; readonly id: string };
  /** Network address the request came from. */
  readonly address: string;
}

export function hasRole(principal: Pick<Principal, 'role'>, role: Role): boolean {
  return rankOf(principal.role) >= rankOf(role);
}

/** The role that both allow. */
export function lowerRole(one: Role, other: Role): Role {
  return rankOf(one) <= rankOf(other) ? one : other;
}

/** Whether the caller's credential is good for predictions of this model. */
export function mayUseModel(principal: Pick<Principal, 'models'>, model: string): boolean {
  return principal.models === null || principal.models.includes(model);
}

function rankOf(role: Role): number {
  return ROLES.indexOf(role);
}
