import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { makeReadyFor } from '../../evaluation/asked-files.js'
import { parseOptions } from '../../evaluation/options.js'
import { readPerQuery } from '../../evaluation/per-query-file.js'
import { runEvaluation } from '../../evaluation/run.js'
import { readCheckpoint } from '../../trainer/checkpoint.js'
import { openTraining } from '../encoder/numeric.js'

const backend = await openTraining()

async function directory (t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hammingbird-commands-'))
  t.teardown(() => rm(made, { recursive: true }))
  return made
}

/** Runs a command of the evaluation. @param told hears its stderr, and may interrupt it. */
async function run (name: 'main' | 'compare', args: readonly string[], told: (soFar: string, interrupt: () => void) => void = () => {}): Promise<{ code: number | null, stdout: string, stderr: string }> {
  const child = spawn(process.execPath, [`dist/evaluation/${name}.js`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  let soFar = ''
  child.stderr.on('data', (piece: Buffer) => { told(soFar += piece.toString(), () => { if (!child.killed) child.kill('SIGINT') }) })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

async function refused (t: ExecutionContext, name: 'main' | 'compare', args: readonly string[], says: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run(name, args)
  t.is(code, 2, `${args.join(' ')}: ${stderr}`)
  t.regex(stderr, /^HAMMINGBIRD_INVALID {2}[^\n]*\n$/)
  t.regex(stderr, says)
  t.is(stdout, '')
}

const lsh = ['--recipe', 'lsh', '--protocol', 'drawn', '--bits', '16']

test('evaluate: what could never be written is refused before anything is computed', async t => {
  const at = await directory(t)
  const file = join(at, 'file')
  await writeFile(file, 'mine')
  await mkdir(join(at, 'folder'))
  // Nothing has been computed yet: the protocol's data, which is loaded first, is not there either.
  const trains = ['--recipe', 'csq', '--protocol', 'F', '--data', join(at, 'none')]
  await refused(t, 'main', [...trains, '--save', file], /file: is no directory/)
  await refused(t, 'main', [...trains, '--per-query', join(at, 'folder')], /cannot be written: it is a directory/)
  await t.throwsAsync(makeReadyFor(join(file, 'row.json')), { code: 'HAMMINGBIRD_INVALID', message: /file: is no directory/ })
  t.is(await readFile(file, 'utf8'), 'mine')
})

test('evaluate: what cannot be written at the end costs no figure, and keeps nothing else from being written', async t => {
  const at = await directory(t)
  const perQuery = join(at, 'new', 'q.json')
  const { code, stdout, stderr } = await run('main', [...lsh, '--json', '/dev/full', '--per-query', perQuery])
  t.is(code, 1)
  t.regex(stdout, /^lsh, 16 bits[\s\S]*mAP 0\.\d{4}/)
  t.regex(stderr, /^HAMMINGBIRD_STORAGE {2}\/dev\/full cannot be written: the disk is full\n$/)
  t.is((JSON.parse(await readFile(perQuery, 'utf8')) as { ap: number[] }).ap.length, 200)
})

test('evaluate: options that cannot be, or would change nothing, are refused as wrong usage', async t => {
  const at = await directory(t)
  const csq = ['--recipe', 'csq', '--protocol', 'drawn']
  for (const [args, says] of [
    [[...csq, '--batch', '0'], /--batch.*whole number from 1 on/],
    [[...csq, '--rate', '-1'], /--rate.*above 0/],
    [[...csq, '--epochs', '0'], /--epochs.*above 0/],
    [[...csq, '--bits', '20'], /multiple of 8 from 16 to 1024/],
    [['--recipe', 'nope', '--protocol', 'drawn'], /multitask.*lsh/],
    [[...lsh, '--epochs', '5'], /--epochs: changes nothing with a shallow baseline/],
    [['--model', at, '--protocol', 'drawn', '--bits', '32'], /--bits: changes nothing with --model/],
    [['--queries', join(at, 'none'), '--database', join(at, 'none')], /none: cannot be read: it is not there/],
    [['--recipe', 'lsh', '--protocol', 'F', '--data', at], /cifar10.*HAMMINGBIRD_EVALUATION_DATA/],
    [['--recipe', 'lsh', '--protocol', 'corel', '--data', at], /corel5k.*HAMMINGBIRD_EVALUATION_DATA/]
  ] as const) t.regex((await t.throwsAsync(evaluated(args)))?.message ?? '', says, args.join(' '))
  if (backend.name === 'javascript') return t.log('settings not tried: native TensorFlow is not set up (npm run setup:native)')
  await refused(t, 'main', ['--recipe', 'multitask', '--protocol', 'drawn', '--set', 'colour=red'], /colour is no setting of the recipe multitask; there are strategy, /)
  await t.throwsAsync(evaluated([...csq, '--set', 'colour=red']), { code: 'HAMMINGBIRD_INVALID', message: /it has none/ })
  await t.throwsAsync(evaluated([...csq, '--net', 'colour=red']), { code: 'HAMMINGBIRD_INVALID', message: /colour is no setting of this network; there are .*width/ })
})

async function evaluated (args: readonly string[]): Promise<void> {
  const { options, way } = parseOptions(['node', 'evaluate', ...args])
  await runEvaluation(options, way, new AbortController().signal)
}

test('evaluate: Ctrl-C ends it with 130, and the same command says from where it goes on', async t => {
  if (backend.name === 'javascript') {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    return t.pass()
  }
  const at = await directory(t)
  const args = (epochs: string): string[] => ['--recipe', 'csq', '--protocol', 'drawn', '--bits', '16', '--net', 'width=8', '--epochs', epochs, '--checkpoint', at]
  const first = await run('main', args('200'), (soFar, interrupt) => { if (/step \d/.test(soFar)) interrupt() })
  t.is(first.code, 130, first.stderr)
  t.regex(first.stderr, /HAMMINGBIRD_CANCELLED {2}stopped: the same command goes on from what/)
  const again = await run('main', args('200'), (soFar, interrupt) => { if (/going on from step \d+ of \d+/.test(soFar)) interrupt() })
  t.is(again.code, 130, again.stderr)
  t.regex(again.stderr, /^going on from step \d+ of \d+/m)
  const [checkpoint] = await readdir(at)
  await writeFile(join(at, checkpoint!), 'damaged')
  const damaged = await t.throwsAsync(readCheckpoint(at, 'any'), { code: 'HAMMINGBIRD_FORMAT' })
  t.true(damaged?.message.includes(join(at, checkpoint!)), damaged?.message)
})

test('compare: what cannot be compared is refused in a sentence, and seeds that do not pair are told', async t => {
  const at = await directory(t)
  const file = async (name: string, value: unknown): Promise<string> => {
    await writeFile(join(at, name), typeof value === 'string' ? value : JSON.stringify(value))
    return join(at, name)
  }
  const run1 = { recipe: 'x', protocol: 'A', seed: 1, ap: [0.1, 0.2, null], ndcg: [0.1, 0.2, null] }
  const [a, b] = [await file('a', run1), await file('b', { ...run1, seed: 2, ap: [0.2, 0.3, null] })]
  for (const [args, says] of [
    [['--a', a, '--b', await file('other', { ...run1, protocol: 'F' })], /of protocol F, .* of A/],
    [['--a', a, '--b', await file('short', { ...run1, ap: [1], ndcg: [1] })], /has 1 queries, .* has 3/],
    [['--a', a, '--b', `${a},${b}`], /1 files are compared with 2/],
    [['--a', a, '--b', b, '--metric', 'nope'], /--metric.*ap, ndcg/]
  ] as const) await refused(t, 'compare', args, says)
  for (const [path, says] of [
    [await file('row', { ...run1, ap: undefined, curve: [] }), /row: is a row, as --json writes it/],
    [await file('junk', '{"a"'), /junk: is no JSON/],
    [await file('null', 'null'), /null: is no file that --per-query wrote/],
    [join(at, 'nowhere'), /nowhere: cannot be read: it is not there/]
  ] as const) await t.throwsAsync(readPerQuery(path), { code: 'HAMMINGBIRD_INVALID', message: says })
  const { code, stdout, stderr } = await run('compare', ['--a', a, '--b', b])
  t.deepEqual([code, stderr], [0, 'the seeds do not pair: 1 against 2\n'])
  t.true(stdout.startsWith('ap, b − a: 0.1000'), stdout)
})
