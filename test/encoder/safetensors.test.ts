import test from 'ava'
import fc from 'fast-check'
import { codeOf } from '../../errors.js'
import { elements, readSafetensors, writeSafetensors, type NamedTensor } from '../../encoder/safetensors.js'

const shape = fc.array(fc.nat(4), { maxLength: 4 })
const tensor: fc.Arbitrary<NamedTensor> = fc.tuple(shape, fc.constantFrom(Float32Array, Int32Array, Int8Array, Uint8Array), fc.integer())
  .map(([shape, Kind, seed]) => ({ shape, data: new Kind(Array.from({ length: elements(shape) }, (_, i) => (seed + i * 37) % 100)) }))
const tensors = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }).filter(name => name !== '__metadata__'), tensor), { selector: ([name]) => name, maxLength: 6 })

test('safetensors: reading undoes writing', t => {
  fc.assert(fc.property(tensors, list => {
    const read = readSafetensors(writeSafetensors(new Map(list), { made: 'here' }))
    t.deepEqual(new Map([...read].toSorted()), new Map(list.toSorted()))
  }))
})

test('safetensors: a file cut anywhere, or longer than it says, is refused', t => {
  const file = writeSafetensors(new Map([['a', { shape: [3], data: Float32Array.of(1, 2, 3) }], ['b', { shape: [2], data: Uint8Array.of(4, 5) }]]))
  for (let length = 0; length < file.length; length++) refused(t, file.subarray(0, length))
  refused(t, Uint8Array.of(...file, 0))
})

test('safetensors: bytes that change in the header never crash, and never give a tensor that is not there', t => {
  const file = writeSafetensors(new Map([['a', { shape: [2, 3], data: new Float32Array(6) }]]))
  fc.assert(fc.property(fc.nat(file.length - 1), fc.nat(255), (at, byte) => {
    const changed = file.slice()
    changed[at] = byte
    try {
      for (const { shape, data } of readSafetensors(changed).values()) t.is(elements(shape), data.length)
    } catch (err) {
      t.is(codeOf(err), 'HAMMINGBIRD_MODEL_INVALID')
    }
  }))
})

const hostile: Record<string, object> = {
  'offsets past the end': { a: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } },
  'offsets that do not fit the shape': { a: { dtype: 'F32', shape: [3], data_offsets: [0, 8] } },
  'negative offsets': { a: { dtype: 'F32', shape: [2], data_offsets: [-8, 0] } },
  'two tensors over the same bytes': { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] }, b: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } },
  'a gap': { a: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } },
  'a negative side': { a: { dtype: 'F32', shape: [-1, -2], data_offsets: [0, 8] } },
  'a side of a half': { a: { dtype: 'F32', shape: [0.5, 4], data_offsets: [0, 8] } },
  'a shape that overflows': { a: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 8] } },
  'an unknown type': { a: { dtype: 'constructor', shape: [2], data_offsets: [0, 8] } },
  'no entry': { a: null },
  'a list': [1]
}
for (const [name, header] of Object.entries(hostile)) {
  test(`safetensors: ${name} is refused`, t => refused(t, withHeader(JSON.stringify(header), new Uint8Array(8))))
}

test('safetensors: a header that claims more than there is, or no JSON, is refused', t => {
  const file = withHeader('{}', new Uint8Array(0))
  new DataView(file.buffer).setBigUint64(0, 2n ** 63n, true)
  refused(t, file)
  refused(t, withHeader('{', new Uint8Array(0)))
})

test('safetensors: half precision, bfloat16 and 64-bit integers are read, aligned or not', t => {
  const data = new Uint8Array(8 + 4 + 4)
  const view = new DataView(data.buffer)
  view.setBigInt64(0, -5n, true)
  view.setUint16(8, 0xc100, true) // -2.5
  view.setUint16(10, 0x0001, true) // the smallest
  view.setUint16(12, 0xc020, true) // -2.5
  view.setUint16(14, 0x3f80, true) // 1
  const header = {
    i: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
    h: { dtype: 'F16', shape: [2], data_offsets: [8, 12] },
    b: { dtype: 'BF16', shape: [2], data_offsets: [12, 16] }
  }
  for (const pad of ['', ' ', '   ']) {
    const read = readSafetensors(withHeader(JSON.stringify(header) + pad, data))
    t.deepEqual([...read.get('i')!.data], [-5])
    t.deepEqual([...read.get('h')!.data], [-2.5, 2 ** -24])
    t.deepEqual([...read.get('b')!.data], [-2.5, 1])
  }
})

test('safetensors: a shape that is not the data is a mistake of the writer', t => {
  t.throws(() => writeSafetensors(new Map([['a', { shape: [2], data: new Float32Array(3) }]])), { instanceOf: RangeError })
})

function withHeader (header: string, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + json.length + data.length)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  file.set(data, 8 + json.length)
  return file
}

function refused (t: { is (actual: unknown, expected: unknown): unknown, throws (f: () => unknown): unknown }, file: Uint8Array): void {
  t.is(codeOf(t.throws(() => readSafetensors(file))), 'HAMMINGBIRD_MODEL_INVALID')
}
