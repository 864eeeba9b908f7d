import { ChangeSubscription, RELOAD } from './change-subscription.js';

const change = (id: string, modelId?: string) => ({ topic: 'training-run' as const, id, modelId });

describe('ChangeSubscription', () => {
  const closed: unknown[] = [];
  const subscriptionTo = (isWanted = (_: { id: string }): boolean => true) =>
    new ChangeSubscription(isWanted, (self) => closed.push(self));
  const take = async (subscription: ChangeSubscription, count: number) => {
    const signals = [];
    for (let i = 0; i < count; i++) signals.push((await subscription.next()).value);
    return signals.map((signal) => (typeof signal === 'object' ? signal.id : signal));
  };

  it('gives what was offered before and while somebody waits', async () => {
    const subscription = subscriptionTo(({ id }) => id !== 'other');
    subscription.offer(change('a'));
    subscription.offer(change('other'));
    expect(await take(subscription, 1)).toEqual(['a']);
    const waiting = subscription.next();
    subscription.offer(change('b'));
    expect(await waiting).toMatchObject({ done: false, value: { id: 'b' } });
  });

  it('keeps the newest of several changes of a row', async () => {
    const subscription = subscriptionTo();
    for (const modelId of ['1', '2', '3']) subscription.offer(change('a', modelId));
    subscription.offer(change('b'));
    expect((await subscription.next()).value).toMatchObject({ id: 'a', modelId: '3' });
    expect(await take(subscription, 1)).toEqual(['b']);
  });

  it('tells a reader that is far behind to reload, and goes on from there', async () => {
    const subscription = subscriptionTo();
    for (let i = 0; i < 1000; i++) subscription.offer(change(String(i)));
    expect(await take(subscription, 1)).toEqual([RELOAD]);
    subscription.offer(change('next'));
    expect(await take(subscription, 1)).toEqual(['next']);
  });

  it('ends for a reader that waits', async () => {
    const subscription = subscriptionTo();
    const waiting = subscription.next();
    await subscription.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
    expect(closed).toEqual([subscription]);
  });
});
