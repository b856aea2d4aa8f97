/** What every list takes and answers. */

/** `page` from 1. `sort` fields are the repository's own; an unknown one throws RangeError. */
export interface PageRequest {
  readonly page: number;
  readonly size: number;
  readonly sort?: { readonly field: string; readonly descending: boolean };
}

export interface Page<T> {
  readonly contents: readonly T[];
  readonly totalElements: number;
}
