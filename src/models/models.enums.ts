import { registerEnumType } from '@nestjs/graphql';
import { enumOf } from '../platform/graphql/enum-of.js';
import type { Task } from '../ml/schema/signature.js';
import type { SplitMethod } from '../ml/train/split.js';
import { VERSION_ALGORITHMS } from './algorithm.js';
import { EVALUATORS } from './artifact/manifest.js';
import { PROMOTION_ACTIONS, PROMOTION_MODES, STAGES } from './stage.js';
import type { LogMode } from './serving-settings.js';
import { BACKENDS } from './training-backend-name.js';

export const AlgorithmEnum = enumOf(VERSION_ALGORITHMS);
export const StageEnum = enumOf(STAGES);
export const EvaluatorKindEnum = enumOf(EVALUATORS);
export const BackendEnum = enumOf(BACKENDS);
export const TaskEnum = enumOf<Task>(['REGRESSION', 'CLASSIFICATION']);
export const SplitMethodEnum = enumOf<SplitMethod>(['RANDOM', 'STRATIFIED', 'TIME']);
export const PromotionModeEnum = enumOf(PROMOTION_MODES);
export const PromotionActionEnum = enumOf(PROMOTION_ACTIONS);

export const LogModeEnum = { DURABLE: 'durable', ASYNC: 'async', SAMPLED: 'sampled' } as const satisfies Record<
  Uppercase<LogMode>,
  LogMode
>;

registerEnumType(AlgorithmEnum, {
  name: 'Algorithm',
  valuesMap: {
    FOREIGN: {
      description: 'Not trained by us: an ONNX file that was registered, or that the script of `trainingImage` left.',
    },
  },
});
registerEnumType(BackendEnum, {
  name: 'TrainingBackend',
  description: 'Where trainings run: in child processes of the worker, or as jobs of SageMaker.',
});
registerEnumType(EvaluatorKindEnum, {
  name: 'EvaluatorKind',
  valuesMap: {
    COMPILED: { description: 'Our kernels, which know every operator of the graph.' },
    ONNX_RUNTIME: { description: 'ONNX Runtime, for graphs with other operators.' },
  },
});
registerEnumType(LogModeEnum, {
  name: 'PredictionLogMode',
  description: 'Which predictions are logged, and whether their answer waits for it.',
  valuesMap: {
    DURABLE: { description: 'All, and an answer leaves once it is logged.' },
    ASYNC: {
      description:
        'All, after their answer has left; where the database falls behind or a process dies, rows are lost.',
    },
    SAMPLED: { description: 'A share of them, PREDICTION_LOG_SHARE, and an answer leaves once that is logged.' },
  },
});
registerEnumType(TaskEnum, {
  name: 'Task',
  description: 'What a model predicts: a number, or one of several classes.',
});
registerEnumType(SplitMethodEnum, {
  name: 'SplitMethod',
  description: 'How rows are divided: 70 % to train on, 15 % to choose the algorithm by, 15 % held out.',
  valuesMap: {
    RANDOM: { description: "By a hash of the row's features: a row never changes sides." },
    STRATIFIED: { description: 'By the same hash, every class in these shares: for rare classes.' },
    TIME: { description: 'By a time column: the latest rows are held out.' },
  },
});
registerEnumType(StageEnum, {
  name: 'Stage',
  valuesMap: {
    CANDIDATE: { description: 'Registered, not chosen.' },
    CHALLENGER: { description: 'Recommended by the gate and waits for a person, or tried beside the champion.' },
    CHAMPION: { description: 'Serves by default. One a model.' },
    RETIRED: { description: 'Was champion.' },
    REJECTED: { description: 'Refused by a person; never served.' },
  },
});
registerEnumType(PromotionModeEnum, {
  name: 'PromotionMode',
  valuesMap: {
    AUTOMATIC: { description: 'The gate promotes by itself.' },
    MANUAL: { description: 'The gate recommends, a person promotes.' },
  },
});
registerEnumType(PromotionActionEnum, {
  name: 'PromotionAction',
  valuesMap: {
    PROMOTED: { description: 'Became champion.' },
    RECOMMENDED: { description: 'The gate asks a person to promote it.' },
    DECLINED: { description: 'Not promoted: by the gate, or by a person who was asked.' },
    REJECTED: { description: 'Refused for good.' },
    ROLLED_BACK: { description: 'Became champion again.' },
    CHALLENGED: { description: 'Is tried beside the champion from now on.' },
    CHALLENGE_ENDED: { description: 'Is no longer tried.' },
    DELETED: { description: 'The champion until its model was deleted.' },
  },
});
