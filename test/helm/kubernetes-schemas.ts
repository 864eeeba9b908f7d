import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, schemaSource } from './chart.js';

type Schema = Record<string, any>;

/** Kinds that come with a gateway and with the Prometheus operator. */
const DEFINITIONS = [
  'gateway.networking.k8s.io_httproutes.yaml',
  'monitoring.coreos.com_servicemonitors.yaml',
  'monitoring.coreos.com_prometheusrules.yaml',
];

/**
 * Writes a JSON schema for every kind that the description of the Kubernetes API names, and for those of custom resources.
 * @returns where kubeconform finds them. Fields that the API does not know are refused, as a server would.
 */
export function kubernetesSchemas(): string {
  const folder = mkdtempSync(join(tmpdir(), 'boucle-schemas-'));
  const { definitions } = JSON.parse(readFileSync(schemaSource('swagger.json'), 'utf8')) as { definitions: Schema };
  for (const definition of Object.values(definitions)) strict(definition);
  writeFileSync(join(folder, 'definitions.json'), JSON.stringify({ definitions }));
  for (const [name, definition] of Object.entries(definitions)) {
    for (const { group, version, kind } of (definition as Schema)['x-kubernetes-group-version-kind'] ?? []) {
      write(folder, { group, version, kind }, { $ref: `definitions.json#/definitions/${name}` });
    }
  }
  for (const file of DEFINITIONS) {
    const { group, names, versions } = parse(readFileSync(schemaSource(file), 'utf8'))[0]!['spec'];
    for (const { name, schema } of versions) {
      write(folder, { group, version: name, kind: names.kind }, strict(schema.openAPIV3Schema));
    }
  }
  return join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json');
}

function write(folder: string, { group, version, kind }: Record<string, string>, schema: Schema): void {
  const name = [kind, group?.split('.')[0], version]
    .filter((part) => part !== '')
    .join('-')
    .toLowerCase();
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(schema));
}

/** The description says what fields there are, not that there are no others; and it types quantities as text only. */
function strict(schema: Schema): Schema {
  if (schema['format'] === 'int-or-string' || schema['x-kubernetes-int-or-string'])
    schema['type'] = ['string', 'integer'];
  if (/^Quantity is/.test(schema['description'] ?? '')) schema['type'] = ['string', 'number'];
  delete schema['description'];
  if (schema['properties'] && schema['additionalProperties'] === undefined) schema['additionalProperties'] = false;
  const inner = [
    ...Object.values((schema['properties'] ?? {}) as Schema),
    schema['items'],
    schema['additionalProperties'],
  ];
  for (const part of inner) if (part !== null && typeof part === 'object') strict(part as Schema);
  // A manifest's metadata is not described in a CRD.
  if (schema['type'] === 'object' && schema['properties']?.metadata?.type === 'object' && schema['properties'].spec)
    delete schema['properties'].metadata.additionalProperties;
  return schema;
}
