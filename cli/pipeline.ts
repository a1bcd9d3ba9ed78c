import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { Command } from 'commander'
import { DecoderPool } from '../decoder/pool.js'
import { manifestV0 } from '../encoder/classical.js'
import { EncoderPool } from '../encoder/pool.js'
import { KafkaLog } from '../log/kafka-log.js'
import { Pipeline } from '../pipeline/run.js'
import { ModelLoader } from '../registry/model-loader.js'
import { Registry } from '../registry/registry.js'
import { whole } from './client-command.js'
import { openDataDirectory } from './data-directory.js'
import { kafkaLogOptions, kafkaOptions, type KafkaCommandOptions } from './kafka-options.js'
import { gpuOption, useGpu, type GpuOptions } from './gpu-option.js'
import { liveOnKafka } from './live-on-kafka.js'
import { logOption, loggerOf, type LogOptions } from './log-option.js'
import { release } from './release.js'
import { sideBySide } from './side-by-side.js'
import { watchOutages } from './watch-outages.js'

interface PipelineCommandOptions extends KafkaCommandOptions, GpuOptions, LogOptions {
  readonly data: string
  readonly decoders?: number
  readonly encoders?: number
}

/**
 * Little of what goes through this process stays, some 25 MB; by its own rule V8 would look through that several times a second, which takes a fifth of what
 * this process takes of a processor.
 */
const HEAP_GROWING_PERCENT = 400
/** Of its workers: nobody waits for an answer of this process, and workers that are niced starve beside a broker under load. */
const NICENESS = 0

/** `hammingbird pipeline`: the graphs ingest and encode of every collection, against Kafka. */
export function pipeline (): Command {
  return logOption(gpuOption(kafkaOptions(new Command('pipeline'))))
    .description('make items and codes of the images in Kafka: any number of these share the work, and keep no state')
    .option('--data <dir>', 'where files of models are kept; each pipeline needs its own', process.env['HAMMINGBIRD_DATA'] || './hammingbird-pipeline')
    .option('--decoders <n>', 'decoder processes', whole(1, 64))
    .option('--encoders <n>', 'encoder processes, each with its share of the cores (default: one a core, 4 at most; one on a GPU)', whole(1, 64))
    .action(runPipeline)
}

async function runPipeline (options: PipelineCommandOptions): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
  const reader = `hammingbird.pipeline.${hostname()}.${randomBytes(4).toString('hex')}`
  const connection = kafkaLogOptions(options, reader)
  useGpu(options)
  const logger = loggerOf(options)
  const failed = (err: unknown, name: string): void => { logger.warn({ err, part: name }, `${name}: failed, trying again`) }
  await liveOnKafka(logger, options.brokers, async resources => {
    const data = resources.keep(await openDataDirectory(options.data))
    const log = resources.keep(await KafkaLog.open(connection))
    resources.keep(watchOutages(log, logger))
    const decoder = resources.keep(await DecoderPool.open({ niceness: NICENESS, ...options.decoders === undefined ? {} : { workers: options.decoders } }))
    const encoder = resources.keep(await EncoderPool.open({ ...sideBySide(options.gpu, options.encoders), niceness: NICENESS, computes: sentence => { logger.info(`encoder: ${sentence}`) } }))
    const models = new ModelLoader({ log, encoder, directory: data.models, reader })
    const registry = resources.keep(await Registry.open({ log, reader, builtIn: manifestV0, failed }))
    resources.keep(new Pipeline({ log, registry, decoder, encoder, models, failed }))
    process.stdout.write(`hammingbird pipeline ${release}: works on ${options.brokers}\n`)
  })
}
