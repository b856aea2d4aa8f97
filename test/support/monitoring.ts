import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';

export const monitoring = path.join(repositoryRoot(), 'monitoring');

/** Every expression of the rule files and of the dashboard. */
export function expressions(): string[] {
  return readdirSync(monitoring).flatMap((name) => {
    const text = readFileSync(path.join(monitoring, name), 'utf8');
    if (name.endsWith('.json')) {
      return [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
        ([, json = '']) => JSON.parse(json) as string,
      );
    }
    // A folded text goes on in lines that are further in.
    return [...text.matchAll(/^ {8}expr: (.*(?:\n {10}.*)*)/gm)].map(([, expr = '']) => expr);
  });
}

/** The metrics that the files name; buckets, counts and sums as the histogram they belong to. */
export function metricsNamed(): string[] {
  const names = expressions().flatMap(
    // What is in braces or brackets or quotes is a label, and so is what follows `by`.
    (expr) =>
      expr
        .replace(/\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)/g, '')
        .match(/\b(?:obflow|temporal|process|nodejs|odp|prometheus)_\w+|\bup\b/g) ?? [],
  );
  return [...new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, '')))].sort();
}
