import { readFileSync } from 'node:fs';
import { loadConfig, settingsSchema } from '../../src/config/config.js';
import { ROUTES } from '../security/expectations.js';
import { EXAMPLES, hasChartTools, type Manifest, ofKind, parse, podOf, render, settings } from './chart.js';

/** What the program does not read as settings: keys that the AWS SDK finds by itself, and what another variable is made of. */
const NO_SETTINGS = new Set(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'POSTGRES_PASSWORD']);
/** What the Secrets of the examples could hold. */
const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://boucle:a@db.example.org:5432/boucle',
  DATABASE_DIRECT_URL: 'postgres://boucle:a@db.example.org:5433/boucle',
  BOUCLE_SECRET: 'of at least thirty-two characters',
  POSTGRES_PASSWORD: 'abc123',
};
const MINIO = {
  mode: 'roles',
  'storage.url': 's3://a/b',
  'storage.s3': { endpoint: 'http://minio:9000', existingSecret: 'minio' },
};
const INLINE = {
  'secret.create': true,
  'secret.values': { DATABASE_URL: 'postgres://a@b/c', BOUCLE_SECRET: 'x'.repeat(32) },
};

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: any }[];
  // Fields of Kubernetes.
  readonly [field: string]: any;
}

(hasChartTools() ? describe : describe.skip)('pods of the chart', () => {
  let releases: [string, Manifest[]][];

  beforeAll(() => {
    const sources: [string, string[]][] = EXAMPLES.map((file) => [file, ['--values', file]]);
    sources.push(['minio', settings(MINIO)], ['inline Secret', settings(INLINE)], ['defaults', []]);
    releases = sources.map(([name, args]) => [name, parse(render(args))]);
  });

  const pods = (): [string, Manifest, any][] =>
    releases.flatMap(([name, manifests]) =>
      manifests
        .filter((manifest) => podOf(manifest) !== undefined)
        .map((manifest): [string, Manifest, any] => [`${name}: ${manifest.metadata.name}`, manifest, podOf(manifest)]),
    );
  const containersOf = (pod: any): Container[] => [...(pod.initContainers ?? []), ...pod.containers];
  const release = (part: string) => releases.find(([name]) => name.includes(part))![1];

  it('pass the restricted standard, Jobs and tests too', () => {
    expect(new Set(pods().map(([, { kind }]) => kind))).toEqual(new Set(['Deployment', 'StatefulSet', 'Job', 'Pod']));
    const allowed = ['configMap', 'emptyDir', 'persistentVolumeClaim'];
    for (const [name, , pod] of pods()) {
      expect([name, pod.securityContext]).toEqual([
        name,
        expect.objectContaining({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }),
      ]);
      expect([name, pod.securityContext.runAsUser]).not.toEqual([name, 0]);
      expect([name, pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC]).toEqual([name, undefined]);
      for (const volume of pod.volumes ?? [])
        expect(allowed).toContain(Object.keys(volume).find((key) => key !== 'name'));
      for (const container of containersOf(pod)) {
        expect([name, container['securityContext']]).toEqual([
          name,
          { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        ]);
        expect(container['ports']?.some(({ hostPort }: { hostPort?: number }) => hostPort !== undefined) ?? false).toBe(
          false,
        );
        expect([name, container['resources'].limits.memory]).toEqual([name, expect.any(String)]);
      }
    }
  });

  it('have an environment that the program takes, with everything that it needs', () => {
    const programs = pods().flatMap(([name, , pod]) =>
      containersOf(pod)
        .filter(({ args, command }) => command?.[0] === 'sh' || (args !== undefined && command === undefined))
        .map((container): [string, Container] => [name, container]),
    );
    expect(programs.length).toBeGreaterThan(25);
    for (const [name, container] of programs) {
      const variables = container.env.map((variable) => variable.name);
      expect([
        name,
        variables.filter((variable) => !NO_SETTINGS.has(variable) && !(variable in settingsSchema.shape)),
      ]).toEqual([name, []]);
      expect([name, variables]).toEqual([name, [...new Set(variables)]]);
      const config = loadConfig(environmentOf(container));
      expect(config).toMatchObject({ embedded: false, NODE_ENV: 'production', HOST: '0.0.0.0', LOG_FORMAT: 'json' });
      expect(config.DATABASE_URL).toMatch(/^postgres:\/\/[^$]+$/);
      expect(config.STORAGE_URL).toMatch(
        name.includes('minimal') || name.includes('defaults') || name.includes('inline')
          ? /^file:\/\/\/var\/lib\/boucle/
          : /^s3:/,
      );
    }
  });

  it('start with a role or command that the program has', () => {
    const main = readFileSync('src/main.ts', 'utf8');
    for (const [, { kind }, pod] of pods().filter(([, { kind }]) => kind === 'Deployment' || kind === 'Job')) {
      const [argument] = pod.containers[0].args;
      expect(main).toMatch(
        kind === 'Job' ? new RegExp(`command\\('${argument}'\\)`) : new RegExp(`^  ${argument}: '`, 'm'),
      );
      expect(pod.containers[0].command).toBeUndefined();
    }
  });

  it('are probed where the program answers; liveness never asks the database', () => {
    const deployments = pods().filter(([, { kind }]) => kind === 'Deployment');
    for (const [name, , pod] of deployments) {
      const [container] = pod.containers;
      const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe].httpGet.path);
      expect([name, ...paths]).toEqual([name, '/health/live', '/health/ready', '/health/live']);
      for (const path of paths) expect(ROUTES[`GET ${path}`]).toBe('PUBLIC');
      const port = container.ports.find((one: { name: string }) => one.name === container.livenessProbe.httpGet.port);
      expect(port.containerPort).toBe(loadConfig(environmentOf(container)).PORT);
    }
  });

  it('get more time to stop than the program takes', () => {
    for (const [, , pod] of pods().filter(([, { kind }]) => kind === 'Deployment')) {
      const { SHUTDOWN_TIMEOUT_SECONDS } = loadConfig(environmentOf(pod.containers[0]));
      const pause = Number(pod.containers[0].lifecycle?.preStop.exec.command[1] ?? 0);
      // 20 s to close and 5 s to hand work back: serve-role.ts and job-runner.ts.
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(pause + SHUTDOWN_TIMEOUT_SECONDS + 25);
    }
    const paused = ofKind(release('production'), 'Deployment').filter((one) => podOf(one).containers[0].lifecycle);
    expect(paused.map(({ metadata }) => metadata.name)).toEqual(['release-boucle-api', 'release-boucle-predictor']);
  });

  it('lean on objects of the release, and hooks only on objects that come before them', () => {
    for (const [name, manifests] of releases) {
      const weight = ({ metadata }: Manifest) => Number(metadata.annotations?.['helm.sh/hook-weight'] ?? 0);
      const hooks = manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook']?.startsWith('pre-'));
      const job = hooks.find(({ kind }) => kind === 'Job');
      expect([name, job !== undefined]).toEqual([name, !name.includes('minimal')]);
      if (job === undefined) continue;
      const before = hooks
        .filter((one) => weight(one) < weight(job))
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      expect(before).toContain(`ServiceAccount ${podOf(job).serviceAccountName}`);
      const secrets = new Set(secretsOf(podOf(job)));
      const own = ofKind(manifests, 'Secret').map(({ metadata }) => metadata.name);
      for (const secret of secrets) if (own.includes(secret)) expect(before).toContain(`Secret ${secret}`);
      expect(name === 'inline Secret' ? [...secrets] : ['release-boucle-migrate']).toEqual(['release-boucle-migrate']);
      expect(job.metadata.annotations!['helm.sh/hook-delete-policy']).toBe('before-hook-creation');
    }
    const accounts = ofKind(release('aws'), 'ServiceAccount');
    expect(accounts.find(({ metadata }) => metadata.name.endsWith('predictor'))?.metadata.annotations).toEqual({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/boucle-predictor',
    });
  });

  it('start anew when a Secret of the chart changes, and run by digest where there is one', () => {
    const annotation = (values: object) => {
      const [deployment] = ofKind(parse(render(settings({ ...INLINE, ...values }))), 'Deployment');
      return [
        deployment!['spec'].template.metadata.annotations['checksum/secret'],
        podOf(deployment!).containers[0].image,
      ];
    };
    const digest = `sha256:${'a'.repeat(64)}`;
    const [one, image] = annotation({});
    const [other, exact] = annotation({ 'secret.values.BOUCLE_SECRET': 'y'.repeat(32), 'image.digest': digest });
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(other).not.toBe(one);
    expect([image, exact]).toEqual(['boucle:0.1.0', `boucle@${digest}`]);
  });

  it('are counted by the autoscaler or the chart, never both, and have a budget if there are several', () => {
    for (const [, manifests] of releases) {
      const scaled = new Set(
        ofKind(manifests, 'HorizontalPodAutoscaler').map((one) => one['spec'].scaleTargetRef.name),
      );
      const budgets = new Set(ofKind(manifests, 'PodDisruptionBudget').map(({ metadata }) => metadata.name));
      for (const { metadata, spec } of ofKind(manifests, 'Deployment') as any[]) {
        expect([metadata.name, 'replicas' in spec]).toEqual([metadata.name, !scaled.has(metadata.name)]);
        expect([metadata.name, budgets.has(metadata.name)]).toEqual([
          metadata.name,
          scaled.has(metadata.name) || spec.replicas > 1,
        ]);
      }
    }
    const predictor = ofKind(release('scale'), 'HorizontalPodAutoscaler').find(({ metadata }) =>
      metadata.name.endsWith('predictor'),
    )!;
    expect(predictor['spec']).toMatchObject({ minReplicas: 3, maxReplicas: 50 });
    expect(predictor['spec'].metrics.map(({ type }: { type: string }) => type)).toEqual(['Resource', 'Pods']);
  });
});

function secretsOf(pod: any): string[] {
  const variables: Container['env'] = pod.containers[0].env;
  return variables.flatMap(({ valueFrom }) => (valueFrom ? [valueFrom.secretKeyRef.name as string] : []));
}

/** What a container sees, as Kubernetes puts it together. */
function environmentOf({ env }: Container): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const { name, value, valueFrom } of env) {
    const raw = value ?? SECRETS[valueFrom.secretKeyRef.key] ?? 'a key of AWS';
    seen[name] = raw.replace(/\$\((\w+)\)/g, (_, other: string) => seen[other]!);
  }
  return seen;
}
