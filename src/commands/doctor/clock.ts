import type { Finding } from './finding.js';

/** Leases, tokens and windows bear this much; S3 refuses requests that are 15 minutes off. */
const TOLERATED_SECONDS = 5;

/** Compares the clock of this machine with another one that was read between two moments. */
export function clockFinding(theirs: Date, asked: number, answered: number): Omit<Finding, 'check'> {
  const seconds = Math.round((asked + answered) / 2 - theirs.getTime()) / 1000;
  // How long the answer was under way nobody knows, nor the fraction of a second that some clocks leave out.
  const uncertain = (answered - asked) / 2000 + 1;
  if (Math.abs(seconds) <= TOLERATED_SECONDS + uncertain) return { says: 'as that of this machine' };
  const direction = seconds > 0 ? 'ahead of' : 'behind';
  return {
    says: `this machine is ${Math.abs(seconds).toFixed(1)} s ${direction} it`,
    fix: 'Let NTP set the clocks of this machine and the other one.',
  };
}
