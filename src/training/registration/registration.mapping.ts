import type { VersionRegistrationType } from './registration.types.js';
import type { VersionRegistration } from './version-registration.entity.js';

export function toRegistrationType(registration: VersionRegistration): VersionRegistrationType {
  const { id, modelId, versionId, datasetVersionId, fileSha256, classes, enterGate } = registration;
  const { state, message, failure, requestedBy, createdAt, startedAt, finishedAt } = registration;
  return {
    id,
    modelId,
    versionId,
    file: fileSha256,
    datasetVersionId,
    classes,
    enterGate,
    state,
    message,
    failure,
    requestedBy,
    createdAt,
    startedAt,
    finishedAt,
  };
}
