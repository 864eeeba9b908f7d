import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { lowestPredictionId } from '../../predictions/prediction-id.js';
import { DriftReport } from './drift-report.entity.js';
import type { ReportDocument } from './report-document.js';

/** A document without what makes it large. */
export type ReportOutline = Omit<ReportDocument, 'columns'>;

/** Documents with columns may be half a megabyte each. */
const MOST_DOCUMENTS = 20;
/** Deleted in one statement, with their decisions. */
const DELETED_ROWS = 1_000;

/** Reads reports, and forgets the old ones. */
@Injectable()
export class Reports {
  constructor(
    @InjectRepository(DriftReport) private readonly reports: Repository<DriftReport>,
    private readonly registry: ModelRegistry,
  ) {}

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<DriftReport> {
    const report = isUuid(id) ? await this.reports.findOneBy({ id }) : null;
    if (report) return report;
    throw new AppError(
      'NOT_FOUND',
      `There is no report ${id}. The query driftReports lists them; those past their retention are gone.`,
    );
  }

  /** @throws AppError NOT_FOUND for an unknown model. */
  async ofModel(name: string, page: PageArgs): Promise<Page<DriftReport>> {
    const { id: modelId } = await this.registry.modelByName(name);
    return paginate(this.reports.createQueryBuilder('report').where({ modelId }), 'report', page);
  }

  /** @throws AppError NOT_FOUND */
  async document(id: string): Promise<ReportDocument> {
    await this.byId(id);
    const document = (await this.documents([id])).get(id);
    if (document) return document;
    throw new AppError('NOT_FOUND', 'The model of this report was deleted a moment ago.');
  }

  /** Reports by id. */
  async byIds(ids: readonly string[]): Promise<Map<string, DriftReport>> {
    const reports = await this.reports.findBy({ id: In([...ids]) });
    return new Map(reports.map((report) => [report.id, report]));
  }

  /** All but the columns, by report id. */
  async outlines(ids: readonly string[]): Promise<Map<string, ReportOutline>> {
    const rows: { id: string; outline: ReportOutline }[] = await this.reports.query(
      `SELECT id, document - 'columns' AS outline FROM drift_report WHERE id = ANY ($1)`,
      [ids],
    );
    return new Map(rows.map(({ id, outline }) => [id, outline]));
  }

  /** Whole documents by report id. @throws AppError LIMIT_EXCEEDED for too many at once. */
  async documents(ids: readonly string[]): Promise<Map<string, ReportDocument>> {
    if (ids.length > MOST_DOCUMENTS) {
      throw new AppError(
        'LIMIT_EXCEEDED',
        `Columns of at most ${MOST_DOCUMENTS} reports can be read at a time: ask with first: ${MOST_DOCUMENTS}.`,
      );
    }
    const documents = new Map<string, ReportDocument>();
    // One after the other, so that the event loop is free between them.
    for (const id of ids) {
      const report = await this.reports.findOne({ where: { id }, select: { id: true, document: true } });
      if (report) documents.set(id, report.document);
    }
    return documents;
  }

  /** @returns how many were deleted. */
  async dropBefore(cutoff: Date): Promise<number> {
    // Ids are UUIDv7, as those of predictions are.
    const before = lowestPredictionId(cutoff);
    for (let dropped = 0; ;) {
      const [rows] = await this.reports.query<[unknown[], number]>(
        `DELETE FROM drift_report WHERE id IN (SELECT id FROM drift_report WHERE id < $1 ORDER BY id LIMIT $2) RETURNING id`,
        [before, DELETED_ROWS],
      );
      dropped += rows.length;
      if (rows.length < DELETED_ROWS) return dropped;
    }
  }
}
