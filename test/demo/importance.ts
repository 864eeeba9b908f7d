import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

const IMPORTANCE = `query ($model: String!) { model(name: $model) { champion {
  version cardUrl importance { metric rows repeats features { feature increase } } } } }`;

/** What a machine may want to check. */
export interface ChampionImportance {
  readonly version: number;
  readonly cardUrl: string;
  readonly features: readonly { readonly feature: string; readonly increase: number }[];
}

/** What each column is worth to the champion, and where its card is. */
export async function showImportance(
  session: Session,
  { name }: DemoModel,
  terminal: Terminal,
): Promise<ChampionImportance> {
  const { model } = await session.ask(IMPORTANCE, { model: name });
  const { version, cardUrl, importance } = model.champion;
  const { metric, rows, repeats, features } = importance;
  terminal.title(`What version ${version} looks at: the rise of its ${metric} when a column is shuffled`);
  terminal.line(`  mean of ${repeats} shuffles on ${rows} validation rows`);
  terminal.table(
    ['column', `rise of ${metric}`],
    features.map(({ feature, increase }: any) => [feature, increase]),
  );
  return { version, cardUrl, features };
}
