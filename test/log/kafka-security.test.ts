import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { KafkaLog } from '../../log/kafka-log.js'
import { withBroker } from '../fixtures/kafka-broker.js'
import { newTopic, readAll, record, said } from '../suites/log/ground.js'

const directory = mkdtempSync(join(tmpdir(), 'hammingbird-test-'))
const keystore = join(directory, 'broker.p12')
const securePort = await freePort()

await withBroker('KafkaLog', ({ port, controllerPort }) => {
  keytool('-genkeypair', '-keyalg', 'RSA', '-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '7')
  return {
    listeners: `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${securePort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${securePort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
    'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.secure.plain.sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret";',
    'listener.name.secure.ssl.keystore.type': 'PKCS12',
    'listener.name.secure.ssl.keystore.location': keystore,
    'listener.name.secure.ssl.keystore.password': 'changeit'
  }
}, broker => {
  test.serial.after.always(() => { rmSync(directory, { recursive: true, force: true }) })

  test.serial('KafkaLog: with TLS and a password it does all it does without', async t => {
    t.timeout(60_000)
    const ca = keytool('-exportcert', '-rfc')
    const connection = { brokers: [`127.0.0.1:${securePort}`], tls: { ca } }
    await using log = await KafkaLog.open({ ...connection, sasl: { mechanism: 'plain', username: 'alice', password: 'secret' } })
    const [input, output] = [await newTopic(log), await newTopic(log)]
    await log.append([record(input, 'a', '1')])
    const member = await log.join({
      group: 'copiers',
      topic: input,
      run: async claim => {
        const { records, next } = await claim.poll()
        await claim.commit(records.map(({ key, value }) => ({ topic: output, key, value })), next)
        await claim.poll()
      }
    })
    while ((await log.committed('copiers', input))[0] === undefined) await new Promise(resolve => setTimeout(resolve, 50))
    await member.close()
    t.deepEqual((await readAll(log, output)).map(said), ['a=1'])
    await t.throwsAsync(KafkaLog.open({ ...connection, sasl: { mechanism: 'plain', username: 'alice', password: 'wrong' } }), { code: 'HAMMINGBIRD_INVALID', message: /Kafka does not let us in/ })
  })

  test.serial('KafkaLog: a broker that does not speak, or is not trusted, is told within its time', async t => {
    t.timeout(60_000)
    await t.throwsAsync(KafkaLog.open({ brokers: ['127.0.0.1:1'] }), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE' })
    const secure = [`127.0.0.1:${securePort}`]
    await t.throwsAsync(KafkaLog.open({ brokers: secure }), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE', message: /does not speak Kafka, or only with --tls/ })
    await t.throwsAsync(KafkaLog.open({ brokers: secure, tls: true }), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE', message: /self.signed certificate/ })
    await t.throwsAsync(KafkaLog.open({ brokers: [broker().bootstrap], tls: true }), { code: 'HAMMINGBIRD_LOG_UNAVAILABLE', message: /does not speak Kafka over TLS/ })
    await (await KafkaLog.open({ brokers: ['127.0.0.1:1', broker().bootstrap] })).close()
    await t.throwsAsync(KafkaLog.open({ brokers: [] }), { instanceOf: RangeError })
  })
})

function keytool (...args: readonly string[]): string {
  return execFileSync('keytool', [...args, '-alias', 'broker', '-keystore', keystore, '-storetype', 'PKCS12', '-storepass', 'changeit'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

function freePort (): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => { resolve(port) })
    })
  })
}
