import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { runningBroker, startBroker } from '../../dev/kafka/broker.js'
import { missing } from '../../dev/kafka/class-path.js'
import { tempDirectory } from '../fixtures/temp-directory.js'

test('broker: --help shows what there is, and a wrong word, flag or value says which it is', t => {
  const run = (...args: string[]) => spawnSync(process.execPath, [join(import.meta.dirname, '../../dev/broker.js'), ...args], { encoding: 'utf8' })
  const help = run('--help')
  t.is(help.status, 0)
  for (const command of ['start', 'stop', 'status', 'wipe', 'fetch']) t.regex(help.stdout, new RegExp(`^ {2}${command} `, 'm'))
  for (const [args, said] of [
    [[], /^ {2}start .*$/m],
    [['strat'], /^error: unknown command 'strat'\n\(Did you mean start\?\)/],
    [['start', '--prot', '1'], /^error: unknown option '--prot'\n\(Did you mean --port\?\)/],
    [['start', '--port', 'x'], /^error: .*'x' is invalid\. It is a whole number from 1 to 65535/],
    [['start', '--set', 'x'], /^error: .*name=value is wanted/]
  ] as const) {
    const { status, stderr } = run(...args)
    t.is(status, 2, stderr)
    t.regex(stderr, said)
    t.notRegex(stderr, /\n\s+at /, 'no stack trace')
  }
})

test.serial('broker: starts once a directory, ends with its parent, starts again with its data, and is wiped', async t => {
  const lacks = await missing()
  if (lacks !== undefined) {
    t.log(lacks)
    t.pass()
    return
  }
  const dir = join(tempDirectory(t), 'broker')
  const module = new URL('../../dev/kafka/broker.js', import.meta.url).href
  const parent = spawn(process.execPath, ['--input-type=module', '-e', `
    const { startBroker } = await import(${JSON.stringify(module)})
    await startBroker({ dir: ${JSON.stringify(dir)} })
    console.log('ready')
    setInterval(() => {}, 1000)
  `], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(parent.stdout, 'data')
  t.not(runningBroker(dir), undefined)
  await t.throwsAsync(startBroker({ dir }), { name: 'BrokerError', message: /runs in .* already/ })

  parent.kill('SIGKILL')
  await once(parent, 'exit')
  while (runningBroker(dir) !== undefined) await new Promise(resolve => setTimeout(resolve, 10))

  const broker = await startBroker({ dir })
  t.is(runningBroker(dir)?.bootstrap, broker.bootstrap)
  await broker.wipe()
  t.is(runningBroker(dir), undefined)
  t.false(existsSync(dir))
})
