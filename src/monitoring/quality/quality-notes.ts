import type { Signature } from '../../ml/schema/signature.js';
import type { LabelledPrediction } from '../../predictions/outcomes/labelled-predictions.js';

/** Below, drawing again the few rows there are shows too little of how others would have been. */
const FEW_OUTCOMES = 30;

interface Reading {
  readonly signature: Pick<Signature, 'classes'>;
  readonly predictions: number;
  readonly labelled: number;
  /** Those that the metrics come from. */
  readonly outcomes: readonly Pick<LabelledPrediction, 'outcome'>[];
}

/** What a reader of metrics should know about how they came about. */
export function notesOn({ signature, predictions, labelled, outcomes }: Reading): string[] {
  if (predictions === 0 && labelled === 0) return ['No predictions were made in this window.'];
  const [first] = outcomes;
  if (!first) return ['No outcome of these predictions is known yet.'];
  const notes: string[] = [];
  if (outcomes.length < labelled) {
    notes.push(`Computed on ${outcomes.length} of the ${labelled} predictions with outcomes, drawn by a seed.`);
  }
  if (outcomes.length < FEW_OUTCOMES) {
    notes.push(`There are only ${outcomes.length} outcomes: the true values may well lie outside of the bands.`);
  }
  if (signature.classes && outcomes.every(({ outcome }) => outcome === first.outcome)) {
    notes.push(`Only the class ${first.outcome} occurred: metrics that compare it with others are unknown.`);
  }
  return notes;
}
