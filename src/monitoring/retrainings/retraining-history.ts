import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { DatasetVersion } from '../../datasets/dataset-version.entity.js';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { Promotion } from '../../models/promotion.entity.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { Retraining } from './retraining.entity.js';

/** Reads retrainings and what came of them. */
@Injectable()
export class RetrainingHistory {
  constructor(
    @InjectRepository(Retraining) private readonly retrainings: Repository<Retraining>,
    private readonly registry: ModelRegistry,
  ) {}

  /** Of one model or of all, newest first. */
  async list(modelName: string | undefined, page: PageArgs): Promise<Page<Retraining>> {
    const query = this.retrainings.createQueryBuilder('retraining');
    if (modelName !== undefined) query.where({ modelId: (await this.registry.modelByName(modelName)).id });
    return paginate(query, 'retraining', page);
  }

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<Retraining> {
    const retraining = await this.retrainings.findOneBy({ id });
    if (retraining) return retraining;
    throw new AppError('NOT_FOUND', `There is no retraining ${id}. The query \`retrainings\` lists them.`);
  }

  /** Retrainings by the id of the decision that began them. */
  async ofDecisions(decisionIds: readonly string[]): Promise<Map<string, Retraining>> {
    const retrainings = await this.retrainings.findBy({ decisionId: In([...decisionIds]) });
    return new Map(retrainings.map((retraining) => [retraining.decisionId, retraining]));
  }

  /** Dataset versions by id. */
  async dataOf(versionIds: readonly string[]): Promise<Map<string, DatasetVersion>> {
    const versions = await this.retrainings.manager.findBy(DatasetVersion, { id: In([...versionIds]) });
    return new Map(versions.map((version) => [version.id, version]));
  }

  /** The gate's verdicts by the id of the group of runs that it was asked about. */
  async verdictsOf(groupIds: readonly string[]): Promise<Map<string, Promotion>> {
    const entries = await this.retrainings.manager.findBy(Promotion, { contestId: In([...groupIds]) });
    return new Map(entries.map((entry) => [entry.contestId!, entry]));
  }
}
