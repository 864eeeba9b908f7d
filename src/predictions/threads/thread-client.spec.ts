import { ThreadClient } from './thread-client.js';

const ORDER = { selector: { model: 'm' }, maxRows: 1, hashed: false };
const body = () => new TextEncoder().encode('{}');

/** A thread that runs this instead of the program. */
function threadOf(text: string): { thread: ThreadClient; lost: Promise<Error> } {
  let thread!: ThreadClient;
  const lost = new Promise<Error>((resolve) => {
    thread = new ThreadClient(resolve, new URL(`data:text/javascript,${encodeURIComponent(text)}`));
  });
  return { thread, lost };
}

const onMessage = (statement: string) =>
  `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (order) => { ${statement} });`;

describe('ThreadClient', () => {
  it('hands the body over, and gives each answer to whoever asked', async () => {
    const answer = 'parentPort.postMessage({ id: order.id, opened: { rows: order.order.body.length } })';
    const { thread } = threadOf(onMessage(answer));
    const [first, second] = [body(), new TextEncoder().encode('{"rows": []}')];
    const opened = await Promise.all([thread.open({ ...ORDER, body: first }), thread.open({ ...ORDER, body: second })]);
    expect(opened.map(({ opened: { rows } }) => rows)).toEqual([2, 12]);
    expect(new Set(opened.map(({ id }) => id)).size).toBe(2);
    expect(first.length).toBe(0);
    await thread.stop();
  });

  it('throws the errors of the thread, those for callers as such', async () => {
    const error = `order.order.maxRows === 1 ? { code: 'BAD_INPUT', message: 'no', details: { row: 1 } } : { message: 'bug' }`;
    const { thread } = threadOf(onMessage(`parentPort.postMessage({ id: order.id, error: ${error} })`));
    await expect(thread.open({ ...ORDER, body: body() })).rejects.toMatchObject({
      ...{ name: 'AppError', code: 'BAD_INPUT', message: 'no', details: { row: 1 } },
    });
    await expect(thread.open({ ...ORDER, maxRows: 2, body: body() })).rejects.toMatchObject({
      ...{ name: 'Error', message: 'bug' },
    });
    await thread.stop();
  });

  it.each([
    ['throws', 'throw new Error("out of order")', /out of order/],
    ['leaves', 'process.exit(3)', /code 3/],
  ])('answers UNAVAILABLE for a thread that %s, at once from then on', async (_, statement, message) => {
    const { thread, lost } = threadOf(onMessage(statement));
    await expect(thread.open({ ...ORDER, body: body() })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((await lost).message).toMatch(message);
    await expect(thread.open({ ...ORDER, body: body() })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('does not call a thread lost that was stopped', async () => {
    const { thread, lost } = threadOf(onMessage(''));
    const asked = expect(thread.open({ ...ORDER, body: body() })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await thread.stop();
    await asked;
    expect(await Promise.race([lost, Promise.resolve('nothing')])).toBe('nothing');
  });
});
