/** Uploaded packages as the API lists them, found by file name or id. */
import { z } from 'zod';
import type { ApiClient } from '../apiClient';
import { every, meant } from '../meant';

export const PACKAGES = '/api/v2/software-packages';

export const packageSchema = z.object({
  id: z.number(),
  name: z.string(),
  fileName: z.string(),
  size: z.number(),
  sha256: z.string(),
  type: z.string(),
  version: z.string(),
  operatingSystem: z.string().nullable(),
  architecture: z.string(),
});
const userSchema = z.object({
  kind: z.string(),
  id: z.number(),
  name: z.string(),
  servers: z.number().optional(),
});
const listedSchema = packageSchema.extend({
  createTime: z.string(),
  usedBy: z.array(userSchema).default([]),
});
export type PackageDocument = z.output<typeof listedSchema>;

export function allPackages(api: ApiClient, query = ''): Promise<PackageDocument[]> {
  return every(api, PACKAGES, listedSchema, query);
}

/** A package by file name (with or without .rpm) or id. Throws Error when there is none. */
export async function packageCalled(api: ApiClient, word: string): Promise<PackageDocument> {
  return meant(await allPackages(api), word, {
    kind: 'package',
    list: 'obflow package ls',
    names: ({ fileName }) => [fileName, fileName.replace(/\.rpm$/, '')],
  });
}
