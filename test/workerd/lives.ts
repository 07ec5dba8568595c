/** Number of times that an object came into memory. */
export const lives = { begun: 0 };
