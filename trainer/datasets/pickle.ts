import { HammingbirdError } from '../../errors.js'

/** A numpy array as it was pickled. */
export class PickledArray {
  shape: readonly number[] = []
  /** numpy's name of the element type without its byte order: `u1`, `i8`, `f4`. */
  dtype = ''
  /** Whether the first axis runs fastest. */
  fortran = false
  data: Buffer = Buffer.alloc(0)
}

/** A pickled value: bytes strings of Python 2 come as text of one character a byte. */
export type Pickled = null | boolean | number | string | Buffer | PickledArray | Callable | Dtype | readonly Pickled[] | Map<Pickled, Pickled>

interface Callable { readonly called: string }
class Dtype { name = '' }
const MARK = Symbol('mark')

/**
 * Reads a pickle of numbers, strings, lists, dicts and numpy arrays: what the datasets of Python 2's day come in. It builds
 * what is on this list and nothing else: no name in a pickle is ever called, so a hostile file can do no harm.
 *
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` for anything else, and for a file that ends too soon.
 */
export function readPickle (bytes: Buffer): Pickled {
  try {
    return run(bytes)
  } catch (cause) {
    if (cause instanceof HammingbirdError) throw cause
    throw new HammingbirdError('HAMMINGBIRD_FORMAT', 'a pickle that ends too soon, or is damaged', { cause })
  }
}

function run (bytes: Buffer): Pickled {
  const stack: (Pickled | typeof MARK)[] = []
  const memo = new Map<number, Pickled>()
  let at = 0
  const take = (n: number): Buffer => {
    if (at + n > bytes.length) throw new RangeError('the end')
    at += n
    return bytes.subarray(at - n, at)
  }
  const u8 = (): number => take(1).readUInt8()
  const i32 = (): number => take(4).readInt32LE()
  const line = (): string => {
    const end = bytes.indexOf(10, at)
    if (end < 0) throw new RangeError('the end')
    const text = bytes.toString('latin1', at, end)
    at = end + 1
    return text
  }
  const pop = (): Pickled => {
    const value = stack.pop()
    if (value === undefined || value === MARK) throw new RangeError('an empty stack')
    return value
  }
  const top = (): Pickled => {
    const value = pop()
    stack.push(value)
    return value
  }
  const toMark = (): Pickled[] => {
    const from = stack.lastIndexOf(MARK)
    if (from < 0) throw new RangeError('no mark')
    return stack.splice(from).slice(1) as Pickled[]
  }
  const last = (n: number): Pickled[] => Array.from({ length: n }, pop).reverse()

  for (;;) {
    const code = String.fromCharCode(u8())
    switch (code) {
      case '\x80': u8(); break // protocol
      case '\x95': take(8); break // frame
      case '.': return pop()
      case '(': stack.push(MARK); break
      case '0': pop(); break
      case 'N': stack.push(null); break
      case '\x88': stack.push(true); break
      case '\x89': stack.push(false); break
      case 'I': {
        const text = line()
        stack.push(text === '01' ? true : text === '00' ? false : Number(text))
        break
      }
      case 'K': stack.push(u8()); break
      case 'M': stack.push(take(2).readUInt16LE()); break
      case 'J': stack.push(i32()); break
      case '\x8a': stack.push(littleEndian(take(u8()))); break
      case 'G': stack.push(take(8).readDoubleBE()); break
      case 'U': stack.push(take(u8()).toString('latin1')); break
      case 'T': stack.push(take(i32())); break
      case 'C': stack.push(take(u8())); break
      case 'B': stack.push(take(i32())); break
      case 'X': stack.push(take(i32()).toString('utf8')); break
      case '\x8c': stack.push(take(u8()).toString('utf8')); break
      case '}': stack.push(new Map()); break
      case ']': stack.push([]); break
      case ')': stack.push([]); break
      case '\x85': stack.push(last(1)); break
      case '\x86': stack.push(last(2)); break
      case '\x87': stack.push(last(3)); break
      case 't': case 'l': stack.push(toMark()); break
      case 'd': stack.push(fill(new Map(), toMark())); break
      case 'a': { const value = pop(); append(top(), [value]); break }
      case 'e': { const values = toMark(); append(top(), values); break }
      case 's': { const pair = last(2); fill(top(), pair); break }
      case 'u': { const pairs = toMark(); fill(top(), pairs); break }
      case 'q': memo.set(u8(), top()); break
      case 'r': memo.set(i32(), top()); break
      case 'p': memo.set(Number(line()), top()); break
      case '\x94': memo.set(memo.size, top()); break
      case 'h': stack.push(remembered(memo, u8())); break
      case 'j': stack.push(remembered(memo, i32())); break
      case 'g': stack.push(remembered(memo, Number(line()))); break
      case 'c': stack.push({ called: `${line()}.${line()}` }); break
      case '\x93': { const [module, name] = last(2); stack.push({ called: `${String(module)}.${String(name)}` }); break }
      case 'R': { const [callable, args] = last(2); stack.push(build(callable, args)); break }
      case 'b': { const state = pop(); setState(top(), state); break }
      default: throw refused(`opcode 0x${code.charCodeAt(0).toString(16)}`)
    }
  }
}

/** What a reduction makes: one of three known things. */
function build (callable: Pickled | undefined, args: Pickled | undefined): Pickled {
  const name = (callable as Callable).called
  const list = args as readonly Pickled[]
  if (/^numpy\._?core\.multiarray\._reconstruct$/.test(name)) return new PickledArray()
  if (name === 'numpy.dtype') return Object.assign(new Dtype(), { name: text(list[0]!) })
  if (name === '_codecs.encode') return Buffer.from(list[0] as string, 'latin1') // bytes, as Python 3 writes them for Python 2
  throw refused(`a call of ${name}`)
}

function setState (target: Pickled, state: Pickled): void {
  if (target instanceof Dtype) return // byte order and fields: u1 has neither
  if (!(target instanceof PickledArray)) throw refused('the state of an unknown thing')
  const [, shape, dtype, fortran, data] = state as readonly Pickled[]
  target.shape = shape as readonly number[]
  target.dtype = (dtype as Dtype).name
  target.fortran = fortran === true
  target.data = typeof data === 'string' ? Buffer.from(data, 'latin1') : data as Buffer
}

/** Text of a string or of bytes. */
export function text (value: Pickled): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value)
}

function append (list: Pickled, values: readonly Pickled[]): void {
  if (!Array.isArray(list)) throw refused('appending to what is no list')
  for (const value of values) list.push(value)
}

function fill (map: Pickled, pairs: readonly Pickled[]): Pickled {
  if (!(map instanceof Map)) throw refused('an entry of what is no dict')
  for (let i = 0; i < pairs.length; i += 2) map.set(Buffer.isBuffer(pairs[i]) ? text(pairs[i]!) : pairs[i]!, pairs[i + 1]!)
  return map
}

function remembered (memo: ReadonlyMap<number, Pickled>, key: number): Pickled {
  const value = memo.get(key)
  if (value === undefined) throw refused(`memo ${key}, never written`)
  return value
}

function littleEndian (bytes: Buffer): number {
  return bytes.length === 0 ? 0 : bytes.length <= 6 ? bytes.readIntLE(0, bytes.length) : Number(bytes.readBigInt64LE())
}

function refused (what: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_FORMAT', `a pickle of plain data has no ${what}`)
}
