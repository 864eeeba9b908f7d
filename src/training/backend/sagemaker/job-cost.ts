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
 */
export function maximumJobCost(settings: CostSettings): number | undefined {
  const prices = settings.SAGEMAKER_INSTANCE_TYPES.map((type) => settings.SAGEMAKER_PRICES[type]);
  const seconds = Math.ceil(settings.TRAINING_TIMEOUT_SECONDS) + settings.SAGEMAKER_KEEP_ALIVE_SECONDS;
  const costs = prices.flatMap((price) => (price === undefined ? [] : [costOf(seconds, price)]));
  return costs.length === prices.length ? Math.max(...costs) : undefined;
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
