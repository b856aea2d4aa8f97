const REASON = /\[skipped: (.*)\]$/s;

/**
 * Lists the skipped tests with their reasons, and ends the run's output with `N passed, N failed, N skipped`. A
 * test file that could not run at all counts as one failed.
 */
class ClosingLines {
  constructor(globalConfig) {
    // With -t every other test counts as skipped: their list would say nothing.
    this.filtered = Boolean(globalConfig.testNamePattern);
  }

  onRunComplete(_contexts, results) {
    const lines = [...this.skipped(results.testResults), this.summary(results)];
    // At exit: Jest prints its own summary after this call.
    process.on('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }

  summary(results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    return `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
  }

  skipped(files) {
    const counts = new Map();
    for (const test of files.flatMap((file) => file.testResults)) {
      if (test.status !== 'pending' && test.status !== 'todo') continue;
      const reason = test.ancestorTitles
        .map((title) => REASON.exec(title)?.[1])
        .find((text) => text !== undefined);
      if (reason === undefined && this.filtered) continue;
      const group = (test.ancestorTitles[0] ?? test.title).replace(REASON, '').trim();
      const key = `${group}: ${reason ?? 'no reason given'}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    if (counts.size === 0) return [];
    return ['', 'Skipped:', ...[...counts].map(([text, count]) => `  ${count} of ${text}`), ''];
  }
}

module.exports = ClosingLines;
