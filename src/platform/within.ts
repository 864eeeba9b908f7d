/**
 * The result of `work` if it comes in time. Work that is late goes on, and nobody hears of its end.
 * @throws Error with the message if it does not.
 */
export async function within<Result>(work: Promise<Result>, milliseconds: number, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${message} after ${milliseconds} ms`));
    }, milliseconds);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}
