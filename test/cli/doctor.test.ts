import test from 'ava'
import { doctor, examine } from '../../cli/doctor.js'

test('doctor: says of each backend whether it works, and ends with what to do', async t => {
  const lines = await examine()
  for (const name of ['machine', 'device', 'gpu', 'native', 'wasm', 'javascript', 'onnx', 'library']) t.true(lines.some(line => line.startsWith(name)), name)
  t.regex(lines.find(line => line.startsWith('wasm'))!, /WebAssembly/)
  t.regex(lines.at(-1)!, /Nothing to do|npm run setup:native|apt-get/)
})

test('doctor: is a command of its own', t => {
  t.is(doctor().name(), 'doctor')
})
