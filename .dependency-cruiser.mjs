/** Rule 1 of ARCHITECTURE.md: the import graph between features is a DAG. A feature may use what is listed, nothing else. */
const foundation = ['config', 'errors', 'ml', 'platform', 'auth'];
const features = {
  auth: ['config', 'errors', 'platform'],
  datasets: foundation,
  models: [...foundation, 'datasets'],
  training: [...foundation, 'datasets', 'models'],
  predictions: [...foundation, 'datasets', 'models'],
  monitoring: [...foundation, 'datasets', 'models', 'training', 'predictions'],
  platform: ['config', 'errors'],
  ml: [],
  errors: [],
  config: ['errors'],
};

const onlyAllowed = Object.entries(features).map(([name, allowed]) => ({
  name: `${name}-imports`,
  severity: 'error',
  comment: `src/${name} may import only ${[name, ...allowed].join(', ')}`,
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/(${[name, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...onlyAllowed,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'ml-is-pure',
      severity: 'error',
      comment: 'src/ml holds mathematics only: no framework, database, cloud or file system',
      from: { path: '^src/ml/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          '^(src/ml/|node:worker_threads$|worker_threads$|node:os$|os$)',
          '(^|/)node_modules/@bufbuild/protobuf/',
        ],
      },
    },
    {
      name: 'not-to-spec',
      severity: 'error',
      from: { pathNot: '\\.spec\\.ts$' },
      to: { path: '\\.spec\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.js'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
