/** All drawings are so wide, in their own units, and grow and shrink with the page. */
export const WIDTH = 400;

/** Where the bars of a histogram stand. */
export const PLOT = { width: WIDTH, left: 40, right: WIDTH - 8, top: 58, bottom: 196 };
