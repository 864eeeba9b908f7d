import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { RetrainingDecision } from './retraining-decision.entity.js';

/** Reads decisions. */
@Injectable()
export class DecisionHistory {
  constructor(
    @InjectRepository(RetrainingDecision) private readonly decisions: Repository<RetrainingDecision>,
    private readonly registry: ModelRegistry,
  ) {}

  /** Of one model or of all, newest first. */
  async list(modelName: string | undefined, page: PageArgs): Promise<Page<RetrainingDecision>> {
    const query = this.decisions.createQueryBuilder('decision');
    if (modelName !== undefined) query.where({ modelId: (await this.registry.modelByName(modelName)).id });
    return paginate(query, 'decision', page);
  }

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<RetrainingDecision> {
    const decision = await this.decisions.findOneBy({ id });
    if (decision) return decision;
    throw new AppError('NOT_FOUND', `There is no decision ${id}. The query \`retrainingDecisions\` lists them.`);
  }

  /** Decisions by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, RetrainingDecision>> {
    const decisions = await this.decisions.findBy({ id: In([...ids]) });
    return new Map(decisions.map((decision) => [decision.id, decision]));
  }

  /** Decisions by the id of their report. */
  async ofReports(reportIds: readonly string[]): Promise<Map<string, RetrainingDecision>> {
    const decisions = await this.decisions.findBy({ reportId: In([...reportIds]) });
    return new Map(decisions.map((decision) => [decision.reportId, decision]));
  }
}
