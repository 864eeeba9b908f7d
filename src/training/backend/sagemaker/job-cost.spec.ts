import { affordableSeconds, billingOf, maximumJobCost } from './job-cost.js';

const PRICES = { 'ml.m5.xlarge': 0.36, 'ml.c5.xlarge': 0.18 };
const SETTINGS = {
  SAGEMAKER_INSTANCE_TYPES: ['ml.c5.xlarge', 'ml.m5.xlarge'],
  SAGEMAKER_KEEP_ALIVE_SECONDS: 0,
  SAGEMAKER_PRICES: PRICES,
  TRAINING_TIMEOUT_SECONDS: 1800,
};

const job = (type: string, seconds?: number) =>
  ({ ResourceConfig: { InstanceType: type }, BillableTimeInSeconds: seconds }) as never;

describe('the most that a job may cost', () => {
  it('is its longest time on the dearest of its types, kept warm or not', () => {
    expect(maximumJobCost(SETTINGS)).toBeCloseTo(0.18, 12);
    expect(maximumJobCost({ ...SETTINGS, SAGEMAKER_KEEP_ALIVE_SECONDS: 1800 })).toBeCloseTo(0.36, 12);
  });

  it('is unknown where the price of one type is', () => {
    expect(maximumJobCost({ ...SETTINGS, SAGEMAKER_PRICES: { 'ml.m5.xlarge': 0.36 } })).toBeUndefined();
  });
});

describe('what a cost buys', () => {
  it('is the time whose most it is', () => {
    const settings = { ...SETTINGS, SAGEMAKER_KEEP_ALIVE_SECONDS: 60 };
    const seconds = affordableSeconds(settings, 0.1);
    expect(seconds).toBe(940);
    expect(maximumJobCost(settings, seconds)).toBeCloseTo(0.1, 12);
    expect(maximumJobCost(settings, 4000)).toBe(maximumJobCost(settings));
  });

  it('is unknown where the price of one type is', () => {
    expect(affordableSeconds({ ...SETTINGS, SAGEMAKER_PRICES: {} }, 1)).toBeUndefined();
  });
});

describe('what a run was billed for', () => {
  it('adds up over its jobs, each at the price of its machine', () => {
    const jobs = [job('ml.m5.xlarge', 100), job('ml.c5.xlarge', 200), job('ml.c5.xlarge')];
    expect(billingOf(jobs, PRICES)).toEqual({ seconds: 300, cost: expect.closeTo(0.02, 12) });
  });

  it('has no cost where a price is unknown, and is nothing before the platform bills', () => {
    expect(billingOf([job('ml.p3.2xlarge', 60)], PRICES)).toEqual({ seconds: 60 });
    expect(billingOf([job('ml.p3.2xlarge', 0)], PRICES)).toEqual({ seconds: 0, cost: 0 });
    expect(billingOf([job('ml.m5.xlarge')], PRICES)).toBeUndefined();
  });
});
