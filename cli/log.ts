import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { HammingbirdError } from '../errors.js'
import { EmbeddedLog } from '../log/embedded-log.js'
import { KafkaLog } from '../log/kafka-log.js'
import { whole } from './client-command.js'
import { copyCollections } from './copy-collections.js'
import { openDataDirectory } from './data-directory.js'
import { kafkaLogOptions, kafkaOptions, type KafkaCommandOptions } from './kafka-options.js'
import { print } from './output.js'

interface CopyCommandOptions extends KafkaCommandOptions {
  readonly data: string
  readonly partitions?: number
}

/** `hammingbird log copy` */
export function log (): Command {
  return new Command('log')
    .description('move from one machine to Kafka')
    .addCommand(kafkaOptions(new Command('copy'))
      .description('copy every collection of a stopped `hammingbird up` to Kafka')
      .addHelpText('after', '\nExit code 5: some collections were there already and are as they were, the others are copied.')
      .addOption(new Option('--from <log>', 'where they are').choices(['embedded']).default('embedded'))
      .addOption(new Option('--to <log>', 'where they go').choices(['kafka']).default('kafka'))
      .option('--data <dir>', 'the data directory of `hammingbird up`', process.env['HAMMINGBIRD_DATA'] || './hammingbird-data')
      .option('--partitions <n>', 'of the items topics in Kafka: fixed for ever', whole(1, 1024), 4)
      .action(runCopy))
}

async function runCopy (options: CopyCommandOptions): Promise<void> {
  const reader = `hammingbird.copy.${randomBytes(4).toString('hex')}`
  if (!existsSync(join(options.data, 'log', 'CURRENT'))) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `${options.data} is no data directory of hammingbird up: nothing was copied`)
  const connection = kafkaLogOptions(options, reader)
  await using data = await openDataDirectory(options.data)
  await using from = await EmbeddedLog.open({ directory: data.log })
  await using to = await KafkaLog.open(connection)
  const lines: string[] = []
  let refusals = 0
  await copyCollections({
    from,
    to,
    reader,
    ...(options.partitions === undefined ? {} : { partitions: options.partitions }),
    copied: (topic, records) => { lines.push(`${topic}  ${records} records`) },
    refused: (collection, { code, message }) => {
      refusals++
      process.stderr.write(`${code}  ${collection}: ${message}\n`)
    }
  })
  for (const line of lines) await print(line)
  if (refusals > 0) process.exitCode = 5
  if (lines.length > 0) await print('copied; codes are made again from the pictures as pipelines run')
}
