/** Roles of an installation; each may do what those before it may. */
export const ROLES = ['VIEWER', 'PREDICTOR', 'ENGINEER', 'ADMIN'] as const;
export type Role = (typeof ROLES)[number];

/** Who makes a request. */
export interface Principal {
  readonly userId: string;
  readonly role: Role;
  /** The right to change which version serves, separate from the role. Administrators always have it. */
  readonly canPromote: boolean;
  /** The session or API key the request came with. */
  readonly credential: { readonly kind: 'SESSION' | 'API_KEY'; readonly id: string };
}

export function hasRole(principal: Principal, role: Role): boolean {
  return ROLES.indexOf(principal.role) >= ROLES.indexOf(role);
}
