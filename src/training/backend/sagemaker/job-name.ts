import type { Tag } from '@aws-sdk/client-sagemaker';
import type { JobOrder } from '../../container/job-files.js';
import { isSearch } from '../../container/search-order.js';

/**
 * The name of the nth job of a run or experiment. There is no idempotency token, and names are unique for ever within an
 * account and region: a name that is derived from an id is found again after a lost answer and by the next worker.
 * @param attempt from 1; another job is started only where the one before ended for want of machines.
 */
export function jobNameOf(id: string, attempt: number): string {
  return `boucle-${id}-${attempt}`;
}

/** The tag by which a job is known to be of a run or an experiment. */
export function ownerTag({ id, order }: { readonly id: string; readonly order: JobOrder }): Required<Tag> {
  return { Key: isSearch(order) ? 'boucle:experiment' : 'boucle:run', Value: id };
}
