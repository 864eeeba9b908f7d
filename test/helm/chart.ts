import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export const CHART = 'helm/boucle';
export const EXAMPLES = readdirSync(join(CHART, 'values')).map((file) => join(CHART, 'values', file));
const PEERS = join(process.cwd(), '.ci/peers');
const scratch = mkdtempSync(join(tmpdir(), 'boucle-chart-'));
let files = 0;

/** An object of Kubernetes, as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  // What else there is depends on the kind; tests assert on it.
  readonly [field: string]: any;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `.ci/chart-tools` puts them where the tests look first. @returns false without them; under CI they must be there. */
export function hasChartTools(): boolean {
  const isThere =
    ['helm', 'helm3', 'kubeconform'].every(
      (tool) => run(tool, ['--help']).status === 0 || run(tool, ['-h']).status === 0,
    ) && existsSync(schemaSource('monitoring.coreos.com_servicemonitors.yaml'));
  if (!isThere && process.env['CI'] === 'true')
    throw new Error('tools of the chart are missing; .ci/chart-tools installs them');
  return isThere;
}

/** A file that schemas of Kubernetes are made from. */
export function schemaSource(file: string): string {
  return join(PEERS, 'kubernetes', file);
}

export function run(command: string, args: readonly string[]): Outcome {
  const PATH = [join(PEERS, 'bin'), process.env['PATH']].join(delimiter);
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH },
    maxBuffer: 2 ** 26,
  });
  return { status, stdout, stderr };
}

/** `--set-json` for every value, whose keys are paths such as `roles.api.replicas`. */
export function settings(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);
}

const rendered = new Map<string, string>();

/** The chart as text; the same one is made once. @throws Error with Helm's message if it refuses. */
export function render(args: readonly string[], helm = 'helm'): string {
  const key = [helm, ...args].join(' ');
  const known = rendered.get(key);
  if (known !== undefined) return known;
  const { status, stdout, stderr } = run(helm, [
    'template',
    'release',
    CHART,
    '--namespace',
    'data-processing',
    ...args,
  ]);
  if (status !== 0) throw new Error(stderr);
  rendered.set(key, stdout);
  return stdout;
}

export function fileOf(text: string): string {
  const path = join(scratch, `${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

/** Documents of YAML as objects. */
export function parse(yaml: string): Manifest[] {
  const { status, stdout, stderr } = run('helm', [
    'template',
    'parsed',
    'test/helm/as-json',
    '--set-file',
    `manifests=${fileOf(yaml)}`,
  ]);
  if (status !== 0) throw new Error(stderr);
  return (JSON.parse(stdout.slice(stdout.indexOf('{'))) as { items: Manifest[] }).items;
}

/** Templates of the pods that a manifest leads to. */
export function podOf(manifest: Manifest): any {
  return manifest.kind === 'Pod' ? manifest['spec'] : manifest['spec']?.template?.spec;
}

export function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}
