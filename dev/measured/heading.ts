/** Units that end a name; alone, as `seconds`, they are the name. */
const UNITS: ReadonlyMap<string, string> = new Map([['Ms', 'ms'], ['Seconds', 's'], ['Bytes', 'bytes'], ['MiB', 'MiB']])
const CAPITALS = new Set(['cpu', 'gpu', 'rss'])

/**
 * The name of a value in a result as a heading: `heldMs.p50` is `held, p50 (ms)`, `imagesPerSecond` is `images per second`.
 *
 * What is no camel case (an error code, a library, `64 bits`) stays as it is.
 *
 * @param path names of one in another, with `.` between them.
 */
export function headingOf (path: string): string {
  let unit: string | undefined
  const parts = path.split('.').map(name => {
    const words = /^[a-z][A-Za-z0-9]*$/.test(name) ? name.match(/MiB$|^[a-z0-9]+|[A-Z][a-z0-9]*/g)! : [name]
    if (words.length > 1 && words.at(-2) !== 'Per' && UNITS.has(words.at(-1)!)) unit = UNITS.get(words.pop()!)
    return words.map(inText).join(' ')
  })
  return unit === undefined ? parts.join(', ') : `${parts.join(', ')} (${unit})`
}

function inText (word: string): string {
  const lower = /^[A-Z]?[a-z0-9]+$/.test(word) ? word.toLowerCase() : word
  return CAPITALS.has(lower) ? lower.toUpperCase() : lower
}
