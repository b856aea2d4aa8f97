#!/usr/bin/env node
const { existsSync } = require('node:fs');
const path = require('node:path');

const program = path.join(__dirname, '../dist/start/obflow.js');
if (!existsSync(program)) {
  console.error(`obflow is not built yet. Run: cd ${path.dirname(__dirname)} && npm ci && npm run build`);
  process.exit(1);
}
require('./cached').load(program).run();
