import type { Command } from 'commander'
import { codeOf, HammingbirdError } from '../errors.js'
import { Rank, type HammingbirdClient, type MetadataCondition, type Query, type Search, type SearchResponse } from '../client/index.js'
import { clientCommand, list, time, whole, withClient, wrongUsage, type ClientCommandOptions } from './client-command.js'
import { readImage } from './image-files.js'
import { planName, searchJson } from './json.js'
import { print, printable, printJson, styled } from './output.js'
import { table } from './table.js'

interface SearchOptions extends ClientCommandOptions {
  readonly image?: string
  readonly id?: string
  readonly code?: string
  readonly k?: number
  readonly radius?: number
  readonly label: readonly string[]
  readonly allLabels: readonly string[]
  readonly withoutLabel: readonly string[]
  readonly from?: Date
  readonly before?: Date
  readonly where: readonly MetadataCondition[]
  readonly version: string
  readonly rank?: Rank
  readonly collapse: boolean
  readonly count: boolean
  readonly after: readonly { partition: number, offset: number }[]
  readonly all: boolean
  readonly pageSize: number
  readonly pageToken: string
}

/** `hammingbird search` */
export function search (): Command {
  return clientCommand('search', 'find the images nearest to an image, to a stored one, or to a code')
    .option('--image <file>', 'search by an image file; - is stdin')
    .option('--id <id>', 'search by a stored image')
    .option('--code <hex>', 'search by a code')
    .option('-k <n>', 'how many at the most; 10 when there is no radius', whole(1))
    .option('--radius <bits>', 'only images within this Hamming distance', whole(0, 1024))
    .option('--label <labels>', 'only images with one of these labels', list, [])
    .option('--all-labels <labels>', 'only images with all of these labels', list, [])
    .option('--without-label <labels>', 'only images with none of these labels', list, [])
    .option('--from <time>', 'only images captured from then on', time)
    .option('--before <time>', 'only images captured before', time)
    .option('--where <condition>', 'only images whose metadata is so: name=value, name>=value, name<value; several times', condition, [])
    .option('--version <version>', 'the model version, or an alias', 'live')
    .option('--rank <order>', 'detail: order ties by the model\'s detail features', rank)
    .option('--collapse', 'of images with equal bytes only the first', false)
    .option('--count', 'only say how many there are', false)
    .option('--after <partition@offset>', 'wait until this position of the images topic can be found', position, [])
    .option('--all', 'all pages; with --json each is a line', false)
    .option('--page-size <n>', 'most images a page', whole(1), 0)
    .option('--page-token <token>', 'the next page, from a former answer', '')
    .action(async (options: SearchOptions) => {
      if (options.count && options.k === undefined && options.radius === undefined) throw wrongUsage('--count: how many within what? give --radius')
      const request = await requestOf(options)
      try {
        await withClient(options, (client, signal) => find(client, signal, request, options))
      } catch (err) {
        // The server knows the bytes, not what the file is called.
        if (options.image === undefined || !codeOf(err).startsWith('HAMMINGBIRD_IMAGE_')) throw err
        throw new HammingbirdError(codeOf(err), `${options.image}: ${(err as Error).message}`, { cause: err })
      }
    })
}

async function find (client: HammingbirdClient, signal: AbortSignal, request: Search, options: SearchOptions): Promise<void> {
  for await (const answer of client.searchPages(request, { signal })) {
    if (options.json) await printJson(searchJson(answer, options.count))
    else await show(answer, options)
    if (!options.all) break
  }
}

async function requestOf (options: SearchOptions): Promise<Search> {
  return {
    ...await queryOf(options),
    ...(options.k === undefined ? {} : { k: options.k }),
    ...(options.radius === undefined ? {} : { radius: options.radius }),
    ...filterOf(options),
    version: options.version,
    ...(options.rank === undefined ? {} : { rank: options.rank }),
    collapse: options.collapse,
    countOnly: options.count,
    minPosition: options.after.map(({ partition, offset }) => ({ topic: '', partition, offset })),
    pageSize: options.pageSize,
    pageToken: options.pageToken
  }
}

async function show (answer: SearchResponse, options: SearchOptions): Promise<void> {
  if (options.count) return print(String(answer.count))
  const rows = answer.hits.map(({ distance, score, id, labels, stale }) => [String(distance), score.toFixed(3), id, `${labels.join(', ')}${stale ? ' (stale)' : ''}`])
  if (rows.length === 0) await print('nothing found')
  else {
    const columns = [{ name: 'distance', align: 'right' }, { name: 'score' }, { name: 'id', cut: 'middle' }, { name: 'labels', cut: 'end' }] as const
    for (const line of table(columns, rows)) await print(line)
  }
  await print(styled('dim', footer(answer)))
  if (answer.nextPageToken !== '' && !options.all) await print(styled('dim', `there are more: --all, or --page-token ${answer.nextPageToken}`))
}

/** What the answer is worth. */
function footer ({ version, complete, radiusCovered, plan, stats, tied, rankedOf }: SearchResponse): string {
  return [
    `version ${printable(version)}`,
    complete ? `complete, everything within ${radiusCovered} was compared` : `NOT complete: only within ${radiusCovered}`,
    ...(stats ? [`${planName(plan)} of ${stats.codes} codes in ${stats.searchMs.toFixed(2)} ms${stats.encodeMs > 0 ? `, encoding ${stats.encodeMs.toFixed(0)} ms` : ''}`] : []),
    ...(tied > 0 ? [`${rankedOf} of ${tied} tied ordered by detail`] : [])
  ].join(' · ')
}

async function queryOf ({ image, id, code }: SearchOptions): Promise<Query> {
  if ([image, id, code].filter(given => given !== undefined).length !== 1) throw wrongUsage('give one of --image, --id and --code, and only one')
  if (image !== undefined) return { image: await readImage(image) }
  if (id !== undefined) return { id }
  if (!/^([0-9a-f]{2})+$/i.test(code!)) throw wrongUsage(`--code: hex digits, two a byte, got ${JSON.stringify(code)}`)
  return { code: Buffer.from(code!, 'hex') }
}

function filterOf ({ label, allLabels, withoutLabel, from, before, where }: SearchOptions): Pick<Search, 'filter'> {
  if (!from && !before && [label, allLabels, withoutLabel, where].every(({ length }) => length === 0)) return {}
  return {
    filter: {
      anyLabels: [...label],
      allLabels: [...allLabels],
      noLabels: [...withoutLabel],
      ...(from ? { capturedFrom: from } : {}),
      ...(before ? { capturedBefore: before } : {}),
      metadata: [...where]
    }
  }
}

function condition (text: string, before: readonly MetadataCondition[]): readonly MetadataCondition[] {
  const [, field, comparison, value = ''] = /^([^=<>]+)(>=|<|=)(.*)$/s.exec(text) ?? []
  if (field === undefined) throw wrongUsage(`--where: name=value, name>=value or name<value, got ${JSON.stringify(text)}`)
  return [...before, { field, ...(comparison === '=' ? { equals: value } : comparison === '<' ? { below: value } : { atLeast: value }) }]
}

function position (text: string, before: SearchOptions['after']): SearchOptions['after'] {
  const [, partition, offset] = /^(\d+)@(\d+)$/.exec(text) ?? []
  if (offset === undefined) throw wrongUsage(`--after: PARTITION@OFFSET, as publish prints it, got ${JSON.stringify(text)}`)
  return [...before, { partition: Number(partition), offset: Number(offset) }]
}

function rank (text: string): Rank {
  if (text !== 'detail') throw wrongUsage(`--rank: detail, got ${JSON.stringify(text)}`)
  return Rank.DETAIL
}
