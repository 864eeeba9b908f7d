/**
 * `helm test`: logs in, uploads a small table, trains a model on it and asks it for a prediction, as a user would. Runs in the
 * image, with Node alone. What it makes is called `helm-test` and stays for the next time.
 */
const { API_URL, PREDICTOR_URL, EMAIL, PASSWORD } = process.env;
const NAME = 'helm-test';
const POLL_MS = 500;
const REQUEST_TIMEOUT_MS = 15_000;
/** y = 2x + 1 */
const TABLE = ['x,y', ...Array.from({ length: 400 }, (_, i) => `${i / 20},${i / 10 + 1}`)].join('\n');
const [X, Y] = [10.5, 22];

let token;
const { login } = await ask(`mutation ($input: LoginInput!) { login(input: $input) { accessToken } }`, {
  input: { email: EMAIL, password: PASSWORD },
});
token = login.accessToken;
say('logged in');

await unlessThere(`mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }`, {
  name: NAME,
  source: { kind: 'UPLOAD', format: 'CSV' },
});
const upload = await send(`${API_URL}/v1/datasets/${NAME}/upload`, 'text/csv', TABLE);
await ended(`{ dataset(name: "${NAME}") { extractions(first: 5) { nodes { id state failure } } } }`, (data) =>
  data.dataset.extractions.nodes.find(({ id }) => id === upload.id),
);
say('uploaded a table');

await unlessThere(`mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }`, {
  name: NAME,
  dataset: NAME,
  task: 'REGRESSION',
  target: 'y',
  features: ['x'],
});
const started = await ask(`mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }`, {
  input: { model: NAME, algorithms: ['LINEAR_REGRESSION'], seed: 1 },
});
const run = await ended(
  `{ trainingRuns(model: "${NAME}", first: 5) { nodes { id state failure version { version } } } }`,
  (data) => data.trainingRuns.nodes.find(({ id }) => id === started.startTraining[0].id),
);
say(`trained version ${run.version.version}`);

const path = `/v1/models/${NAME}/versions/${run.version.version}/predict`;
const answer = await send(`${PREDICTOR_URL}${path}`, 'application/json', JSON.stringify({ rows: [{ x: X }] }));
const value = answer.predictions[0].value;
if (!(Math.abs(value - Y) < 0.1)) throw new Error(`x = ${X} must give ${Y}, but the answer is ${value}`);
say(`predicted ${value} for x = ${X}, which is right`);

/** Asks until it is over. The time that all may take is the pod's. @throws Error if it did not succeed. */
async function ended(query, pick) {
  for (;;) {
    const found = pick(await ask(query));
    if (['SUCCEEDED', 'READY', 'UNCHANGED'].includes(found?.state)) return found;
    if (['FAILED', 'CANCELLED'].includes(found?.state)) throw new Error(`${found.state}: ${found.failure}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function unlessThere(mutation, input) {
  await ask(mutation, { input }).catch((error) => {
    if (error.code !== 'CONFLICT') throw error;
  });
}

async function ask(query, variables = {}) {
  const { data, errors } = await send(`${API_URL}/graphql`, 'application/json', JSON.stringify({ query, variables }));
  if (errors) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions?.code });
  return data;
}

async function send(url, type, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type, ...(token && { authorization: `Bearer ${token}` }) },
    body,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const answer = await response.json();
  if (!response.ok && !answer.errors) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
