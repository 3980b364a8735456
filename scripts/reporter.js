// Mocha's spec reporter, which also writes the counts to a file.
'use strict';
const fs = require('node:fs');
const Mocha = require('mocha');

module.exports = class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes: passed, failures: failed, pending } = this.stats;
      fs.writeFileSync(options.reporterOptions.file, JSON.stringify({ passed, failed, pending }));
    });
  }
};
