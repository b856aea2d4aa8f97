/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  // Real servers and real hosts on a busy machine; a test that waits for longer than this hangs.
  testTimeout: 60_000,
  // On two cores as well: much of the time goes into waiting for hosts, timeouts and heartbeats.
  maxWorkers: 3,
  reporters: ['default', '<rootDir>/test/support/reporter.js'],
};
