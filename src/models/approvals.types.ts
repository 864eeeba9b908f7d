import { Field, ObjectType } from '@nestjs/graphql';
import { PageOf } from '../platform/graphql/pagination.js';
import { PromotionType } from './models.types.js';

@ObjectType({
  description:
    'A version that the gate recommends and that waits for a person: `promoteVersion` approves, `declineRecommendation` declines, `rejectVersion` refuses it for good.',
})
export class PendingApproval {
  /** For fields that are resolved from the model. */
  modelId!: string;

  /** For fields that are resolved from the version. */
  versionId!: string;

  @Field(() => PromotionType, { description: 'Why, and what the gate saw.' })
  recommendation!: PromotionType;
}

@ObjectType()
export class PendingApprovalPage extends PageOf(PendingApproval) {}
