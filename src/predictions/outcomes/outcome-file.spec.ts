import { type OutcomeFormat, type RawOutcome, readOutcomes } from './outcome-file.js';

async function read(format: OutcomeFormat, text: string, piece = 65_536): Promise<RawOutcome[]> {
  const bytes = Buffer.from(text);
  async function* body(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += piece) yield await Promise.resolve(bytes.subarray(at, at + piece));
  }
  const outcomes: RawOutcome[] = [];
  for await (const block of readOutcomes(format, body())) outcomes.push(...block);
  return outcomes;
}

describe('readOutcomes', () => {
  it.each([1, 3, 50])('reads JSON lines from pieces of %i bytes, also in the middle of a character', async (piece) => {
    expect(await read('ndjson', '\ufeff{"value":"Zürich 😀"}\r\n\n{"value":\n[1]', piece)).toEqual([
      { position: 1, raw: { value: 'Zürich 😀' } },
      { position: 3, problem: 'The line is no JSON' },
      { position: 4, raw: [1] },
    ]);
  });

  it.each([1, 3, 50])('reads CSV from pieces of %i bytes', async (piece) => {
    const text = '\ufeffPrediction ID,value,occurred_at\r\n1,"a,ü",\r\n\r\n2,b\r\n3,,2026-01-31\r\n';
    expect(await read('csv', text, piece)).toEqual([
      { position: 2, raw: { predictionId: '1', value: 'a,ü' } },
      { position: 4, problem: 'The record has 2 values, the header 3 columns' },
      { position: 5, raw: { predictionId: '3', occurredAt: '2026-01-31' } },
    ]);
  });

  it.each(['value', 'predictionId', 'predictionId,value,value', 'predictionId,value,label', '"'])(
    'refuses the CSV header %j',
    async (header) => {
      await expect(read('csv', `${header}\n1,2,3\n`)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    },
  );

  it('goes on after a line that is too long', async () => {
    const text = `"${'x'.repeat(70_000)}"\n1\n`;
    expect(await read('ndjson', text, 1_000)).toEqual([
      { position: 1, problem: expect.stringContaining('65536') },
      { position: 2, raw: 1 },
    ]);
  });

  it('finds nothing in an empty file', async () => {
    expect(await read('csv', '')).toEqual([]);
    expect(await read('ndjson', '')).toEqual([]);
  });
});
