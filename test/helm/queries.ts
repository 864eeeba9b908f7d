import { readFileSync } from 'node:fs';

/** A query of a dashboard or an alert, and where it stands. */
export interface MonitoringQuery {
  readonly where: string;
  readonly query: string;
}

/** What Grafana puts in for its variables. */
const VARIABLES: readonly [RegExp, string][] = [
  [/\$__rate_interval/g, '10s'],
  [/\$model|\$role/g, '.*'],
];
const METRIC = /\b(?:boucle|nodejs|process)_\w+/g;

/** Every query of a dashboard: panels, annotations, variables. */
export function queriesOf(dashboard: string): MonitoringQuery[] {
  const { panels, annotations, templating } = JSON.parse(
    readFileSync(`helm/boucle/dashboards/${dashboard}.json`, 'utf8'),
  );
  const ofPanels = panels.flatMap(({ title, targets }: any) => (targets ?? []).map(({ expr }: any) => [title, expr]));
  const ofAnnotations = annotations.list.map(({ name, expr }: any) => [name, expr]);
  const ofVariables = templating.list.flatMap(({ name, query }: any) => {
    const values = /^label_values\((\w+), (\w+)\)$/.exec(query.query ?? '');
    return values ? [[name, `count by (${values[2]}) (${values[1]})`]] : [];
  });
  return [...ofPanels, ...ofAnnotations, ...ofVariables].map(([title, expr]: [string, string]) => ({
    where: `${dashboard}: ${title}`,
    query: VARIABLES.reduce((text, [variable, value]) => text.replace(variable, value), expr),
  }));
}

/** Metrics that a query names. */
export function metricsIn(query: string): string[] {
  return [...new Set(query.match(METRIC) ?? [])];
}

/** Labels that a query asks metrics for, by metric; under '' those that it groups or joins by. */
export function labelsIn(query: string): [string, string[]][] {
  const asked = [...query.matchAll(/\b(\w+)\{([^}]*)\}/g)].map(([, metric, matchers]): [string, string[]] => [
    metric!,
    [...matchers!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  ]);
  const grouped = [...query.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g)].flatMap(([, labels]) =>
    labels!.split(/,\s*/),
  );
  return [...asked, ['', [...new Set(grouped)].filter((label) => label !== '')]];
}
