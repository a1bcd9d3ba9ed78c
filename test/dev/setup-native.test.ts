import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'

test('setup:native: what is missing on a machine is named, with the command that brings it, and nothing is touched', t => {
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('../../dev/setup-native.js', import.meta.url)), '--force'], { env: { PATH: '' }, encoding: 'utf8' })
  t.is(status, 1)
  t.regex(stderr, process.platform === 'linux' ? /^setup:native: needs a C\+\+ compiler: apt-get install g\+\+\n$/ : /Linux only/)
})
