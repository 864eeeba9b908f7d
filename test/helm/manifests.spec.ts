import { CHART, EXAMPLES, fileOf, hasChartTools, render, run, settings } from './chart.js';
import { kubernetesSchemas } from './kubernetes-schemas.js';

const BUCKET = { mode: 'roles', 'storage.url': 's3://bucket/prefix' };
const MATRIX: readonly Record<string, unknown>[] = [
  {},
  BUCKET,
  { 'postgresql.enabled': true, 'networkPolicy.enabled': true },
  { 'postgresql.enabled': true, 'migration.enabled': false },
  { 'secret.create': true, 'secret.values': { DATABASE_URL: 'postgres://a@b/c', BOUCLE_SECRET: 'x'.repeat(32) } },
  { 'storage.volume.existingClaim': 'files', 'image.digest': `sha256:${'0'.repeat(64)}`, fullnameOverride: 'ml' },
  { ...BUCKET, 'podDisruptionBudget.enabled': false, 'topologySpread.enabled': false, 'migration.enabled': false },
  { ...BUCKET, 'storage.s3.endpoint': 'http://minio:9000', 'storage.s3.existingSecret': 'minio' },
  { ...BUCKET, 'aws.identity': 'podIdentity', 'networkPolicy.enabled': true },
  { ...BUCKET, 'aws.identity': 'node', 'networkPolicy.enabled': true, 'networkPolicy.callers': [{ podSelector: {} }] },
  { ...BUCKET, 'ingress.enabled': true, 'ingress.host': 'ml.example.org', 'ingress.className': 'nginx' },
  { ...BUCKET, 'httpRoute.enabled': true, 'httpRoute.parentRefs': [{ name: 'gateway', namespace: 'infra' }] },
  {
    'httpRoute.enabled': true,
    'httpRoute.parentRefs': [{ name: 'gateway' }],
    'httpRoute.hostnames': ['ml.example.org'],
  },
  {
    ...BUCKET,
    imagePullSecrets: [{ name: 'registry' }],
    commonLabels: { team: 'ml' },
    'roles.worker': {
      replicas: 3,
      scratch: '1Gi',
      shutdownTimeoutSeconds: 10,
      autoscaling: { enabled: false, minReplicas: 1, maxReplicas: 1, cpu: 50, requestsPerSecond: 0 },
      resources: {},
      serviceAccountAnnotations: { 'example.org/a': 'b' },
      settings: { TRAINING_PARALLEL: '2' },
      extraEnv: [{ name: 'TRAINING_THREADS', value: '2' }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }],
      podAnnotations: { 'example.org/c': 'd' },
      nodeSelector: { pool: 'training' },
      tolerations: [{ key: 'training', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'batch',
    },
  },
];
const MONITORING = { 'metrics.serviceMonitor.enabled': true, 'metrics.prometheusRule.enabled': true };

let schemas: string | undefined;

(hasChartTools() ? describe : describe.skip)('manifests of the chart', () => {
  const everything = (): string[][] => [...EXAMPLES.map((file) => ['--values', file]), ...MATRIX.map(settings)];

  it.each(['helm', 'helm3'])('pass the strict lint of %s, for every example', (helm) => {
    for (const file of EXAMPLES) {
      const { status, stdout } = run(helm, ['lint', '--strict', CHART, '--values', file]);
      expect([file, status, stdout.match(/\[(WARNING|ERROR)\].*/g)]).toEqual([file, 0, null]);
    }
    expect(run(helm, ['lint', '--strict', CHART]).status).toBe(0);
  });

  it('are valid for Kubernetes, for every example and a matrix of values', () => {
    const { resources, summary } = validate(everything().map((args) => render(args)));
    expect(resources ?? []).toEqual([]);
    expect(summary).toMatchObject({ invalid: 0, errors: 0 });
    expect(summary['valid']).toBeGreaterThan(200);
    expect(summary['skipped']).toBe(0);
  });

  it('would be refused with a field or a type that the Prometheus operator does not know', () => {
    const text = render(settings(MONITORING));
    const { resources } = validate([
      text.replace('interval: 15s', 'interval: 15 seconds'),
      text.replace('interval: 15s', 'scrapeEvery: 15s'),
      text.replace('alert: BoucleDrift', 'alarm: BoucleDrift'),
      text.replace(/\bexpr: .*/, 'expr: {}'),
    ]);
    expect(resources?.map(({ kind, status }) => [kind, status])).toEqual([
      ['ServiceMonitor', 'statusInvalid'],
      ['ServiceMonitor', 'statusInvalid'],
      ['PrometheusRule', 'statusInvalid'],
      ['PrometheusRule', 'statusInvalid'],
    ]);
  });

  it('would be refused with a field or a type that Kubernetes does not know', () => {
    const text = render([]);
    const { resources } = validate([
      text.replace('readOnlyRootFilesystem:', 'readOnlyRootFileSystem:'),
      text.replace('replicas: 1', 'replicas: one'),
    ]);
    expect(resources?.map(({ status, kind }) => [status, kind])).toEqual([
      ['statusInvalid', 'Deployment'],
      ['statusInvalid', 'Deployment'],
    ]);
  });

  it('are the same from Helm 3 and 4', () => {
    for (const args of everything()) expect(byName(render(args, 'helm3'))).toEqual(byName(render(args, 'helm')));
  });

  it('have names of their own', () => {
    for (const args of everything()) {
      const names = render(args).match(/^kind: .*\nmetadata:\n  name: .*$/gm)!;
      expect(names.length).toBeGreaterThan(3);
      expect(names).toEqual([...new Set(names)]);
    }
  });
});

interface Verdicts {
  /** Those that are not valid. */
  readonly resources: readonly { readonly kind: string; readonly status: string; readonly msg: string }[] | null;
  readonly summary: Readonly<Record<string, number>>;
}

function validate(texts: readonly string[]): Verdicts {
  schemas ??= kubernetesSchemas();
  const options = ['-strict', '-summary', '-n', '1', '-output', 'json', '-schema-location', schemas];
  const { stdout, stderr } = run('kubeconform', [...options, ...texts.map(fileOf)]);
  return JSON.parse(stdout || stderr) as Verdicts;
}

function byName(text: string): string[] {
  return text.split(/^---$/m).sort();
}
