// The first half of `npm test`. The tests that start real Kafka brokers come after it (ava.kafka.config.mjs): two
// brokers beside each other and beside everything else take more than two cores have.
export default {
  files: ['dist/test/**/*.test.js', '!dist/test/**/kafka-*.test.js'],
  require: ['./dist/test/fixtures/complete.js'],
  timeout: '5m',
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  concurrency: 2
}
