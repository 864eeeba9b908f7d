/** What people and other systems are told about. A closed list: webhooks subscribe to these names. */
export const EVENT_KINDS = [
  'DRIFT_DETECTED',
  'RETRAINING_STARTED',
  'RETRAINING_FAILED',
  'RETRAINING_FINISHED',
  'VERSION_PROMOTED',
  'VERSION_RECOMMENDED',
  'CHAMPION_ROLLED_BACK',
  'CHECK_FAILED',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];
