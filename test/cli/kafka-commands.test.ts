import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import sharp from 'sharp'
import { HammingbirdClient } from '../../client/index.js'
import { codeOf } from '../../errors.js'
import { KafkaLog } from '../../log/kafka-log.js'
import { idOfBytes } from '../../topics/image-id.js'
import { withBroker } from '../fixtures/kafka-broker.js'
import { ManagedProcess } from '../integrity/managed-process.js'
import { freePort } from '../integrity/server-process.js'

const exec = promisify(execFile)
const IMAGES = 'default.images'
const PARTITIONS = 5

await withBroker('commands on Kafka', {}, broker => {
  const directory = mkdtempSync(join(tmpdir(), 'hammingbird-test-'))
  const processes: ManagedProcess[] = []
  let client: HammingbirdClient
  let log: KafkaLog
  let server = ''

  test.serial.before('a server and two pipelines', async t => {
    t.timeout(120_000)
    log = await KafkaLog.open({ brokers: [broker().bootstrap] })
    // The user's own topic is there first, with a number of partitions that is no multiple of anything of ours.
    await log.createTopic({ name: IMAGES, partitions: PARTITIONS, cleanup: 'delete' })
    server = `127.0.0.1:${await freePort()}`
    for (const [name, ...args] of [['server', 'serve', '--port', server.split(':')[1]!, '--partitions', '2'], ['first', 'pipeline', '--decoders', '1'], ['second', 'pipeline', '--decoders', '1']] as const) {
      const process = new ManagedProcess([...args, '--brokers', broker().bootstrap, '--data', join(directory, name)], join(directory, `${name}.log`))
      process.start()
      processes.push(process)
    }
    client = await HammingbirdClient.open({ server, waitMs: 60_000 })
  })
  test.serial.after.always(async () => {
    await client?.close()
    await Promise.all(processes.map(process => process.end('SIGKILL')))
    await log?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test.serial('commands on Kafka: an image of any partition is searchable at its position, and deleted from any other', async t => {
    t.timeout(90_000)
    const images = await Promise.all(Array.from({ length: PARTITIONS }, (_, i) => picture(i)))
    const positions = await log.append(images.map((value, partition) => ({ topic: IMAGES, partition, key: Buffer.from(`image/${partition}`), value })))
    t.deepEqual(positions.map(({ partition }) => partition), [0, 1, 2, 3, 4])
    for (const [i, position] of positions.entries()) {
      const { hits } = await client.search({ id: `image/${i}`, k: 1, minPosition: [position] }, { timeoutMs: 60_000 })
      t.is(hits[0]!.distance, 0)
    }
    const gone = await log.append(positions.map(({ partition }) => ({ topic: IMAGES, partition: (partition + 1) % PARTITIONS, key: Buffer.from(`image/${partition}`), value: null })))
    for (const [i, position] of gone.entries()) {
      await t.throwsAsync(client.search({ id: `image/${i}`, k: 1, minPosition: [position] }, { timeoutMs: 60_000 }), { code: 'HAMMINGBIRD_NOT_FOUND' })
    }
    const { log: kind, liveItems, versions: [v0], lagSeconds, logSilentSeconds } = await client.status()
    t.deepEqual({ kind, liveItems, coded: v0!.coded, waiting: v0!.waiting, setAside: v0!.setAside }, { kind: 'kafka', liveItems: 0, coded: 0, waiting: 0, setAside: 0 })
    t.deepEqual([lagSeconds, logSilentSeconds], [0, 0])
  })

  test.serial('commands on Kafka: a position that does not come is waited for until the deadline, and the lag is a time that grows', async t => {
    t.timeout(90_000)
    const [, first, second] = processes
    await Promise.all([first!.end('SIGINT'), second!.end('SIGINT')])
    const [position] = await log.append([{ topic: IMAGES, key: Buffer.from('late'), value: await picture(7) }])
    await t.throwsAsync(client.search({ code: Buffer.alloc(8), k: 1, minPosition: [position!] }, { timeoutMs: 500 }), { code: 'HAMMINGBIRD_DEADLINE' })
    let { lagSeconds } = await client.status()
    const { lagSeconds: before } = await client.status()
    while (lagSeconds < before + 1) {
      await sleep(200)
      ;({ lagSeconds } = await client.status())
    }
    first!.start()
    second!.start()
    t.is((await client.search({ id: 'late', k: 1, minPosition: [position!] }, { timeoutMs: 60_000 })).hits[0]!.id, 'late')
    while ((await client.status()).lagSeconds > 0) await sleep(50)
    t.pass()
  })

  test.serial('commands on Kafka: what kcat publishes grpcurl finds, and a null value deletes it', async t => {
    t.timeout(90_000)
    if (lacks(t, 'kcat', '-V') || lacks(t, 'grpcurl', '-version')) return
    const file = join(directory, 'cat.jpg')
    const bytes = await picture(3)
    writeFileSync(file, bytes)
    const kcat = ['-b', broker().bootstrap, '-t', IMAGES]
    await exec('kcat', ['-P', ...kcat, '-k', 'cat.jpg', '-H', 'labels=cat,indoor', file])
    t.like(await found(server, 'cat.jpg'), { id: 'cat.jpg', labels: ['cat', 'indoor'] })
    await exec('kcat', ['-P', ...kcat, '-H', 'labels=nameless', file])
    t.like(await found(server, idOfBytes(bytes)), { labels: ['nameless'] })

    await client.setLabels('cat.jpg', ['dog'])
    while (JSON.stringify((await found(server, 'cat.jpg')).labels) !== '["dog"]') await sleep(20)
    // -Z: what is empty is null.
    const { status } = spawnSync('kcat', ['-P', ...kcat, '-Z', '-K', '|'], { input: 'cat.jpg|\n' })
    t.is(status, 0)
    for (;;) {
      try {
        await client.search({ id: 'cat.jpg', k: 1 })
        await sleep(20)
      } catch (err) {
        t.is(codeOf(err), 'HAMMINGBIRD_NOT_FOUND')
        return
      }
    }
  })

  test.serial('commands on Kafka: while the broker is away status and searches answer, publishing gives up in time, and each process says so', async t => {
    t.timeout(120_000)
    const said = async (text: string): Promise<void> => {
      for (const name of ['server', 'first']) while (!readFileSync(join(directory, `${name}.log`), 'utf8').includes(text)) await sleep(100)
    }
    const [id] = (await client.search({ id: 'late', k: 1 })).hits.map(({ id }) => id)
    await broker().kill()
    await said('the log does not answer')
    const { log: kind, liveItems, versions, logSilentSeconds } = await client.status({ timeoutMs: 10_000 })
    t.true(logSilentSeconds > 5, 'since before the log of the server said so')
    t.deepEqual([kind, versions.length], ['kafka', 1])
    t.true(liveItems > 0)
    t.is((await client.search({ id: 'late', k: 1 })).hits[0]!.id, id!)
    await using hurried = await HammingbirdClient.open({ server, timeoutMs: 1000 })
    await t.throwsAsync(hurried.publish([{ id: 'too-soon', image: await picture(5) }]).next(), { code: 'HAMMINGBIRD_DEADLINE' })
    await broker().restart()
    await said('the log answers again')
    while ((await client.status({ timeoutMs: 10_000 })).logSilentSeconds > 0) await sleep(50)
    for await (const { refusal } of client.publish([{ id: 'after', image: await picture(6) }])) t.is(refusal, undefined)
    t.deepEqual(processes.map(({ unexpectedExits }) => unexpectedExits), [0, 0, 0])
  })
})

function picture (hue: number): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 48, channels: 3, background: { r: hue * 30, g: 200 - hue * 20, b: 90 }, noise: { type: 'gaussian', mean: 20 + hue * 20, sigma: 10 + hue } } }).jpeg().toBuffer()
}

/** The image itself, as grpcurl prints it, as soon as it is found. */
async function found (server: string, id: string): Promise<{ readonly id: string, readonly labels: readonly string[] }> {
  for (;; await sleep(50)) {
    try {
      const { stdout } = await exec('grpcurl', ['-plaintext', '-d', JSON.stringify({ id, k: 5 }), server, 'hammingbird.v1.SearchService/Search'])
      const hit = (JSON.parse(stdout) as { readonly hits: readonly { readonly id: string, readonly labels: readonly string[] }[] }).hits.find(hit => hit.id === id)
      if (hit !== undefined) return hit
    } catch (err) {
      if (!/NotFound|FailedPrecondition/.test((err as { readonly stderr: string }).stderr)) throw err
    }
  }
}

function lacks (t: ExecutionContext, command: string, version: string): boolean {
  if (spawnSync(command, [version]).error === undefined) return false
  t.log(`${command} is not on the PATH`)
  t.pass()
  return true
}
