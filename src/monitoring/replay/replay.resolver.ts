import { Args, Query, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { AppError } from '../../errors/app-error.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { type PolicyOrder, policyOrderSchema } from '../policies/policy-input.js';
import { MonitoringPolicyInput } from '../policies/policy.types.js';
import { Replays } from './replay.service.js';
import { PolicyReplayType } from './replay.types.js';

@Resolver()
export class ReplayResolver {
  constructor(private readonly replays: Replays) {}

  @Query(() => PolicyReplayType, {
    description:
      'Runs a policy over logged history, without any effect: which alarms, which retrainings, when. Retrainings count for cool-down and daily limit, but the champions stay those of the time. Quality takes no part.',
  })
  @RequireRole('ENGINEER')
  async replayPolicy(
    @Args('model') model: string,
    @Args('from') from: Date,
    @Args('to') to: Date,
    @Args(
      'policy',
      { type: () => MonitoringPolicyInput, nullable: true, description: 'Default: the policy that the model has.' },
      new ZodPipe(policyOrderSchema.nullish()),
    )
    policy: PolicyOrder | null | undefined,
    @Args('onlyDrift', { type: () => Boolean, defaultValue: false, description: 'Leave the quiet checks out.' })
    onlyDrift: boolean,
  ): Promise<PolicyReplayType> {
    if (policy && policy.model !== model) {
      throw new AppError(
        'BAD_INPUT',
        `The policy is for ${policy.model}, not for ${model}: name the same model twice.`,
      );
    }
    const checks = await this.replays.run({ model, from, to, settings: policy?.settings });
    const alarms = checks.filter(({ verdict }) => verdict === 'DRIFT');
    const retrainings = checks.filter(({ decision }) => decision === 'RETRAIN');
    return {
      ticks: checks.length,
      alarms: alarms.length,
      retrainings: retrainings.length,
      checks: onlyDrift ? alarms : checks,
    };
  }
}
