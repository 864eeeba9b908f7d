import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { AppError } from '../errors/app-error.js';

/**
 * Asks for a password twice without showing it; without a terminal, reads it from standard input.
 * @throws AppError BAD_INPUT if nothing was given, or the two differ.
 */
export async function readPassword(whose: string): Promise<string> {
  const password = process.stdin.isTTY ? await askTwice(whose) : withoutLineEnd(await text(process.stdin));
  if (password !== '') return password;
  throw new AppError(
    'BAD_INPUT',
    'No password was given. Type it at the terminal, or pipe it in: `boucle create-admin --email … < password-file`.',
  );
}

/** readline edits the line as usual, but what it would echo goes nowhere. */
async function askTwice(whose: string): Promise<string> {
  const output = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  terminal.on('SIGINT', () => {
    terminal.close();
  });
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    process.stderr.write(question);
    const line = await lines.next();
    process.stderr.write('\n');
    if (line.done) throw new AppError('BAD_INPUT', 'Cancelled; nothing was changed.');
    return line.value;
  };
  try {
    const password = await ask(`Password for ${whose}: `);
    if (password === (await ask('The same again: '))) return password;
    throw new AppError('BAD_INPUT', 'The two passwords differ. Start again.');
  } finally {
    terminal.close();
  }
}

function withoutLineEnd(input: string): string {
  return input.replace(/\r?\n$/, '');
}
