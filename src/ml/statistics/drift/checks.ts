import type { FeatureType } from '../../schema/signature.js';
import { DRIFT_METHODS, type MethodName } from './methods.js';

/** A method to apply to a column. */
export interface Check {
  readonly method: MethodName;
  /** Default: the method's. */
  readonly threshold?: number;
}

/**
 * Of mode `boucle`, where the settings name no others: PSI over ten groups, since its cost does not depend on traffic
 * and its threshold has a meaning for every type, and the two signals that groups of known values cannot show.
 */
export const DEFAULT_CHECKS: Readonly<Record<FeatureType, readonly Check[]>> = {
  NUMBER: [{ method: 'psi' }, { method: 'missing_share' }],
  BOOLEAN: [{ method: 'psi' }, { method: 'missing_share' }],
  STRING: [{ method: 'psi' }, { method: 'missing_share' }, { method: 'unseen_share' }],
};

export function thresholdOf({ method, threshold }: Check): number {
  return threshold ?? DRIFT_METHODS[method].defaultThreshold;
}

/** Why a check makes no sense for a column of the type, such as a threshold that always or never fires, if it doesn't. */
export function checkProblem(check: Check, type: FeatureType): string | undefined {
  const { types, drift, largest } = DRIFT_METHODS[check.method];
  const threshold = thresholdOf(check);
  if (!types.includes(type)) {
    return `${check.method} applies to columns of type ${types.join(' or ')}, not ${type}: choose another method`;
  }
  const scores = largest === Infinity ? 'from 0 on' : `from 0 to ${Number(largest.toPrecision(4))}`;
  if (!(threshold > 0)) {
    const always = drift === 'ABOVE' ? 'always' : 'never';
    return `${check.method} with threshold ${threshold} would ${always} report drift: its scores go ${scores}`;
  }
  if (drift === 'ABOVE' ? threshold > largest || threshold === Infinity : threshold >= largest) {
    const never = drift === 'ABOVE' ? 'never' : 'always';
    return `${check.method} with threshold ${threshold} would ${never} report drift: its scores go ${scores}`;
  }
  return undefined;
}
