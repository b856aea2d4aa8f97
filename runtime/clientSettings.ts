import { z } from 'zod';
import { setting } from './setting';

/** What the `obflow` command reads where it is a client of an API. */
export const CLIENT_SETTINGS = {
  url: setting('OBFLOW_URL', {
    schema: z.string(),
    byDefault: 'http://127.0.0.1:8080',
    meaning: 'the API that client commands (obflow apply) talk to',
  }),
  user: setting('OBFLOW_USER', {
    schema: z.string(),
    byDefault: 'admin',
    meaning: 'user of client commands',
  }),
  password: setting('OBFLOW_PASSWORD', {
    schema: z.string(),
    inFile: true,
    meaning: 'password of client commands',
  }),
  accessKeyId: setting('OBFLOW_ACCESS_KEY_ID', {
    schema: z.string(),
    meaning: 'access key that client commands sign with, instead of user and password',
  }),
  accessKeySecret: setting('OBFLOW_ACCESS_KEY_SECRET', {
    schema: z.string(),
    inFile: true,
    meaning: 'its secret',
  }),
  caFile: setting('OBFLOW_CA_FILE', {
    schema: z.string(),
    meaning: 'PEM file of a CA that client commands trust besides the usual ones, for an https OBFLOW_URL',
  }),
};
