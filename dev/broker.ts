/**
 * A real Kafka broker for this checkout: `npm run broker -- start|stop|status|wipe|fetch`.
 *
 *     start    starts one and leaves it running           --port 9092  --heap 256m  --set NAME=VALUE …
 *     stop     ends it cleanly; its data stay
 *     status   where it runs; exit code 3 when it does not
 *     wipe     ends it and removes its data
 *     fetch    only downloads it (Maven Central, 44 MB)
 *
 * Apache Kafka of dev/kafka/pom.xml; KAFKA_VERSION=3.9.2 takes another. It keeps its data under .cache/kafka/broker, or
 * in --dir. Needs Java 17 and Maven.
 */
import { rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { runningBroker, startBroker } from './kafka/broker.js'
import { BrokerError, cache, classPath, missing } from './kafka/class-path.js'

const USAGE = 'start, stop, status, wipe or fetch; --port 9092, --dir DIR, --heap 256m, --set KEY=VALUE'

const { values, positionals: [command] } = options()
const { dir } = values

const commands: Readonly<Record<string, () => Promise<void>>> = {
  async start () {
    const startedMs = performance.now()
    const overrides = Object.fromEntries(values.set.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
    const broker = await startBroker({ dir, port: Number(values.port), heap: values.heap, overrides, detached: true })
    console.log(`Kafka answers at ${broker.bootstrap} (pid ${broker.pid}) after ${Math.round(performance.now() - startedMs)} ms`)
  },
  async stop () {
    await runningBroker(dir)?.stop('SIGTERM')
    console.log('stopped')
  },
  async status () {
    const broker = runningBroker(dir)
    console.log(broker === undefined ? 'not running' : `running at ${broker.bootstrap} (pid ${broker.pid})`)
    if (broker === undefined) process.exitCode = 3
  },
  async wipe () {
    await runningBroker(dir)?.stop('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
    console.log('wiped')
  },
  async fetch () {
    const lacks = await missing()
    if (lacks !== undefined) throw new BrokerError(lacks)
    console.log(`${(await classPath(process.env['KAFKA_VERSION'])).split(delimiter).length} jars`)
  }
}

try {
  const run = Object.hasOwn(commands, command ?? '') ? commands[command!] : undefined
  if (run === undefined) throw new BrokerError(`which: ${USAGE}?`)
  await run()
} catch (err) {
  if (!(err instanceof BrokerError)) throw err
  console.error(`broker: ${err.message}`)
  process.exitCode = 1
}

function options () {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        dir: { type: 'string', default: join(cache, 'broker') },
        port: { type: 'string', default: '9092' },
        heap: { type: 'string', default: '256m' },
        set: { type: 'string', multiple: true, default: [] }
      }
    })
  } catch (err) {
    console.error(`broker: ${(err as Error).message.split('\n')[0]} (${USAGE})`)
    process.exit(2)
  }
}
