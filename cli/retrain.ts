import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { HammingbirdClient } from '../client/index.js'
import { DecoderPool } from '../decoder/pool.js'
import { openBackend } from '../encoder/tf.js'
import { HammingbirdError } from '../errors.js'
import { assertChoices } from '../evaluation/chosen.js'
import { keyValue } from '../evaluation/key-value-option.js'
import type { DeepChoices } from '../evaluation/deep.js'
import { trainCandidate, type Figures, type Verdict } from '../evaluation/retrain/candidate.js'
import { exportedItems } from '../evaluation/retrain/exported.js'
import { keepItems, keptItems } from '../evaluation/retrain/kept-items.js'
import { readLabelledItems, type LabelledItems } from '../evaluation/retrain/labelled-items.js'
import { formatProgress } from '../trainer/progress.js'
import type { Recipe } from '../trainer/recipes/recipe.js'
import { recipeOf, recipes } from '../trainer/recipes/recipes.js'
import { untilCaughtUp } from './backfill-progress.js'
import { clientCommand, codeBits, whole, withClient, type ClientCommandOptions } from './client-command.js'
import { publishModel } from './model-directory.js'
import { print, printJson } from './output.js'
import { StatusLine } from './status-line.js'
import { table } from './table.js'
import { clearWork, holdWork } from './work-directory.js'

interface RetrainOptions extends ClientCommandOptions {
  readonly recipe: string
  readonly bits: number
  readonly seed: number
  readonly side: number
  readonly epochs?: number
  readonly batch?: number
  readonly set: Readonly<Record<string, unknown>>
  readonly net: Readonly<Record<string, unknown>>
  readonly heldOut: number
  readonly work: string
  readonly fresh: boolean
  readonly publish: boolean
  readonly promote: boolean
  readonly force: boolean
}

const CHECKPOINT_EVERY_MS = 60_000
/** A version that is worse is not made live unless forced: the exit code of work done in part. */
const NOT_PROMOTED = 5

/** `hammingbird retrain`, which is also `npm run retrain` */
export function retrain (): Command {
  return clientCommand('retrain', 'learn from the labelled images, compare with the live version, publish what was learned')
    .option('--recipe <name>', `one of ${[...recipes.keys()].join(', ')}`, 'multitask')
    .option('--bits <n>', 'width of the codes', codeBits, 64)
    .option('--seed <n>', 'of everything that is random', whole(0), 1)
    .option('--side <pixels>', 'size that the network sees pictures in', whole(8, 256), 32)
    .option('--epochs <n>', 'how often each image is learned from, instead of the recipe\'s', whole(1))
    .option('--batch <n>', 'instead of the recipe\'s', whole(1))
    .option('--set <key=value>', 'a choice of the recipe, more than once', keyValue, {})
    .option('--net <key=value>', 'a setting of the network, more than once', keyValue, {})
    .option('--held-out <share>', 'of the images, chosen by the hash of their id: they are searched with, never learned from', share, 0.1)
    .option('--work <directory>', 'where an interrupted run leaves what it needs to go on', 'hammingbird-retrain') // not --directory: the loader of native TensorFlow reads the command line too, and takes that one for its own
    .option('--fresh', 'begin anew instead of going on', false)
    .option('--no-publish', 'compare only')
    .option('--promote', 'wait for its backfill, then make it live, if it is better: by mAP, with 95 % confidence', false)
    .option('--force', 'with --promote: also if it is not', false)
    .addHelpText('after', '\nExit codes: as of every command; 5: published, but not promoted, because it is not better than the live version.\nCtrl-C stops with 130; the same command goes on from there.')
    .action(async (options: RetrainOptions) => {
      const recipe = recipeOf(options.recipe)
      const choices = choicesOf(options)
      assertChoices(recipe, choices) // before anything is fetched, which may take long
      await withClient(options, (client, signal) => run(client, signal, options, recipe, choices))
    })
}

function choicesOf ({ bits, seed, epochs, batch, net, set }: RetrainOptions): DeepChoices {
  return { bits, seed, settings: net, recipe: set, shift: 2, cutout: 0, ...epochs !== undefined && { epochs }, ...batch !== undefined && { batchSize: batch } }
}

async function run (client: HammingbirdClient, signal: AbortSignal, options: RetrainOptions, recipe: Recipe, choices: DeepChoices): Promise<void> {
  const backend = await openBackend()
  if (!backend.trains || backend.name === 'javascript') throw new HammingbirdError('HAMMINGBIRD_BACKEND', `${backend.sentence}: to train, run: npm run setup:native`)
  using line = new StatusLine()

  const what = JSON.stringify([options.server, options.collection, recipe.name, choices, options.side, options.heldOut])
  const directory = join(resolve(options.work), createHash('sha256').update(what).digest('hex').slice(0, 16))
  await using _held = await holdWork(directory)
  if (options.fresh) await clearWork(directory)
  let kept = 'nothing is kept yet, as not all images were here'
  signal.addEventListener('abort', () => { line.keep(`stopping: ${kept}`) }, { once: true })
  const items = await itemsOf(client, signal, directory, options, line)
  kept = `the images, and what was learned of them, are kept in ${directory}; the same command goes on from there`

  const model = join(directory, 'model')
  const verdict = await trainCandidate(recipe, items, choices, model, {
    signal,
    checkpoint: { directory, everyMs: CHECKPOINT_EVERY_MS },
    onTakenUp: ({ step, steps }) => { line.keep(`going on from step ${step} of ${steps}`) },
    onProgress: progress => { line.say(formatProgress(recipe.name, progress)) }
  })
  line.end()
  if (!options.json) await tell(items, verdict)
  await note(model, items.live, verdict)

  const better = verdict.difference.lower > 0
  const outcome = options.publish ? await rollOut(client, signal, model, { ...options, judged: items.live, better }, line) : {}
  if (options.publish) await clearWork(directory)
  if (options.json) await printJson({ liveVersion: items.live, model: options.publish ? undefined : model, ...verdict, better, ...outcome })
  else if (!options.publish) await print(`the model is in ${model}`)
  if (options.promote && !better && !options.force) {
    process.exitCode = NOT_PROMOTED
    if (!options.json) await print(`${items.live} stays live: the candidate is not better with 95 % confidence; --force makes it live`)
  }
}

/** What is learned from: what this run began with, where it was interrupted, or what the server has, which is then kept. */
async function itemsOf (client: HammingbirdClient, signal: AbortSignal, directory: string, options: RetrainOptions, line: StatusLine): Promise<LabelledItems> {
  const kept = await keptItems(directory)
  if (kept !== undefined) {
    line.keep(`going on with the ${kept.pictures.count} images that this run began with: --fresh begins anew`)
    return kept
  }
  const items = await fetched(client, signal, options, line)
  const out = items.heldOut.filter(one => one).length
  line.keep(`${items.pictures.count} labelled images: ${items.pictures.count - out} to learn from, ${out} held out`)
  await keepItems(directory, items)
  return items
}

/** Labelled items of the server with their pictures, decoded here. */
async function fetched (client: HammingbirdClient, signal: AbortSignal, { side, heldOut }: RetrainOptions, line: StatusLine): Promise<LabelledItems> {
  const live = await client.models.get('live', { signal })
  await using decoder = await DecoderPool.open({ workers: 2 })
  return await readLabelledItems(exportedItems(client, signal), {
    decoder,
    input: { width: side, height: side, fit: 'squash' },
    live: live.name,
    bits: live.bits,
    heldOut,
    onRead: count => { line.say(`${count} labelled images read so far`) }
  })
}

/** What was measured becomes part of the manifest. */
async function note (directory: string, live: string, { candidate, live: before, queries }: Verdict): Promise<void> {
  const file = join(directory, 'manifest.json')
  // When it was first made: a run that is taken up again publishes the same model, not another.
  const stamp = join(directory, '..', 'made')
  const createdMs = Number(await readFile(stamp, 'utf8').catch(() => '')) || Date.now()
  await writeFile(stamp, String(createdMs))
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { provenance: Record<string, string> }
  const provenance = { from: 'retrain', ...manifest.provenance, mAP: candidate.mAP.toFixed(4), [`mAP of ${live}`]: before.mAP.toFixed(4), queries: String(queries) }
  await writeFile(file, `${JSON.stringify({ ...manifest, createdMs, provenance }, undefined, 2)}\n`)
}

/** @param judged the version the candidate was held against: when another is live by now, nothing is known of that one. */
async function rollOut (client: HammingbirdClient, signal: AbortSignal, model: string, { promote, force, judged, better }: Pick<RetrainOptions, 'promote' | 'force'> & { readonly judged: string, readonly better: boolean }, line: StatusLine): Promise<{ readonly version: string, readonly promoted: boolean }> {
  const { name } = await publishModel(client, model, signal, text => { line.say(text) })
  const promoted = promote && (better || force)
  if (promoted) {
    await untilCaughtUp(client, name, signal, text => { line.say(text) })
    const { name: live } = await client.models.get('live', { signal })
    if (!force && live !== judged) throw new HammingbirdError('HAMMINGBIRD_CONFLICT', `${name} is published and better than ${judged}, but ${live} is live by now: compare with that one (--fresh), or hammingbird models promote ${name}`)
    await client.models.promote(name, { signal, actor: `${userInfo().username}@${hostname()}`, reason: 'retrain' })
  }
  line.keep(promoted ? `${name} is live` : better ? `published ${name}; to make it live: hammingbird models promote ${name} --wait` : `published ${name}, which is not better than ${judged}: hammingbird models retire ${name}`)
  return { version: name, promoted }
}

async function tell ({ live }: LabelledItems, { live: before, candidate, difference, trainedOn, queries, cpuMs }: Verdict): Promise<void> {
  const row = (name: string, { mAP, standardError, precisionWithin2 }: Figures): string[] => [name, `${mAP.toFixed(4)} ± ${standardError.toFixed(4)}`, precisionWithin2.toFixed(4)]
  await print(`learned from ${trainedOn} images in ${(cpuMs / 6e4).toFixed(1)} CPU minutes; ${queries} held-out images search them:`)
  for (const line of table([{ name: 'version' }, { name: 'mAP', align: 'right' }, { name: 'precision within 2', align: 'right' }], [row(`${live} (live)`, before), row('candidate', candidate)])) await print(line)
  await print(`mAP, candidate − live: ${difference.value.toFixed(4)}, 95 % from ${difference.lower.toFixed(4)} to ${difference.upper.toFixed(4)}`)
}

function share (text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It is a number between 0 and 1.')
  return value
}
