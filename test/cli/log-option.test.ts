import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { EmbeddedLog } from '../../log/embedded-log.js'
import { hammingbird } from '../fixtures/command-line.js'
import { scratch } from '../fixtures/all-in-one.js'
import { freePort } from '../integrity/server-process.js'

/** Nothing listens at this port. */
const NOBODY = '127.0.0.1:1'

for (const [command, ...anyPort] of [['pipeline'], ['serve', '--port', '0']] as const) {
  test(`${command}: --log says in which form it logs, and it is json when no terminal reads it`, async t => {
    t.timeout(60_000)
    const logged = async (...args: string[]): Promise<string> => {
      const { stderr } = await hammingbird([command, ...anyPort, '--brokers', NOBODY, '--data', await scratch(t), ...args], {
        told: (soFar, kill) => { if (soFar.includes('\n')) kill('SIGKILL') }
      })
      return stderr.split('\n')[0]!
    }
    for (const args of [[], ['--log', 'json']]) t.like(JSON.parse(await logged(...args)), { msg: `asking Kafka at ${NOBODY}` } as object)
    t.regex(await logged('--log', 'text'), /^\[\d\d:\d\d:\d\d\] INFO: asking Kafka at 127\.0\.0\.1:1$/)
  })
}

for (const [command, ...anyPort] of [['pipeline'], ['serve', '--port', '0']] as const) {
  test(`${command}: while Kafka does not answer it goes on asking, and says why, each reason once; Ctrl-C ends it`, async t => {
    const port = await freePort()
    let connections = 0
    let end = (): void => {}
    const stranger = createServer(socket => {
      socket.destroy()
      if (++connections === 3) end()
    })
    t.teardown(() => stranger.close())
    const { code, stdout, stderr } = await hammingbird([command, ...anyPort, '--brokers', `127.0.0.1:${port}`, '--data', await scratch(t), '--log', 'text'], {
      told: (soFar, kill) => {
        end = () => { kill('SIGINT') }
        if (soFar.includes('nothing listens') && !stranger.listening) stranger.listen(port, '127.0.0.1')
      }
    })
    t.is(code, 0)
    t.regex(stdout, /^stopping: /)
    t.deepEqual(stderr.match(/(?<=WARN: Kafka does not answer: ).*/g), [
      `nothing listens at 127.0.0.1:${port}; start it there, or say where it is: --brokers HOST:PORT. It is asked again until it answers {"code":"HAMMINGBIRD_LOG_UNAVAILABLE"}`,
      `what listens at 127.0.0.1:${port} does not speak Kafka, or only with --tls; start it there, or say where it is: --brokers HOST:PORT. It is asked again until it answers {"code":"HAMMINGBIRD_LOG_UNAVAILABLE"}`
    ])
  })
}

test('log copy: no broker at --brokers is told in one sentence', async t => {
  const directory = await scratch(t)
  const data = join(directory, 'data')
  await (await EmbeddedLog.open({ directory: join(data, 'log') })).close()
  const { code, stderr } = await hammingbird(['log', 'copy', '--data', data, '--brokers', NOBODY])
  t.is(code, 1)
  t.is(stderr, `HAMMINGBIRD_LOG_UNAVAILABLE  Kafka does not answer: nothing listens at ${NOBODY}; start it there, or say where it is: --brokers HOST:PORT  try again\n`)
})

test('--log: another form is wrong usage', async t => {
  for (const command of [['up'], ['serve', '--port', '0', '--brokers', NOBODY], ['pipeline', '--brokers', NOBODY]]) {
    const { code, stderr } = await hammingbird([...command, '--log', 'xml'])
    t.is(code, 2)
    t.regex(stderr, /--log.*text, json/)
  }
})
