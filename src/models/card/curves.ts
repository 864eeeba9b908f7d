import { shorten } from '../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { count, figure } from '../../platform/page/numbers.js';
import type { Manifest } from '../artifact/manifest.js';
import { drawing, lineThrough, plotFrame, SHARE_TICKS, type Axis } from './plot-frame.js';

type Diagnostics = Extract<NonNullable<Manifest['diagnostics']>, { task: 'CLASSIFICATION' }>;
type Curve = Diagnostics['roc'][number];

/** Curves that can be told apart in one drawing. */
const MOST_CURVES = 6;

function shareAxis(title: string): Axis {
  return { from: 0, to: 1, ticks: SHARE_TICKS, title };
}

export function rocPlot(curves: readonly Curve[], area: number | null): Markup {
  const frame = plotFrame(shareAxis('False positive rate'), shareAxis('True positive rate'));
  const chance = markup`<path class="chance" d="${lineThrough(
    [
      [0, 0],
      [1, 1],
    ],
    frame,
  )}"/>`;
  const note = area === null ? '' : `Area under it: ${figure(area)}${curves.length > 1 ? ', mean over classes' : ''}. `;
  return plotCard(
    'ROC curve',
    `${note}Dashed: by chance.`,
    markup`${drawing('ROC curve on the held-out rows', markup`${frame.drawing}${chance}${drawCurves(curves, frame)}`)}${legend(curves)}`,
  );
}

export function precisionRecallPlot(curves: readonly Curve[], area: number | null): Markup {
  const frame = plotFrame(shareAxis('Recall'), shareAxis('Precision'));
  const note =
    area === null ? '' : `Average precision: ${figure(area)}${curves.length > 1 ? ', mean over classes' : ''}. `;
  return plotCard(
    'Precision and recall',
    `${note}Each point is a threshold.`,
    markup`${drawing('Precision by recall on the held-out rows', markup`${frame.drawing}${drawCurves(curves, frame)}`)}${legend(curves)}`,
  );
}

export function reliabilityPlot(
  reliability: Diagnostics['reliability'],
  classes: readonly string[],
  ece: number | null,
  calibration: Manifest['calibration'],
): Markup {
  const binary = classes.length === 2;
  const what = binary ? `Probability of ${shorten(classes[1]!, 20)}` : 'Probability of the predicted class';
  const frame = plotFrame(shareAxis(what), shareAxis('Share that came true'));
  const { x, y } = frame;
  const most = Math.max(...reliability.map(({ rows }) => rows), 1);
  const ideal = lineThrough(
    [
      [0, 0],
      [1, 1],
    ],
    frame,
  );
  const calibrated = calibration && calibration.method !== 'NONE' ? calibration : undefined;
  const before = calibrated
    ? markup`<path class="curve s3" d="${lineThrough(pointsOf(calibrated.before.reliability), frame)}"/>`
    : NOTHING;
  const dots = reliability.map(
    ({ predicted, observed, rows }) =>
      markup`<circle class="mean" cx="${x(predicted)}" cy="${y(observed)}" r="${2.5 + 5.5 * Math.sqrt(rows / most)}"><title>${`${figure(predicted)} said, ${figure(observed)} came true, ${count(rows)} rows`}</title></circle>`,
  );
  const error = ece === null ? '' : `Calibration error: ${figure(ece)}. `;
  const made = calibrated ? `${CALIBRATION_WORDS[calibrated.method]}; grey: before. ` : '';
  return plotCard(
    'Reliability',
    `${error}${made}On the dashed line, what is said comes true. Larger circles hold more rows.`,
    drawing(
      'Reliability curve on the held-out rows',
      markup`${frame.drawing}<path class="chance" d="${ideal}"/>${before}<path class="curve s0" d="${lineThrough(pointsOf(reliability), frame)}"/>${dots}`,
    ),
  );
}

const CALIBRATION_WORDS: Readonly<Record<NonNullable<Manifest['calibration']>['method'], string>> = {
  NONE: 'Not calibrated',
  PLATT: 'Calibrated on validation rows by Platt scaling',
  ISOTONIC: 'Calibrated on validation rows by isotonic regression',
};

function pointsOf(bins: Diagnostics['reliability']): (readonly [number, number])[] {
  return bins.map(({ predicted, observed }) => [predicted, observed] as const);
}

/** One drawing of the grid. */
export function plotCard(title: string, note: string, content: Markup): Markup {
  return markup`<article class="card"><h3>${title}</h3><p class="note">${note}</p><figure>${content}</figure></article>`;
}

function drawCurves(curves: readonly Curve[], frame: ReturnType<typeof plotFrame>): Markup {
  return markup`${curves.slice(0, MOST_CURVES).map((curve, i) => markup`<path class="curve ${`s${i}`}" d="${lineThrough(curve.points, frame)}"/>`)}`;
}

/** A single curve needs none: for two classes it is the second one's. */
function legend(curves: readonly Curve[]): Markup {
  if (curves.length < 2) return NOTHING;
  const more = curves.length - MOST_CURVES;
  return markup`<ul class="key lines">${curves.slice(0, MOST_CURVES).map((curve, i) => markup`<li><i class="${`c${i}`}"></i><bdi>${shorten(curve.class, 24)}</bdi></li>`)}${more > 0 ? markup`<li>and ${more} more</li>` : NOTHING}</ul>`;
}
