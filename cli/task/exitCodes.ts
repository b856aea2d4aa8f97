/** Exit codes of `obflow task watch`; the other commands have 0, 1 and 2 of `obflow`. */
export const WATCHED = { successful: 0, failed: 1, rolledBack: 3, interrupted: 130 } as const;
