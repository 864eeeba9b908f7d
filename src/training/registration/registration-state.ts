/**
 * Where a registration stands. The last four are final: REFUSED is the file's fault, FAILED that of the system.
 */
export const REGISTRATION_STATES = ['QUEUED', 'CHECKING', 'REGISTERED', 'REFUSED', 'FAILED', 'CANCELLED'] as const;
export type RegistrationState = (typeof REGISTRATION_STATES)[number];

export const ACTIVE_STATES = ['QUEUED', 'CHECKING'] as const satisfies readonly RegistrationState[];
