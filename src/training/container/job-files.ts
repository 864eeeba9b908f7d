import { SEARCH_FILE, SPEC_FILE } from './layout.js';
import { type AnyTrainingOrder, hyperparametersFile } from './order.js';
import { isSearch, type SearchOrder } from './search-order.js';

/** All that a job on the container layout can be asked to do. */
export type JobOrder = AnyTrainingOrder | SearchOrder;

/** What stands in the folder of the spec, by name. */
export function specFiles(order: JobOrder): Readonly<Record<string, unknown>> {
  return { [SPEC_FILE]: order.spec, ...(isSearch(order) && { [SEARCH_FILE]: order.search }) };
}

/** The content of hyperparameters.json. What a search needs is too long for it, so here it is only for people to read. */
export function settingsFile(order: JobOrder): Readonly<Record<string, string>> {
  if (!isSearch(order)) return hyperparametersFile(order);
  const { seed, metric, trials, seconds } = order.search;
  const given = { seed, metric, trials, seconds, folds: order.spec.folds };
  const named = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(named.map(([name, value]) => [name, String(value)]));
}
