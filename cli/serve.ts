import { hostname } from 'node:os'
import { Command } from 'commander'
import { DecoderPool } from '../decoder/pool.js'
import { manifestV0 } from '../encoder/classical.js'
import { EncoderPool } from '../encoder/pool.js'
import { codeOf, HammingbirdError, invalid } from '../errors.js'
import { assertFree } from '../index-server/address.js'
import { KafkaLog } from '../log/kafka-log.js'
import { DEFAULT_BITS, DEFAULT_COLLECTION } from '../registry/collections.js'
import { ModelLoader } from '../registry/model-loader.js'
import { Registry } from '../registry/registry.js'
import { COLLECTIONS } from '../topics/names.js'
import { codeBits, whole } from './client-command.js'
import { INDEX_MEMORY_MIB, openAnswering } from './answering.js'
import { openDataDirectory } from './data-directory.js'
import { kafkaLogOptions, kafkaOptions, type KafkaCommandOptions } from './kafka-options.js'
import { gpuOption, useGpu, type GpuOptions } from './gpu-option.js'
import { liveOnKafka } from './live-on-kafka.js'
import { logOption, loggerOf, type LogOptions } from './log-option.js'
import { release } from './release.js'
import { watchOutages } from './watch-outages.js'

interface ServeOptions extends KafkaCommandOptions, GpuOptions, LogOptions {
  readonly data: string
  readonly serverId: string
  readonly host: string
  readonly port: number
  readonly bits: number
  readonly partitions: number
  readonly decoders: number
  readonly indexMemory: number
  readonly pictures: boolean
}

/** `hammingbird serve`: keeps the tables up with Kafka, and answers. */
export function serve (): Command {
  return logOption(gpuOption(kafkaOptions(new Command('serve'))))
    .description('keep the tables up with Kafka and answer searches: each of these has all of the index')
    .option('--data <dir>', 'where the tables lie; HAMMINGBIRD_DATA sets it too', process.env['HAMMINGBIRD_DATA'] || './hammingbird-data')
    .option('--server-id <name>', 'names this server among those of one deployment: a second one of that name is refused', hostname())
    .option('--host <address>', 'where gRPC listens', '127.0.0.1')
    .option('--port <port>', 'gRPC port; 0 takes any free one', whole(0, 65535), 4242)
    .option('--bits <bits>', 'width of the codes, when the default collection is made', codeBits, DEFAULT_BITS)
    .option('--partitions <n>', 'of its items topic, when it is made: fixed for ever', whole(1, 1024), 4)
    .option('--decoders <n>', 'decoder processes, for the pictures people search with', whole(1, 64), 1)
    .option('--index-memory <MiB>', 'versions are searched in memory while they fit into so much, else on disk', whole(1, 1_048_576), INDEX_MEMORY_MIB)
    .option('--no-pictures', 'keep no pictures beside the codes')
    .action(runServe)
}

async function runServe (options: ServeOptions): Promise<void> {
  const { serverId, host, port, bits, partitions, pictures } = options
  if (!/^[\w.-]{1,100}$/.test(serverId)) throw invalid('--server-id', `1 to 100 of a-z A-Z 0-9 . _ -, got ${JSON.stringify(serverId)}`)
  const reader = `hammingbird.server.${serverId}`
  await assertFree(host, port)
  const connection = kafkaLogOptions(options, reader)
  useGpu(options)
  const logger = loggerOf(options)
  const failed = (err: unknown, name: string): void => { logger.warn({ err, part: name }, `${name}: failed, trying again`) }
  await liveOnKafka(logger, options.brokers, async resources => {
    const data = resources.keep(await openDataDirectory(options.data))
    const log = resources.keep(await KafkaLog.open(connection))
    const decoder = resources.keep(await DecoderPool.open({ workers: options.decoders }))
    const encoder = resources.keep(await EncoderPool.open({ computes: sentence => { logger.info(`encoder: ${sentence}`) } }))
    const models = new ModelLoader({ log, encoder, directory: data.models, reader })
    const registry = resources.keep(await Registry.open({ log, reader, builtIn: manifestV0, failed }))
    resources.keep(await log.hold(reader, COLLECTIONS).catch((err: unknown) => {
      throw codeOf(err) === 'HAMMINGBIRD_LOCKED' ? new HammingbirdError('HAMMINGBIRD_LOCKED', `another server has the name ${serverId}: stop it, or take another --server-id`, { cause: err }) : err
    }))
    resources.keep(watchOutages(log, logger))
    await registry.collections.create({ name: DEFAULT_COLLECTION, bits, partitions })
    await registry.refresh()
    const { grpc } = await openAnswering({ resources, log, registry, decoder, encoder, models, data, serverId, host, port, pictures, indexMemoryBytes: options.indexMemory * 2 ** 20, release, logger, failed })
    process.stdout.write(`hammingbird serve ${release}: ${serverId} answers at ${grpc.address}\n`)
  })
}
