// What `npm test` runs of tests: first those that stand beside each other, then those on real Kafka brokers, one file
// after the other. Options go to both. It fails when either does.
import { spawnSync } from 'node:child_process'

const ava = new URL('../node_modules/ava/entrypoints/cli.mjs', import.meta.url).pathname
let exitCode = 0
for (const config of ['ava.config.mjs', 'ava.kafka.config.mjs']) {
  const { status } = spawnSync(process.execPath, [ava, '--config', config, ...process.argv.slice(2)], { stdio: 'inherit' })
  exitCode ||= status ?? 1
}
process.exitCode = exitCode
