import type { Config } from '../../../config/config.js';
import type { Billing } from '../training-backend.js';
import type { JobDescription } from './job-state.js';

type CostSettings = Pick<
  Config,
  'SAGEMAKER_INSTANCE_TYPES' | 'SAGEMAKER_KEEP_ALIVE_SECONDS' | 'SAGEMAKER_PRICES' | 'TRAINING_TIMEOUT_SECONDS'
>;

/**
 * The most that one job may cost in USD: the longest time that it may take, on the dearest type it may get. Nobody knows
 * beforehand what a spot machine will save, so the full price counts. Undefined if the price of a type is unknown.
 * @param seconds the longest time, where it is less than TRAINING_TIMEOUT_SECONDS.
 */
export function maximumJobCost(settings: CostSettings, seconds?: number): number | undefined {
  const price = highestPrice(settings);
  if (price === undefined) return undefined;
  return costOf(longestRuntime(settings, seconds) + settings.SAGEMAKER_KEEP_ALIVE_SECONDS, price);
}

/** The longest time, in seconds, of which {@link maximumJobCost} is at most `cost`. Undefined without prices. */
export function affordableSeconds(settings: CostSettings, cost: number): number | undefined {
  const price = highestPrice(settings);
  if (price === undefined) return undefined;
  return Math.floor((cost / price) * 3_600) - settings.SAGEMAKER_KEEP_ALIVE_SECONDS;
}

/** What a job's stopping condition allows, in whole seconds. */
export function longestRuntime(
  { TRAINING_TIMEOUT_SECONDS: timeout }: Pick<CostSettings, 'TRAINING_TIMEOUT_SECONDS'>,
  seconds = Infinity,
): number {
  return Math.ceil(Math.min(timeout, seconds));
}

function highestPrice({ SAGEMAKER_INSTANCE_TYPES: types, SAGEMAKER_PRICES: prices }: CostSettings): number | undefined {
  const known = types.flatMap((type) => prices[type] ?? []);
  return known.length === types.length ? Math.max(...known) : undefined;
}

/**
 * What a run's jobs were billed for so far. Billed seconds of spot jobs are what is left after the discount, so they
 * count at the full price. Undefined until the platform says so.
 */
export function billingOf(
  jobs: readonly JobDescription[],
  prices: CostSettings['SAGEMAKER_PRICES'],
): Billing | undefined {
  const billed = jobs.filter(({ BillableTimeInSeconds: seconds }) => seconds !== undefined);
  if (billed.length === 0) return undefined;
  let [seconds, cost, isKnown] = [0, 0, true];
  for (const { BillableTimeInSeconds: ofJob = 0, ResourceConfig } of billed) {
    const price = prices[ResourceConfig?.InstanceType ?? ''];
    seconds += ofJob;
    if (price !== undefined) cost += costOf(ofJob, price);
    else if (ofJob > 0) isKnown = false;
  }
  return { seconds, ...(isKnown && { cost }) };
}

/** @param hourlyPrice in USD. */
function costOf(seconds: number, hourlyPrice: number): number {
  return (seconds / 3_600) * hourlyPrice;
}
