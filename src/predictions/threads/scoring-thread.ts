import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { link } from '../../ml/onnx/compile.js';
import { RowBinner } from '../counts/row-binner.js';
import type { PredictionRequest } from '../prediction-request.js';
import { errorData } from './error-data.js';
import { openRequest, scoreRequest, type ThreadModel } from './large-request.js';
import type { OpenOrder, Question, ThreadAnswer, ThreadOrder, ThreadVersion } from './thread-messages.js';

/** Entry of a thread that reads and scores large bodies, one after the other. */
const port = parentPort!;
const models = new Map<string, ThreadModel>();
const opened = new Map<number, { readonly body: OpenOrder['body']; readonly request: PredictionRequest }>();

// Where both want the same core, the event loop comes first. Elsewhere than on Linux this would be the whole process.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

/** Orders are carried out in the order in which they came. */
let last: Promise<void> = Promise.resolve();

port.on('message', (order: ThreadOrder) => {
  last = last.then(() => carryOut(order));
});

/** Never rejects. */
async function carryOut(order: ThreadOrder): Promise<void> {
  if (order.kind === 'model') models.set(order.version.versionId, modelOf(order.version));
  else if (order.kind === 'forget') models.delete(order.versionId);
  else if (order.kind === 'close') opened.delete(order.opened);
  else await answerTo(order);
}

async function answerTo(question: Question): Promise<void> {
  try {
    await answer(question);
  } catch (error) {
    send({ id: question.id, error: errorData(error) });
  }
}

async function answer(question: Question): Promise<void> {
  const { id } = question;
  if (question.kind === 'open') {
    const { order } = question;
    const read = await openRequest(order);
    opened.set(id, { body: order.body, request: read.request });
    send({ id, opened: read.opened });
  } else if (question.kind === 'take-back') {
    const { body } = opened.get(question.opened)!;
    send({ id, body }, [body.buffer]);
  } else {
    const { order } = question;
    const scored = await scoreRequest(opened.get(order.opened)!.request, models.get(order.versionId)!, order);
    send({ id, scored }, [scored.answer.buffer, scored.logged.bytes.buffer]);
  }
}

function send(message: ThreadAnswer, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...moved]);
}

function modelOf({ program, signature, layout, modelId, versionId, binningId }: ThreadVersion): ThreadModel {
  const counter = { modelId, versionId, binningId, binner: new RowBinner(layout) };
  return { evaluator: link(program), signature, counter };
}
