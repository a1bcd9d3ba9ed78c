import { createServer, type AddressInfo, type Server } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { KafkaLog } from '../../../log/kafka-log.js'

/** Something that listens, and is no broker. @returns its address. */
async function listener (t: ExecutionContext, server: Server): Promise<string> {
  t.teardown(() => server.close())
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const opening = (...brokers: readonly string[]) => KafkaLog.open({ brokers })

test('reach: says of each broker what is wrong, in one sentence', async t => {
  await t.throwsAsync(opening('127.0.0.1:1', 'nowhere.invalid:9092'), {
    code: 'HAMMINGBIRD_LOG_UNAVAILABLE',
    message: 'Kafka does not answer: nothing listens at 127.0.0.1:1, no host is known by the name in nowhere.invalid:9092; start it there, or say where it is: --brokers HOST:PORT'
  })
})

test('reach: what answers, and is no broker, is told from one', async t => {
  const talker = await listener(t, createServer(socket => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') }))
  const closer = await listener(t, createServer(socket => { socket.destroy() }))
  for (const place of [talker, closer]) {
    await t.throwsAsync(opening(place), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE', message: new RegExp(`what listens at ${place} does not speak Kafka, or only with --tls;`) })
  }
  const mute = await listener(t, createServer(socket => { socket.on('error', () => {}) }))
  await t.throwsAsync(opening(mute), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE', message: new RegExp(`nothing answers at ${mute};`) })
})
