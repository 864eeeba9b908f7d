declare const document: any;

/** Runs in the page: texts of a drawing that overlap each other or stick out of it. */
export function collisions(): string[] {
  const found: string[] = [];
  for (const drawing of document.querySelectorAll('svg.drawing')) {
    const frame = drawing.getBoundingClientRect();
    const texts = [...drawing.querySelectorAll('text')].map((text: any) => ({
      text: text.textContent as string,
      box: text.getBoundingClientRect(),
    }));
    for (const [i, a] of texts.entries()) {
      if (a.box.left < frame.left - 1 || a.box.right - frame.right > 1) found.push(`"${a.text}" leaves the drawing`);
      for (const b of texts.slice(i + 1)) {
        const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (across > 0.5 && down > 3) found.push(`"${a.text}" touches "${b.text}"`);
      }
    }
  }
  return found;
}

/** Runs in the page: cells that stick out of their cards. */
export function overhang(): string[] {
  const found: string[] = [];
  for (const card of document.querySelectorAll('.card')) {
    const right: number = card.getBoundingClientRect().right;
    for (const cell of card.querySelectorAll('th, td, p, li')) {
      if (cell.getBoundingClientRect().right > right - 10) found.push(cell.textContent as string);
    }
  }
  return found;
}
