import { readFileSync } from 'node:fs'
import test from 'ava'
import * as layout from '../../../../index-server/store/hot-tier/layout.js'

const kernel = 'index-server/store/hot-tier/kernel'
const structs = {
  Slab: [layout.SLAB, 'layout.as.ts'],
  Table: [layout.TABLE, 'layout.as.ts'],
  Query: [layout.QUERY, 'layout.as.ts'],
  Found: [layout.FOUND, 'layout.as.ts'],
  Input: [layout.INPUT, 'build.as.ts']
} as const
const sizes: Record<string, number> = { u32: 4, i32: 4, f32: 4, usize: 4, f64: 8, u64: 8 }

for (const [name, [fields, file]] of Object.entries(structs)) {
  test(`layout: ${name} lies as the kernel has it`, t => {
    const [, body] = new RegExp(`class ${name} \\{\\n([^}]*)\\n\\}`).exec(readFileSync(`${kernel}/${file}`, 'utf8')) ?? []
    let end = 0
    const expected = [...body!.matchAll(/^ {2}(\w+): (\w+)$/gm)].map(([, field, type]) => {
      const at = Math.ceil(end / sizes[type!]!) * sizes[type!]!
      end = at + sizes[type!]!
      return [field!, at] as const
    })
    t.true(expected.length > 2)
    t.deepEqual({ ...fields } as Record<string, number>, { ...Object.fromEntries(expected), sizeBytes: end })
  })
}

test('layout: what is in front of the codes does not overlap', t => {
  t.true(layout.SLAB_AT + layout.SLAB.sizeBytes <= layout.INPUT_AT)
  t.true(layout.INPUT_AT + layout.INPUT.sizeBytes <= layout.TABLES_AT)
  t.true(layout.TABLES_AT + layout.MAX_TABLES * layout.TABLE.sizeBytes <= layout.STAGES_AT)
  t.true(layout.STAGES_AT + (1024 + 2) * 8 <= layout.CONTEXTS_AT)
  t.true(layout.QUERY.sizeBytes <= layout.CONTEXT.code)
  t.true(layout.CONTEXT.sizeBytes % 8 === 0)
})
