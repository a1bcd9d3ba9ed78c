import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Row } from '../row.js'
import { nameOf } from './rows.js'

const WIDTH = 560
/** Readable on a page: points of a curve above it say nothing more. */
const LEAST_RECALL = 1e-4

/** One SVG: the precision-recall curves of rows of one protocol. Radius 0 is the left end of each. */
export function precisionRecallPlot (rows: readonly Row[]): Promise<string> {
  return svg({
    width: WIDTH,
    height: 320,
    data: { values: rows.flatMap(row => row.curve.filter(({ recall }) => recall > LEAST_RECALL).map(point => ({ ...point, name: nameOf(row) }))) },
    mark: { type: 'line', point: { size: 12 } },
    encoding: {
      x: { field: 'recall', type: 'quantitative', scale: { domain: [0, 1] } },
      y: { field: 'precision', type: 'quantitative', scale: { domain: [0, 1] } },
      order: { field: 'radius', type: 'quantitative' },
      color: { field: 'name', type: 'nominal', title: null, sort: null, legend: { labelLimit: 0, orient: 'bottom', columns: 1 } }
    }
  })
}

/** One SVG: mAP of rows of one protocol, best first, with twice the standard error each way. */
export function mAPPlot (rows: readonly Row[]): Promise<string> {
  const values = rows.map(row => ({ name: nameOf(row), mAP: row.mAP, low: row.mAP - 2 * row.standardError, high: Math.min(1, row.mAP + 2 * row.standardError) }))
  const y = { field: 'name', type: 'nominal', title: null, sort: values.map(({ name }) => name), axis: { labelLimit: 0 } } as const
  return svg({
    width: WIDTH,
    height: { step: 22 },
    data: { values },
    layer: [
      { mark: { type: 'bar', height: 12, color: '#4c78a8' }, encoding: { x: { field: 'mAP', type: 'quantitative', scale: { domain: [0, 1] } }, y } },
      { mark: { type: 'rule', color: '#222' }, encoding: { x: { field: 'low', type: 'quantitative', title: 'mAP' }, x2: { field: 'high' }, y } }
    ]
  })
}

async function svg (spec: Readonly<Record<string, unknown>>): Promise<string> {
  const compiled = compile({ background: 'white', ...spec } as unknown as TopLevelSpec)
  const view = new View(parse(compiled.spec), { renderer: 'none' })
  try {
    return `${await view.toSVG()}\n`
  } finally {
    view.finalize()
  }
}
