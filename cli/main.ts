import { Command, CommanderError, Help } from 'commander'
import { HammingbirdError } from '../errors.js'
import { tellError } from './error-line.js'
import { exitCodeOf, exitCodes } from './exit-codes.js'
import { endWithReader } from './output.js'
import { release } from './release.js'

interface Entry {
  /** For the list of commands; the command describes itself. */
  readonly summary: string
  /** Each command is loaded when it is asked for: most need little of what others need. */
  readonly load: () => Promise<Command>
}

const commands: Readonly<Record<string, Entry>> = {
  up: { summary: 'index folders of pictures and answer searches, all on this machine', load: async () => (await import('./up.js')).up() },
  serve: { summary: 'keep the tables up with Kafka and answer searches', load: async () => (await import('./serve.js')).serve() },
  pipeline: { summary: 'make items and codes of the images in Kafka', load: async () => (await import('./pipeline.js')).pipeline() },
  log: { summary: 'move from one machine to Kafka', load: async () => (await import('./log.js')).log() },
  publish: { summary: 'publish images', load: async () => (await import('./publish.js')).publish() },
  search: { summary: 'find the images nearest to one', load: async () => (await import('./search.js')).search() },
  explain: { summary: 'say why a search found an image or did not', load: async () => (await import('./explain.js')).explain() },
  get: { summary: 'show what is known of an image', load: async () => (await import('./get.js')).get() },
  delete: { summary: 'delete images', load: async () => (await import('./delete.js')).deleteImages() },
  labels: { summary: 'show or set the labels of an image', load: async () => (await import('./labels.js')).labels() },
  status: { summary: 'show how far everything is', load: async () => (await import('./status.js')).status() },
  'set-aside': { summary: 'show or replay what was kept out', load: async () => (await import('./set-aside.js')).setAside() },
  collections: { summary: 'make, list, show or delete collections', load: async () => (await import('./collections.js')).collections() },
  models: { summary: 'versions of the model: list, add, publish, promote, roll back', load: async () => (await import('./models.js')).models() },
  backfill: { summary: 'show how far versions have come with encoding', load: async () => (await import('./backfill.js')).backfill() },
  codes: { summary: 'take the codes along, to FAISS or anywhere else', load: async () => (await import('./codes.js')).codes() },
  snapshot: { summary: 'write a collection to one file, while it is used', load: async () => (await import('./snapshot.js')).snapshot() },
  restore: { summary: 'make a collection anew from a snapshot', load: async () => (await import('./restore.js')).restore() },
  retrain: { summary: 'learn from the labelled images, publish what was learned', load: async () => (await import('./retrain.js')).retrain() },
  doctor: { summary: 'say what this machine has for encoding and training', load: async () => (await import('./doctor.js')).doctor() }
}

/** Runs one command; the process's exit code says how it went. */
async function main (args: readonly string[]): Promise<void> {
  endWithReader()
  const program = new Command('hammingbird')
    .description('Search a stream of images by what is in them.')
    .version(release, '-V, --version')
    .addHelpText('after', `\nExit codes:\n${Object.entries(exitCodes).map(([code, means]) => `  ${code.padEnd(4)} ${means}`).join('\n')}`)
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions() // --version after a command is the command's own
    .exitOverride()
    .configureHelp({ optionDescription: option => new Help().optionDescription(option).replace(/ \(default: (false|\[\]|""|0)\)$/, '') })
    .configureOutput({ outputError: () => {} }) // told below, in the form of all our errors
  const [name = '', of = ''] = args
  for (const [known, { summary, load }] of Object.entries(commands)) {
    const wanted = known === name || (name === 'help' && known === of)
    program.addCommand(inherit(wanted ? await load() : new Command(known), program).summary(summary))
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (err) {
    if (err instanceof CommanderError) tellCommanderError(err, helpOf(program, args))
    else {
      tellError(err)
      process.exitCode = exitCodeOf(err)
    }
  }
}

/** How to see the help of the command that was meant. */
function helpOf (program: Command, args: readonly string[]): string {
  const words = ['hammingbird']
  let command: Command | undefined = program
  for (const arg of args) {
    command = command.commands.find(sub => sub.name() === arg)
    if (command === undefined) break
    words.push(arg)
  }
  return [...words, '--help'].join(' ')
}

/**
 * A command made in a file of its own behaves like one of the program's, and so do those under it. Options that are needed are asked for behind those that
 * are unknown, where commander does it before: what is missing is often there, misspelt.
 */
function inherit (command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  const needed = command.options.filter(({ mandatory }) => mandatory)
  for (const option of needed) option.mandatory = false
  command.hook('preAction', () => {
    const missing = needed.find(option => command.getOptionValue(option.attributeName()) === undefined)
    if (missing !== undefined) command.error(`error: required option '${missing.flags}' not specified`, { code: 'commander.missingMandatoryOptionValue' })
  })
  for (const sub of command.commands) inherit(sub, command)
  return command
}

/** Help and the version are no errors; what else commander throws is wrong usage. */
function tellCommanderError ({ code, exitCode, message }: CommanderError, help: string): void {
  if (exitCode === 0) return
  process.exitCode = 2
  if (code === 'commander.help') return // no command was given: the help has been shown
  const [sentence = '', suggestion] = message.replace(/^error: /, '').split('\n')
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1').replace(/^D/, 'd') ?? `see: ${help}`
  tellError(new HammingbirdError('HAMMINGBIRD_INVALID', sentence), hint)
}

await main(process.argv.slice(2))
