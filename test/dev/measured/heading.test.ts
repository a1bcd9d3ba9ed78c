import test from 'ava'
import { cellsOf } from '../../../dev/measured/cells.js'
import { headingOf } from '../../../dev/measured/heading.js'
import { measuredPage } from '../../../dev/measured/page.js'
import { readResults } from '../../../dev/measured/results.js'

test('headings: words, with the unit behind them', t => {
  for (const [path, heading] of Object.entries({
    'heldMs.p50': 'held, p50 (ms)',
    'rows.cpuMs.median': 'rows, CPU, median (ms)',
    p99Ms: 'p99 (ms)',
    residentMiB: 'resident (MiB)',
    peakBytes: 'peak (bytes)',
    'addSeconds.64 bits': 'add, 64 bits (s)',
    imagesPerSecond: 'images per second',
    msPerQuery: 'ms per query',
    bytesPerCode: 'bytes per code',
    kafkajsShareOfItsMainProcess: 'kafkajs share of its main process',
    'killed.first-pipeline': 'killed, first-pipeline',
    'askedAgain.HAMMINGBIRD_UNREACHABLE': 'asked again, HAMMINGBIRD_UNREACHABLE',
    seconds: 'seconds',
    k: 'k'
  })) t.is(headingOf(path), heading)
})

test('headings: those of the committed results are words, and no two names of a row are one heading', t => {
  const results = readResults()
  for (const { file, setting, rows } of results) {
    for (const record of [setting, ...rows]) {
      const headings = [...cellsOf(record).keys()].map(headingOf)
      t.is(new Set(headings).size, headings.length, file)
    }
  }
  const page = measuredPage(results).split('\n')
  const headings = page.filter((_, at) => page[at + 1]?.startsWith('|---'))
  t.true(headings.length > 0)
  t.deepEqual(headings.filter(line => /[a-z]\.[a-z]|[a-z][A-Z](?!B)/.test(line.replaceAll('MiB', ''))), [])
})
