import test from 'ava'
import { hammingbird } from '../fixtures/command-line.js'
import { scratch } from '../fixtures/all-in-one.js'

/** Nothing listens at this port. */
const NOBODY = '127.0.0.1:1'

for (const command of ['pipeline', 'serve'] as const) {
  test(`${command}: --log says in which form it logs, and it is json when no terminal reads it`, async t => {
    t.timeout(60_000)
    const logged = async (...args: string[]): Promise<string> => {
      const { stderr } = await hammingbird([command, '--brokers', NOBODY, '--data', await scratch(t), ...args], {
        told: (soFar, kill) => { if (soFar.includes('\n')) kill('SIGKILL') }
      })
      return stderr.split('\n')[0]!
    }
    for (const args of [[], ['--log', 'json']]) t.like(JSON.parse(await logged(...args)), { msg: `asking Kafka at ${NOBODY}` } as object)
    t.regex(await logged('--log', 'text'), /^\[\d\d:\d\d:\d\d\] INFO: asking Kafka at 127\.0\.0\.1:1$/)
  })
}

test('pipeline: Ctrl-C while Kafka does not answer ends it soon, and says so', async t => {
  const { code, stdout } = await hammingbird(['pipeline', '--brokers', NOBODY, '--data', await scratch(t)], {
    told: (soFar, kill) => { if (soFar.includes('\n') && !soFar.includes('Kafka does not')) kill('SIGINT') }
  })
  t.is(code, 0)
  t.regex(stdout, /^stopping: /)
})

test('--log: another form is wrong usage', async t => {
  for (const command of [['up'], ['serve', '--brokers', NOBODY], ['pipeline', '--brokers', NOBODY]]) {
    const { code, stderr } = await hammingbird([...command, '--log', 'xml'])
    t.is(code, 2)
    t.regex(stderr, /--log.*text, json/)
  }
})
