// The second half of `npm test`, and `npm run test:kafka`: the log's contract, faults and kills on real brokers, one file after the other.
export default {
  files: ['dist/test/**/kafka-*.test.js'],
  require: ['./dist/test/fixtures/complete.js'],
  timeout: '5m',
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  concurrency: 1
}
