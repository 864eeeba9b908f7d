// Preloaded into a process (`--import`): its clock is off by CLOCK_SHIFT_MS, from CLOCK_SHIFT_AFTER_MS on.
const RealDate = Date;
const shift = Number(process.env.CLOCK_SHIFT_MS);
const from = RealDate.now() + Number(process.env.CLOCK_SHIFT_AFTER_MS ?? 0);

const now = () => {
  const real = RealDate.now();
  return real >= from ? real + shift : real;
};

globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now());
    else super(...parts);
  }
  static now() {
    return now();
  }
};
