import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../model-registry.js';
import type { ModelVersion } from '../model-version.entity.js';
import { ModelsService } from '../models.service.js';
import { Promotion } from '../promotion.entity.js';
import type { CardDocument, LedgerEntry } from './card-document.js';

/** Entries of the ledger on a card. */
const MOST_ENTRIES = 20;

/** Gathers what a model card shows. */
@Injectable()
export class Cards {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly models: ModelsService,
    private readonly datasets: DatasetsService,
    @InjectRepository(Promotion) private readonly ledger: Repository<Promotion>,
  ) {}

  /** @throws AppError NOT_FOUND for a model or version that is not there. */
  async document(name: string, number: number): Promise<CardDocument> {
    const model = await this.registry.modelByName(name);
    const version = await this.registry.versionByNumber(model, number);
    const manifest = (await this.models.manifestsOf([version.id])).get(version.id);
    if (!manifest) throw new AppError('NOT_FOUND', 'This version was deleted a moment ago.');
    return {
      model: model.name,
      task: model.task,
      target: model.target,
      primaryMetric: model.gate.primaryMetric,
      version: version.number,
      algorithm: version.algorithm,
      stage: version.stage,
      passedFloors: version.passedFloors,
      createdAt: version.createdAt.toISOString(),
      runId: version.runId,
      artifact: { sha256: version.artifactSha256, bytes: version.artifactBytes },
      dataset: await this.datasetOf(manifest.dataset.versionId),
      ledger: await this.ledgerOf(version),
      manifest,
    };
  }

  private async datasetOf(versionId: string): Promise<CardDocument['dataset']> {
    const found = await this.datasets.findVersion(versionId);
    const dataset = found && (await this.datasets.byIds([found.datasetId])).get(found.datasetId);
    return dataset ? { name: dataset.name, version: found.number, rows: found.rows } : null;
  }

  private async ledgerOf({ modelId, id: versionId }: ModelVersion): Promise<LedgerEntry[]> {
    const entries = await this.ledger.find({
      where: { modelId, versionId },
      order: { id: 'DESC' },
      take: MOST_ENTRIES,
    });
    return entries.map(({ action, reason, actorId, createdAt }) => {
      return { action, reason, actorId, at: createdAt.toISOString() };
    });
  }
}
