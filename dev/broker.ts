/**
 * A real Kafka broker for this checkout: `npm run broker -- start|stop|status|wipe|fetch`; `--help` says what each takes.
 *
 * Apache Kafka of dev/kafka/pom.xml; KAFKA_VERSION=3.9.2 takes another. It keeps its data under .cache/kafka/broker, or
 * in --dir. Needs Java 17 and Maven.
 */
import { rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { runningBroker, startBroker } from './kafka/broker.js'
import { BrokerError, cache, classPath, missing } from './kafka/class-path.js'

interface StartOptions {
  readonly port: number
  readonly heap: string
  readonly set?: Readonly<Record<string, string>>
}

const program = new Command('npm run broker --')
  .description('A real Apache Kafka broker for trials, of this checkout alone. Needs Java 17 and Maven.')
  .addOption(new Option('--dir <dir>', 'where its data lie').default(join(cache, 'broker'), '.cache/kafka/broker'))
  .helpCommand(false)
  .showHelpAfterError()
  .exitOverride()

program.command('start')
  .copyInheritedSettings(program)
  .description('starts one and leaves it running; KAFKA_VERSION=3.9.2 takes another than the usual one')
  .option('--port <port>', 'where it listens, on this machine alone', port, 9092)
  .option('--heap <size>', 'its largest heap, as Java says it', '256m')
  .option('--set <name=value>', 'a setting of its server.properties, more than once', setting)
  .action(async (options: StartOptions) => {
    const startedMs = performance.now()
    const broker = await startBroker({ dir: dir(), port: options.port, heap: options.heap, overrides: options.set ?? {}, detached: true })
    console.log(`Kafka answers at ${broker.bootstrap} (pid ${broker.pid}) after ${Math.round(performance.now() - startedMs)} ms`)
  })

program.command('stop')
  .description('ends it cleanly; its data stay')
  .action(async () => {
    await runningBroker(dir())?.stop('SIGTERM')
    console.log('stopped')
  })

program.command('status')
  .description('says where it runs; exit code 3 when it does not')
  .action(() => {
    const broker = runningBroker(dir())
    console.log(broker === undefined ? 'not running' : `running at ${broker.bootstrap} (pid ${broker.pid})`)
    if (broker === undefined) process.exitCode = 3
  })

program.command('wipe')
  .description('ends it and removes its data')
  .action(async () => {
    await runningBroker(dir())?.stop('SIGKILL')
    rmSync(dir(), { recursive: true, force: true })
    console.log('wiped')
  })

program.command('fetch')
  .description('only downloads it (Maven Central, 44 MB)')
  .action(async () => {
    const lacks = await missing()
    if (lacks !== undefined) throw new BrokerError(lacks)
    console.log(`${(await classPath(process.env['KAFKA_VERSION'])).split(delimiter).length} jars`)
  })

try {
  await program.parseAsync()
} catch (err) {
  if (err instanceof CommanderError) process.exitCode = err.exitCode === 0 ? 0 : 2 // it has told already
  else if (err instanceof BrokerError) {
    console.error(`broker: ${err.message}`)
    process.exitCode = 1
  } else throw err
}

function dir (): string {
  return program.opts<{ readonly dir: string }>().dir
}

function port (text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535 || Number(text) === 0) throw new InvalidArgumentError('It is a whole number from 1 to 65535.')
  return Number(text)
}

function setting (text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('name=value is wanted.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
