import { ensureHostTools } from './packages';

ensureHostTools((line) => console.error(line));
