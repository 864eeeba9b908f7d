import type { Role } from '../../src/auth/principal.js';

/**
 * Who may come in at least: everybody, anybody logged in but no API key, a role, an administrator but
 * no API key of one, or the right to promote.
 * `refuses` is for fields open to everybody that answer made-up arguments with an authentication error of their own.
 * `contentType` is for routes that read a body other than JSON.
 */
export type Least = 'PUBLIC' | 'SESSION' | Role | 'ADMIN_SESSION' | 'PROMOTION';
export interface Expectation {
  readonly least: Least;
  readonly refuses?: 'UNAUTHENTICATED' | 'FORBIDDEN';
  readonly contentType?: string;
}

/**
 * THE table of who may do what. A field or route that is missing here, or stands here and no longer exists, fails
 * test/security/authorisation.spec.ts. The least role comes from the design, not from the code.
 */
export const FIELDS: Readonly<Record<string, Least | Expectation>> = {
  // auth
  'Mutation.register': 'PUBLIC',
  'Mutation.login': { least: 'PUBLIC', refuses: 'UNAUTHENTICATED' },
  'Mutation.refresh': { least: 'PUBLIC', refuses: 'UNAUTHENTICATED' },
  'Mutation.resetPassword': { least: 'PUBLIC', refuses: 'FORBIDDEN' },
  'Mutation.logout': 'SESSION',
  'Mutation.changePassword': 'SESSION',
  'Mutation.revokeSession': 'SESSION',
  'Mutation.createApiKey': 'SESSION',
  'Mutation.revokeApiKey': 'SESSION',
  'Mutation.setUserRole': 'ADMIN_SESSION',
  'Mutation.disableUser': 'ADMIN_SESSION',
  'Mutation.enableUser': 'ADMIN_SESSION',
  'Mutation.deleteUser': 'ADMIN_SESSION',
  'Mutation.createInvitation': 'ADMIN_SESSION',
  'Mutation.createPasswordReset': 'ADMIN_SESSION',
  'Query.me': 'VIEWER',
  'Query.sessions': 'SESSION',
  'Query.apiKeys': 'SESSION',
  'Query.users': 'ADMIN',
  'Query.auditEvents': 'ADMIN',

  // datasets: rows are people's data, their profile is not
  'Mutation.createDataset': 'ENGINEER',
  'Mutation.updateDataset': 'ENGINEER',
  'Mutation.deleteDataset': 'ENGINEER',
  'Mutation.deleteDatasetVersion': 'ENGINEER',
  'Mutation.extractDataset': 'ENGINEER',
  'Mutation.cancelExtraction': 'ENGINEER',
  'Mutation.setExtractionSchedule': 'ENGINEER',
  'Mutation.removeExtractionSchedule': 'ENGINEER',
  'Query.dataset': 'VIEWER',
  'Query.datasets': 'VIEWER',
  'Query.datasetVersion': 'VIEWER',
  'Query.datasetRows': 'ENGINEER',

  // models
  'Mutation.createModel': 'ENGINEER',
  'Mutation.updateModel': 'PROMOTION',
  'Mutation.promoteVersion': 'PROMOTION',
  'Mutation.rejectVersion': 'PROMOTION',
  'Mutation.rollback': 'PROMOTION',
  'Mutation.startChallenge': 'PROMOTION',
  'Mutation.endChallenge': 'PROMOTION',
  'Mutation.declineRecommendation': 'PROMOTION',
  'Query.pendingApprovals': 'VIEWER',
  'Query.model': 'VIEWER',
  'Query.models': 'VIEWER',
  'Query.modelVersion': 'VIEWER',
  'Query.compareVersions': 'VIEWER',
  'Query.promotions': 'VIEWER',
  'Query.servedAt': 'VIEWER',
  'Subscription.stageChanged': 'VIEWER',

  // training
  'Mutation.startTraining': 'ENGINEER',
  'Mutation.cancelTraining': 'ENGINEER',
  'Mutation.deleteModel': 'ENGINEER',
  'Query.trainingRun': 'VIEWER',
  'Query.trainingRuns': 'VIEWER',
  'Subscription.trainingRunChanged': 'VIEWER',
  'Mutation.startExperiment': 'ENGINEER',
  'Mutation.cancelExperiment': 'ENGINEER',
  'Query.experiment': 'VIEWER',
  'Query.experiments': 'VIEWER',
  'Subscription.experimentChanged': 'VIEWER',
  'Mutation.registerModelVersion': 'ENGINEER',
  'Mutation.cancelVersionRegistration': 'ENGINEER',
  'Query.versionRegistration': 'VIEWER',
  'Query.versionRegistrations': 'VIEWER',

  // retraining
  'Mutation.cancelRetraining': 'ENGINEER',
  'Query.retrainingDecision': 'VIEWER',
  'Query.retrainingDecisions': 'VIEWER',
  'Query.explainDecision': 'VIEWER',
  'Query.retraining': 'VIEWER',
  'Query.retrainings': 'VIEWER',
  'Subscription.retrainingChanged': 'VIEWER',

  // predictions: what was logged holds people's data
  'Mutation.predict': 'PREDICTOR',
  'Query.prediction': 'ENGINEER',
  'Query.predictions': 'ENGINEER',
  'Mutation.recordOutcomes': 'PREDICTOR',
  'Query.outcomeCoverage': 'VIEWER',
  'Query.challengeComparison': 'VIEWER',
  'Query.quality': 'VIEWER',
  'Mutation.erasePredictions': 'ADMIN',
  'Mutation.startBatchPrediction': 'ENGINEER',
  'Mutation.cancelBatchPrediction': 'ENGINEER',
  'Mutation.deleteBatchPrediction': 'ENGINEER',
  'Subscription.batchPredictionChanged': 'VIEWER',
  'Query.batchPrediction': 'VIEWER',
  'Query.batchPredictions': 'VIEWER',

  // monitoring
  'Mutation.setMonitoringPolicy': 'ENGINEER',
  'Mutation.removeMonitoringPolicy': 'ENGINEER',
  'Query.monitoringPolicies': 'VIEWER',
  'Query.driftReport': 'VIEWER',
  'Query.driftReports': 'VIEWER',
  'Subscription.driftReported': 'VIEWER',
  'Query.replayPolicy': 'ENGINEER',

  // webhooks
  'Mutation.createWebhook': 'ADMIN',
  'Mutation.updateWebhook': 'ADMIN',
  'Mutation.deleteWebhook': 'ADMIN',
  'Mutation.redeliverWebhook': 'ADMIN',
  'Mutation.testWebhook': 'ADMIN',
  'Query.webhooks': 'ENGINEER',
  'Query.webhookDeliveries': 'ENGINEER',
};

export const ROUTES: Readonly<Record<string, Least | Expectation>> = {
  // platform; GraphQL guards its fields, not its path
  'GET /health/live': 'PUBLIC',
  'GET /health/ready': 'PUBLIC',
  'GET /metrics': 'PUBLIC',
  'GET /graphql': 'PUBLIC',
  'POST /graphql': 'PUBLIC',
  'GET /graphiql': 'PUBLIC',
  'GET /graphiql/assets/:name': 'PUBLIC',

  // datasets
  'POST /v1/datasets/:name/upload': 'ENGINEER',
  'GET /v1/datasets/:name/versions/:number/download': 'ENGINEER',

  // training
  'POST /v1/model-uploads/:model': 'ENGINEER',

  // predictions
  'POST /v1/models/:model/predict': 'PREDICTOR',
  'POST /v1/models/:model/versions/:version/predict': 'PREDICTOR',
  'POST /v1/outcomes': 'PREDICTOR',
  'POST /v1/models/:model/invocations': 'PREDICTOR',
  'POST /v1/models/:model/versions/:version/invocations': 'PREDICTOR',
  'GET /ping': 'PUBLIC',
  'GET /v1/batch-predictions/:id/download': 'ENGINEER',
  'GET /v2/health/live': 'PUBLIC',
  'GET /v2/health/ready': 'PUBLIC',
  'GET /v2': 'PREDICTOR',
  'GET /v2/models/:model': 'PREDICTOR',
  'GET /v2/models/:model/versions/:version': 'PREDICTOR',
  'GET /v2/models/:model/ready': 'PREDICTOR',
  'GET /v2/models/:model/versions/:version/ready': 'PREDICTOR',
  'POST /v2/models/:model/infer': 'PREDICTOR',
  'POST /v2/models/:model/versions/:version/infer': 'PREDICTOR',

  // monitoring; the ticket in the link is the right to the page
  'GET /models/:model/versions/:version/card': 'VIEWER',
  'GET /models/:model/versions/:version/card/page': { least: 'PUBLIC', refuses: 'FORBIDDEN' },
  'GET /reports/:id': 'VIEWER',
  'GET /reports/:id/page': { least: 'PUBLIC', refuses: 'FORBIDDEN' },
};
