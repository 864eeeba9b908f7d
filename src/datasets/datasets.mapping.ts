import type { DataSourceRow } from './data-source.entity.js';
import type { Dataset } from './dataset.entity.js';
import type { DatasetVersion } from './dataset-version.entity.js';
import type { DatasetSource, DatasetType, DatasetVersionType } from './datasets.types.js';

export function toDatasetType({ id, name, createdAt }: Dataset): DatasetType {
  return { id, name, createdAt };
}

export function toSourceType({ location, options, createdAt }: DataSourceRow): DatasetSource {
  const { kind } = location;
  return {
    kind,
    url: kind === 'HTTP' || kind === 'S3' ? location.url : null,
    format: kind === 'POSTGRES' ? null : location.format,
    region: (kind === 'S3' && location.region) || null,
    endpoint: (kind === 'S3' && location.endpoint) || null,
    connection: kind === 'POSTGRES' ? location.connection : null,
    query: kind === 'POSTGRES' ? location.query : null,
    options,
    createdAt,
  };
}

export function toVersionType(version: DatasetVersion): DatasetVersionType {
  const { id, datasetId, sourceId, sameAsId, number, state, progress, message, failure, contentHash } = version;
  const { rows, bytes, sourceBytes, schema, notes, engine, requestedBy, createdAt, startedAt, finishedAt } = version;
  return {
    ...{ id, datasetId, sourceId, sameAsId, number, state, progress, message, failure, contentHash },
    ...{ rows, bytes, sourceBytes, schema, notes, engine, requestedBy, createdAt, startedAt, finishedAt },
  };
}
