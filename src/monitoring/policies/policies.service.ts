import { Injectable } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, EntityManager, In, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import { AppError } from '../../errors/app-error.js';
import type { Model } from '../../models/model.entity.js';
import { lockModel } from '../../models/locked-model.js';
import { databaseTime } from '../../platform/database/database-time.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { nextTick } from '../../platform/schedule/cron.js';
import { RetrainingCosts } from '../decisions/retraining-costs.js';
import { MonitoringPolicy } from './monitoring-policy.entity.js';
import { PolicyContexts } from './policy-contexts.js';
import type { PolicyOrder } from './policy-input.js';
import { policyProblems } from './policy-problems.js';
import type { PolicySettings } from './policy-settings.js';
import { policyWarnings } from './policy-warnings.js';

/** Makes, changes and reads policies. */
@Injectable()
export class Policies {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @InjectRepository(MonitoringPolicy) private readonly policies: Repository<MonitoringPolicy>,
    private readonly contexts: PolicyContexts,
    private readonly costs: RetrainingCosts,
    private readonly audit: AuditService,
  ) {}

  /**
   * Makes the policy of a model, or replaces it. The next check comes with the next tick of the new schedule.
   * @throws AppError NOT_FOUND for an unknown model; BAD_INPUT that says what would never or always fire.
   */
  async set({ model: name, enabled, settings }: PolicyOrder, principal: Principal): Promise<MonitoringPolicy> {
    return this.dataSource.transaction(async (manager) => {
      const model = await lockModel(manager, { name });
      await this.check(manager, model, settings);
      const known = await manager.findOneBy(MonitoringPolicy, { modelId: model.id });
      const now = await databaseTime(manager);
      const policy = manager.create(MonitoringPolicy, {
        id: known?.id ?? uuidv7(),
        modelId: model.id,
        enabled,
        settings,
        nextAt: nextTick(settings.cron, settings.timeZone, now),
        lastTick: known?.lastTick ?? null,
        failure: null,
        createdBy: known?.createdBy ?? principal.userId,
        createdAt: known?.createdAt ?? now,
        updatedAt: now,
      });
      await manager.save(policy);
      await this.audit.record(manager, {
        actor: principal,
        action: known ? 'monitoring_policy.replaced' : 'monitoring_policy.created',
        subject: { kind: 'monitoring_policy', id: policy.id },
        details: { model: name, enabled, settings },
      });
      return policy;
    });
  }

  /** @throws AppError NOT_FOUND if the model is unknown or has no policy. */
  async remove(name: string, principal: Principal): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const model = await lockModel(manager, { name });
      const policy = await manager.findOneBy(MonitoringPolicy, { modelId: model.id });
      if (!policy) throw new AppError('NOT_FOUND', `Model ${name} has no policy. Make one with setMonitoringPolicy.`);
      await manager.delete(MonitoringPolicy, { id: policy.id });
      await this.audit.record(manager, {
        actor: principal,
        action: 'monitoring_policy.removed',
        subject: { kind: 'monitoring_policy', id: policy.id },
        details: { model: name },
      });
    });
  }

  /** @throws AppError BAD_INPUT that names every problem of the settings. */
  async check(manager: EntityManager, model: Model, settings: PolicySettings): Promise<void> {
    const context = (await this.contexts.of(manager, [model.id])).get(model.id);
    const problems = context ? policyProblems(settings, context, this.costs.ofNext(model, settings)) : [];
    if (problems.length === 0) return;
    throw new AppError('BAD_INPUT', `This policy makes no sense. ${problems.join(' ')}`, { problems });
  }

  async list(page: PageArgs): Promise<Page<MonitoringPolicy>> {
    return paginate(this.policies.createQueryBuilder('policy'), 'policy', page);
  }

  /** Policies by model id. */
  async ofModels(modelIds: readonly string[]): Promise<Map<string, MonitoringPolicy>> {
    const policies = await this.policies.findBy({ modelId: In([...modelIds]) });
    return new Map(policies.map((policy) => [policy.modelId, policy]));
  }

  /** Warnings by model id. */
  async warningsOf(modelIds: readonly string[]): Promise<Map<string, string[]>> {
    const policies = await this.ofModels(modelIds);
    const contexts = await this.contexts.of(this.dataSource.manager, modelIds);
    return new Map(
      [...contexts].flatMap(([id, context]) => {
        const settings = policies.get(id)?.settings;
        return settings ? [[id, policyWarnings(settings, context)]] : [];
      }),
    );
  }
}
