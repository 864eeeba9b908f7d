import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Signature } from '../../ml/schema/signature.js';
import type { Reference } from '../../models/artifact/manifest.js';
import { type BinningLayout, digestOf, layoutOf } from './binning-layout.js';
import { BinningRow } from './binning.entity.js';
import { RowBinner } from './row-binner.js';

/** All that counting the predictions of a version takes. */
export interface VersionCounter {
  readonly modelId: string;
  readonly versionId: string;
  readonly binningId: string;
  readonly binner: RowBinner;
}

/** The numbered binnings of models. */
@Injectable()
export class Binnings {
  /** Binnings never change, so what was read once holds; there are about as many as versions. */
  private readonly known = new Map<string, BinningRow>();

  constructor(@InjectRepository(BinningRow) private readonly binnings: Repository<BinningRow>) {}

  /** The counter of a version, on the binning that its manifest implies; undefined if the version was deleted. */
  async counterOf(versionId: string, manager = this.binnings.manager): Promise<VersionCounter | undefined> {
    const [version] = await manager.query<{ model_id: string; signature: Signature; reference: Reference }[]>(
      `SELECT model_id, signature, manifest -> 'reference' AS reference FROM model_version WHERE id = $1`,
      [versionId],
    );
    if (!version) return undefined;
    const { model_id: modelId, signature, reference } = version;
    const { id: binningId, layout } = await numbered(manager, modelId, layoutOf(signature, reference));
    return { modelId, versionId, binningId, binner: new RowBinner(layout) };
  }

  /** @throws Error for an id that no count can have. */
  async byId(id: string, manager = this.binnings.manager): Promise<BinningRow> {
    const known = this.known.get(id);
    if (known) return known;
    const binning = await manager.findOneByOrFail(BinningRow, { id });
    this.known.set(id, binning);
    return binning;
  }
}

/** The layout gets the model's next number, unless another version had the same before. */
async function numbered(manager: EntityManager, modelId: string, layout: BinningLayout): Promise<BinningRow> {
  const digest = digestOf(layout);
  for (;;) {
    const binning = await manager.findOneBy(BinningRow, { modelId, digest });
    if (binning) return binning;
    // Does nothing if somebody else took this number or numbered this layout: the next turn finds out which.
    await manager.query(
      `INSERT INTO binning (id, model_id, number, digest, layout)
       SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4 FROM binning WHERE model_id = $2 ON CONFLICT DO NOTHING`,
      [uuidv7(), modelId, digest, JSON.stringify(layout)],
    );
  }
}
