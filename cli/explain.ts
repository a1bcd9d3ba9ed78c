import type { Command } from 'commander'
import { Match_State as State, type ExplainResponse, type HammingbirdClient, type Search } from '../client/index.js'
import { explainJson, planName } from './json.js'
import { print, printable, printJson, styled } from './output.js'
import { searchForCommand, searchOf, withClientAndImage, type SearchForOptions } from './search-options.js'

interface ExplainOptions extends SearchForOptions {
  readonly match: string
}

/** `hammingbird explain` */
export function explain (): Command {
  return searchForCommand('explain', 'say why a search found an image or did not, and how it was searched')
    .requiredOption('--match <id>', 'the image that was, or was not, expected')
    .addHelpText('after', '\nThe other options are those of the search. Exit code 0, whether the image is found or not.')
    .action(async (options: ExplainOptions) => {
      const request = await searchOf(options)
      await withClientAndImage(options, (client, signal) => tell(client, signal, request, options))
    })
}

async function tell (client: HammingbirdClient, signal: AbortSignal, request: Search, { match: id, json }: ExplainOptions): Promise<void> {
  const answer = await client.explain(request, id, { signal })
  if (json) return printJson(explainJson(id, answer))
  await print(`${printable(id)}: ${sentence(answer)}`)
  const { plan, stats, probeEstimateMs, scanEstimateMs } = answer
  const estimates = [[probeEstimateMs, 'probing'], [scanEstimateMs, 'a scan']].flatMap(([ms, of]) => typeof ms === 'number' ? [`${of as string} was thought to take ${ms.toFixed(2)} ms`] : [])
  await print(styled('dim', [`${planName(plan)}${stats ? ` of ${stats.codes} codes in ${stats.searchMs.toFixed(2)} ms` : ''}`, ...estimates].join(' · ')))
}

function sentence ({ match }: ExplainResponse): string {
  const { state, radius, reason, differingBits } = match!
  const distance = radius === undefined ? '' : `it is at distance ${radius}${differingBits.length > 0 ? ` (bits ${differingBits.join(', ')})` : ''}`
  const why: Partial<Record<State, string>> = {
    [State.FOUND]: `found: ${distance}`,
    [State.TOO_FAR]: `too far: ${distance}, so --radius ${radius} finds it`,
    [State.FILTERED]: `kept out by the filter: ${printable(reason)}${distance && `; ${distance}`}`,
    [State.WAITING]: 'not encoded yet under this version: hammingbird backfill status',
    [State.BEHIND_K]: `nearer ones fill k: ${distance}`,
    [State.SET_ASIDE]: `set aside, so that it has no code: ${printable(reason)}`,
    [State.DELETED]: 'deleted',
    [State.UNKNOWN]: 'not known: not published, not ingested yet, or deleted long ago'
  }
  return why[state] ?? printable(reason)
}
