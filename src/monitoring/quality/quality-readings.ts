import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import type { WindowQuality } from '../reports/report-document.js';
import { WindowQualityService } from './window-quality.js';

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;
/** Any: asked twice, the answer is the same. */
const SEED = 1;

export interface QualityQuestion {
  /** Name of the model. */
  readonly model: string;
  /** Null: the champion. */
  readonly version: number | null;
  readonly from: Date;
  readonly to: Date;
}

/** Quality as people ask for it. */
@Injectable()
export class QualityReadings {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly quality: WindowQualityService,
  ) {}

  /** @throws AppError BAD_INPUT for a window that makes no sense, NOT_FOUND or INVALID_STATE without such a version. */
  async read({ model: name, version: number, from, to }: QualityQuestion): Promise<WindowQuality> {
    if (from >= to) throw new AppError('BAD_INPUT', 'from must lie before to.');
    if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS) {
      throw new AppError('BAD_INPUT', `A window has at most ${MAX_DAYS} days. Ask for a shorter one.`);
    }
    const model = await this.registry.modelByName(name);
    const asked = number ?? (await this.registry.resolve({ model: name })).version;
    const version = await this.registry.versionByNumber(model, asked);
    return this.quality.of({ version, from, to, seed: SEED });
  }
}
