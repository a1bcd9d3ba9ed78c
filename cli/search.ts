import type { Command } from 'commander'
import { Rank, type HammingbirdClient, type Search, type SearchResponse, type VersionStatus } from '../client/index.js'
import { codeOf, HammingbirdError } from '../errors.js'
import { whole, wrongUsage } from './client-command.js'
import { planName, searchJson } from './json.js'
import { print, printable, printJson, styled } from './output.js'
import { searchForCommand, searchOf, withClientAndImage, type SearchForOptions } from './search-options.js'
import { table } from './table.js'

type Standing = Pick<VersionStatus, 'waiting' | 'lagSeconds'>

interface SearchOptions extends SearchForOptions {
  readonly rank?: Rank
  readonly count: boolean
  readonly idsOnly: boolean
  readonly after: readonly { partition: number, offset: number }[]
  readonly all: boolean
  readonly pageSize: number
  readonly pageToken: string
}

/** What is missing is asked for after the answer: where nobody answers for so long it is left out. */
const STATUS_MS = 1000

/** `hammingbird search` */
export function search (): Command {
  return searchForCommand('search', 'find the images nearest to an image, to a stored one, or to a code')
    .option('--rank <order>', 'detail: order ties by the model\'s detail features', rank)
    .option('--count', 'only say how many there are', false)
    .option('--ids-only', 'of each image only id and distance', false)
    .option('--after <partition@offset>', 'wait until this position of the images topic can be found', position, [])
    .option('--all', 'all pages of what -k or --radius asks for; with --json each is a line', false)
    .option('--page-size <n>', 'most images a page', whole(1), 0)
    .option('--page-token <token>', 'the next page, from a former answer', '')
    .action(async (options: SearchOptions) => {
      if (options.count && options.k === undefined && options.radius === undefined) throw wrongUsage('--count: how many within what? give --radius')
      const request = await requestOf(options)
      await withClientAndImage(options, (client, signal) => find(client, signal, request, options))
    })
}

async function find (client: HammingbirdClient, signal: AbortSignal, request: Search, options: SearchOptions): Promise<void> {
  let first = true
  for await (const answer of pagesOf(client, signal, request)) {
    if (first) process.stderr.write(rankLine(answer, options))
    first = false
    const last = !options.all || answer.nextPageToken === ''
    const standing = last ? await standingOf(client, signal, answer.version) : undefined
    if (options.json) await printJson(searchJson(answer, options, standing))
    else await show(answer, options, standing)
    if (last) break
  }
}

/** As the client's, but an answer that did not come in time names what it waited for. */
async function * pagesOf (client: HammingbirdClient, signal: AbortSignal, request: Search): AsyncGenerator<SearchResponse> {
  try {
    yield * client.searchPages(request, { signal })
  } catch (err) {
    const waits = request.minPosition ?? []
    if (waits.length === 0 || codeOf(err) !== 'HAMMINGBIRD_DEADLINE') throw err
    const positions = waits.map(({ partition, offset }) => `${partition}@${offset}`).join(', ')
    throw new HammingbirdError('HAMMINGBIRD_DEADLINE', `no answer in time: --after waits for ${positions}, which may not be searchable yet; hammingbird status says what waits, --timeout waits longer`, { cause: err })
  }
}

/** How far the version that answered has come: what is published and not searchable yet is in no answer. */
async function standingOf (client: HammingbirdClient, signal: AbortSignal, name: string): Promise<Standing | undefined> {
  const status = await client.status({ signal, timeoutMs: STATUS_MS }).catch(() => undefined) // the answer stands without it
  return status?.versions.find(({ version }) => version === name)
}

async function requestOf (options: SearchOptions): Promise<Search> {
  return {
    ...await searchOf(options),
    ...(options.rank === undefined ? {} : { rank: options.rank }),
    countOnly: options.count,
    idsOnly: options.idsOnly,
    minPosition: options.after.map(({ partition, offset }) => ({ topic: '', partition, offset })),
    pageSize: options.pageSize,
    pageToken: options.pageToken
  }
}

async function show (answer: SearchResponse, options: SearchOptions, standing: Standing | undefined): Promise<void> {
  if (options.count) {
    await print(String(answer.count))
    process.stderr.write(`${styled('dim', footer(answer))}\n`) // for people: programs read the number
    if (standing) process.stderr.write(waitingLine(standing))
    return
  }
  const rows = answer.hits.map(({ distance, score, id, labels, stale }) => options.idsOnly
    ? [String(distance), id]
    : [String(distance), score.toFixed(3), id, `${labels.join(', ')}${stale ? ' (stale)' : ''}`])
  if (rows.length === 0) await print('nothing found')
  else {
    const [distance, id] = [{ name: 'distance', align: 'right' }, { name: 'id', cut: 'middle' }] as const
    for (const line of table(options.idsOnly ? [distance, id] : [distance, { name: 'score' }, id, { name: 'labels', cut: 'end' }], rows)) await print(line)
  }
  await print(styled('dim', footer(answer)))
  if (answer.nextPageToken !== '' && !options.all) await print(styled('dim', `there are more: --all, or --page-token ${answer.nextPageToken}`))
  if (standing) process.stderr.write(waitingLine(standing))
}

/** Empty where ties are ordered as was asked for. */
function rankLine ({ version, rankedBy }: SearchResponse, { rank, count, code }: SearchOptions): string {
  if (rank !== Rank.DETAIL || rankedBy === Rank.DETAIL || count) return ''
  const why = code === undefined ? `version ${printable(version)} has no detail features of this image` : 'a code alone has no detail features'
  return `--rank detail changes nothing here: ${why}; what is equally near is in order of the newest\n`
}

/** Empty where nothing is missing. */
function waitingLine ({ waiting, lagSeconds }: Standing): string {
  if (waiting === 0 && lagSeconds === 0) return ''
  return `${waiting > 0 ? `${waiting} images wait to be encoded` : 'images wait to be decoded'}, the oldest for ${lagSeconds.toFixed(1)} s: none of them is in this answer\n`
}

/** What the answer is worth. */
function footer ({ version, complete, radiusCovered, plan, stats, tied, rankedBy, rankedOf }: SearchResponse): string {
  return [
    `version ${printable(version)}`,
    complete ? `complete, everything within ${radiusCovered} was compared` : `NOT complete: only within ${radiusCovered}`,
    ...(stats ? [`${planName(plan)} of ${stats.codes} codes in ${stats.searchMs.toFixed(2)} ms${stats.encodeMs > 0 ? `, encoding ${stats.encodeMs.toFixed(0)} ms` : ''}`] : []),
    ...(rankedBy === Rank.DETAIL && tied > 0 ? [`${rankedOf} of ${tied} tied ordered by detail`] : [])
  ].join(' · ')
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
