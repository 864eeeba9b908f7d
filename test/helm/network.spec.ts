import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROUTES } from '../security/expectations.js';
import { servedRoutes } from '../security/served-routes.js';
import { type IngressPath, serviceOf } from '../support/cluster/front.js';
import { createTestDatabase } from '../support/database.js';
import { hasChartTools, type Manifest, ofKind, parse, podOf, render, settings } from './chart.js';

const BUCKET = { mode: 'roles', 'storage.url': 's3://bucket/prefix' };
const INGRESS = { ...BUCKET, 'ingress.enabled': true, 'ingress.host': 'ml.example.org' };
/** `/ping` is asked by SageMaker, inside its container. */
const INSIDE = /^GET \/(metrics|ping|health\/.*)$/;
/** Roles with a Service that an Ingress leads to. */
const SERVING = ['api', 'predictor'] as const;

(hasChartTools() ? describe : describe.skip)('the network of the chart', () => {
  /** Servers by route, as the program of each role declares its routes. */
  let servers: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    const database = await createTestDatabase();
    const home = await mkdtemp(join(tmpdir(), 'boucle-routes-'));
    const found = new Map<string, string[]>();
    for (const role of SERVING) {
      for (const route of await servedRoutes(database.url, home, role))
        found.set(route, [...(found.get(route) ?? []), `release-boucle-${role}`]);
    }
    servers = found;
    await rm(home, { recursive: true, force: true });
    await database.drop();
  });

  /** Routes that are led to a server which has none, or which nobody shall reach. */
  const misled = (known: readonly IngressPath[]): string[] =>
    [...servers].flatMap(([route, having]) => {
      const server = serviceOf(known, pathOf(route));
      const isRight = INSIDE.test(route) ? server === undefined : having.includes(server!);
      return isRight ? [] : [`${route}: ${server}`];
    });

  it('knows the routes of all roles together', () => {
    expect([...servers.keys()].sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it('leads every route to a role that serves it', () => {
    const [ingress] = ofKind(parse(render(settings(INGRESS))), 'Ingress');
    expect(misled(ingress!['spec'].rules[0].http.paths)).toEqual([]);
  });

  it('leads every path to the one pod of a trial', () => {
    const single = { 'ingress.enabled': true, 'ingress.host': 'ml.example.org' };
    const [ingress] = ofKind(parse(render(settings(single))), 'Ingress');
    for (const route of servers.keys()) {
      const server = serviceOf(ingress!['spec'].rules[0].http.paths, pathOf(route));
      expect([route, server]).toEqual([route, INSIDE.test(route) ? undefined : 'release-boucle-all']);
    }
  });

  it('leads them by a route of the Gateway API', () => {
    const values = { ...BUCKET, 'httpRoute.enabled': true, 'httpRoute.parentRefs': [{ name: 'gateway' }] };
    const [route] = ofKind(parse(render(settings(values))), 'HTTPRoute');
    const known: IngressPath[] = route!['spec'].rules.map(({ matches, backendRefs }: any) => ({
      path: matches[0].path.value,
      pathType: matches[0].path.type.replace(/^Path/, ''),
      backend: { service: { name: backendRefs[0].name } },
    }));
    expect(misled(known)).toEqual([]);
  });

  it('has Services whose ports and pods exist', () => {
    for (const values of [{}, BUCKET, { 'postgresql.enabled': true }]) {
      const manifests = parse(render(settings(values)));
      for (const service of ofKind(manifests, 'Service')) {
        const pods = manifests.filter(
          (one) => podOf(one) && matches(one['spec'].template?.metadata.labels, service['spec'].selector),
        );
        const [owner] = pods;
        expect([service.metadata.name, pods.length]).toEqual([service.metadata.name, 1]);
        const ports = podOf(owner!).containers[0].ports.map(({ name }: { name: string }) => name);
        for (const { targetPort } of service['spec'].ports) expect(ports).toContain(targetPort);
      }
    }
  });

  it.each([
    ['none', []],
    ['podIdentity', ['169.254.170.23/32']],
    ['node', ['169.254.169.254/32']],
  ])('keeps pods from the metadata service, with the identity %s', (identity, open) => {
    const policies = policiesOf({ ...BUCKET, 'aws.identity': identity });
    expect(policies.map(({ metadata }) => metadata.name.replace('release-boucle-', '')).sort()).toEqual([
      'api',
      'migrate',
      'predictor',
      'scheduler',
      'worker',
    ]);
    for (const { metadata, spec } of policies as any[]) {
      const blocks = spec.egress
        .flatMap(({ to }: any) => to ?? [])
        .flatMap(({ ipBlock }: any) => (ipBlock ? [ipBlock] : []));
      const wide = blocks.filter(({ cidr }: { cidr: string }) => cidr === '0.0.0.0/0');
      expect(wide.length).toBeGreaterThan(0);
      for (const { except } of wide) expect(except).toEqual(['169.254.0.0/16']);
      const linkLocal = blocks
        .map(({ cidr }: { cidr: string }) => cidr)
        .filter((cidr: string) => cidr.startsWith('169.254'));
      expect([metadata.name, linkLocal]).toEqual([metadata.name, metadata.name.endsWith('migrate') ? [] : open]);
    }
  });

  it('lets only the worker call anything, and everybody else the database and the store', () => {
    const policies = policiesOf({ ...BUCKET, 'storage.s3.endpoint': 'http://minio:9000' });
    const ports = Object.fromEntries(
      policies.map(({ metadata, spec }) => [
        metadata.name.replace('release-boucle-', ''),
        spec.egress.map(({ ports }: any) => ports?.map(({ port }: { port: number }) => port) ?? 'any'),
      ]),
    );
    expect(ports).toEqual({
      api: [[53, 53], [5432], [443, 9000]],
      predictor: [[53, 53], [5432], [443, 9000]],
      scheduler: [[53, 53], [5432], [443, 9000]],
      worker: [[53, 53], [5432], 'any'],
      migrate: [[53, 53], [5432]],
    });
  });

  it('lets named callers in, and the test', () => {
    const callers = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }];
    const test = { 'test.enabled': true, 'test.existingSecret': 'a' };
    const from = (values: object, name: string) =>
      policiesOf({ ...BUCKET, ...values }).find(({ metadata }) => metadata.name.endsWith(name))!['spec'].ingress[0]
        .from;
    expect(from({}, 'predictor')).toEqual([{ namespaceSelector: {} }]);
    expect(from({ 'networkPolicy.callers': callers }, 'predictor')).toEqual(callers);
    expect(from({ 'networkPolicy.callers': callers, ...test }, 'api')).toHaveLength(2);
    expect(from({ 'networkPolicy.scrapers': callers }, 'worker')).toEqual(callers);
  });
});

function policiesOf(values: object): Manifest[] {
  return ofKind(parse(render(settings({ ...values, 'networkPolicy.enabled': true }))), 'NetworkPolicy');
}

function matches(labels: Record<string, string> | undefined, selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}

function pathOf(route: string): string {
  return route.replace(/^\w+ /, '').replaceAll(/:\w+/g, 'x');
}
