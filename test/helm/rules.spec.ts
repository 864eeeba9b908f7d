import { readFileSync } from 'node:fs';
import { hasCommand } from '../support/peers.js';
import { fileOf, hasChartTools, type Manifest, ofKind, parse, render, run, settings } from './chart.js';

const ALERTS = 'helm/boucle/files/alerts.yaml';
const DASHBOARDS = ['models', 'operations'];
const MONITORING = {
  'metrics.serviceMonitor': { enabled: true, interval: '30s', labels: { release: 'prometheus' } },
  'metrics.prometheusRule.enabled': true,
  'metrics.prometheusRule.runbookUrl': 'https://git.example.org/boucle/docs/runbooks.md',
  'metrics.dashboards.enabled': true,
};

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

(hasChartTools() && hasCommand('promtool') ? describe : describe.skip)('monitoring in the chart', () => {
  let manifests: Manifest[];
  let rules: Rule[];

  beforeAll(() => {
    manifests = parse(render(settings(MONITORING)));
    rules = rulesOf(manifests);
  });

  it('has alerts that promtool accepts, as a file and in the PrometheusRule', () => {
    const rendered = fileOf(JSON.stringify(ofKind(manifests, 'PrometheusRule')[0]!['spec']));
    for (const file of [ALERTS, rendered]) {
      expect(run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', file])).toMatchObject({ status: 0 });
    }
  });

  it('has alerts that fire when they should, and not before', () => {
    expect(run('promtool', ['test', 'rules', 'test/helm/alerts.test.yaml'])).toMatchObject({ status: 0 });
    const tested = readFileSync('test/helm/alerts.test.yaml', 'utf8');
    expect(rules.filter(({ alert }) => !tested.includes(`alertname: ${alert}`))).toEqual([]);
  });

  it('has a section of the runbooks for each alert, and links to it', () => {
    const runbooks = readFileSync('docs/runbooks.md', 'utf8');
    const sections = [...runbooks.matchAll(/^## (\w+)$/gm)].map(([, name]) => name!);
    expect(sections.sort()).toEqual(rules.map(({ alert }) => alert).sort());
    for (const { alert, annotations } of rules) {
      expect(annotations['runbook_url']).toBe(`https://git.example.org/boucle/docs/runbooks.md#${alert.toLowerCase()}`);
      expect([alert, Object.keys(annotations).sort()]).toEqual([alert, ['description', 'runbook_url', 'summary']]);
    }
  });

  it('has a line for each alert and each panel in the page on monitoring', () => {
    const page = readFileSync('docs/monitoring.md', 'utf8');
    const alerts = [...page.matchAll(/^\| \[(\w+)\]\(runbooks\.md#(\w+)\)\s*\| (\w+)/gm)];
    expect(alerts.map(([, name, , severity]) => [name, severity])).toEqual(
      rules.map(({ alert, labels }) => [alert, labels['severity']]),
    );
    expect(alerts.filter(([, name, section]) => name!.toLowerCase() !== section)).toEqual([]);
    const drawn = DASHBOARDS.flatMap((name) =>
      JSON.parse(readFileSync(`helm/boucle/dashboards/${name}.json`, 'utf8')).panels.filter(
        ({ type }: { type: string }) => type !== 'row',
      ),
    ).map(({ title }: { title: string }) => title);
    const tables = page.slice(page.indexOf('## Dashboards'));
    const described = [...tables.matchAll(/^\| (.*?)\s*\|/gm)].map(([, cell]) => cell!);
    expect(described.filter((cell) => !/^(panel|-+)$/.test(cell))).toEqual(drawn);
  });

  it('leaves out alerts that somebody does not want', () => {
    const values = { ...MONITORING, 'metrics.prometheusRule.disabled': ['BoucleOldModel'] };
    const left = rulesOf(parse(render(settings(values)))).map(({ alert }) => alert);
    expect(left).toEqual(rules.map(({ alert }) => alert).filter((alert) => alert !== 'BoucleOldModel'));
  });

  it('scrapes every role, and is off unless asked for', () => {
    const [monitor] = ofKind(manifests, 'ServiceMonitor');
    expect(monitor!.metadata['labels' as keyof Manifest['metadata']]).toMatchObject({ release: 'prometheus' });
    expect(monitor!['spec'].endpoints).toEqual([{ port: 'http', path: '/metrics', interval: '30s' }]);
    const kinds = new Set(parse(render([])).map(({ kind }) => kind));
    for (const kind of ['ServiceMonitor', 'PrometheusRule', 'ConfigMap']) expect(kinds).not.toContain(kind);
  });

  it.each(DASHBOARDS)('has the dashboard %s as it is in the file', (name) => {
    const text = readFileSync(`helm/boucle/dashboards/${name}.json`, 'utf8');
    const map = ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name.endsWith(name))!;
    expect(JSON.parse(map['data'][`${name}.json`])).toEqual(JSON.parse(text));
    const { uid, panels } = JSON.parse(text);
    expect(uid).toBe(`boucle-${name}`);
    for (const panel of panels.filter(({ type }: { type: string }) => type !== 'row'))
      expect(panel.description).not.toBe('');
    expect(new Set(panels.map(({ id }: { id: number }) => id)).size).toBe(panels.length);
  });
});

function rulesOf(manifests: readonly Manifest[]): Rule[] {
  return ofKind(manifests, 'PrometheusRule')[0]!['spec'].groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
}
