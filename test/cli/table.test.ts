import test from 'ava'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { cutTo, table } from '../../cli/table.js'

test('table: columns stand under each other, numbers to the right', t => {
  t.deepEqual(table([{ name: 'distance', align: 'right' }, { name: 'id' }, { name: 'labels' }], [['0', 'a.jpg', 'cat'], ['12', 'bb.jpg', '']]), [
    'distance  id      labels',
    '       0  a.jpg   cat',
    '      12  bb.jpg'
  ])
})

test('table: wide characters count as what the terminal shows', t => {
  t.deepEqual(table([{ name: 'id' }, { name: 'n' }], [['猫', '1'], ['cat', '2'], ['👩‍👩‍👧', '3']]), ['id   n', '猫   1', 'cat  2', '👩‍👩‍👧   3'])
})

test('table: no line is wider than the terminal, and only what may be cut is', t => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 })), { maxLength: 8 }), fc.integer({ min: 30, max: 120 }),
    (cells, width) => {
      const lines = table([{ name: 'n', align: 'right' }, { name: 'id', cut: 'middle' }, { name: 'labels', cut: 'end' }], cells.map(([id, labels]) => ['12345', id, labels]), width)
      for (const line of lines) t.true(stringWidth(line) <= width, `${stringWidth(line)} > ${width}: ${line}`)
      for (const line of lines.slice(1)) t.true(line.startsWith('12345'))
      t.is(lines.length, cells.length + 1)
    }
  ))
})

test('table: what others wrote cannot move the cursor', t => {
  const [, line] = table([{ name: 'id' }], [['a\u001b[2Jb\r\nc\u202ed']])
  t.is(line, 'a [2Jb c d')
})

test('cutTo: what is cut says so', t => {
  t.is(cutTo('abcdef', 6), 'abcdef')
  t.is(cutTo('abcdefg', 6), 'abcde…')
  t.is(cutTo('猫猫猫猫', 6), '猫猫…')
  t.is(cutTo('photos/2026/cat-0001.jpg', 11, 'middle'), 'photo…1.jpg')
  t.is(cutTo('猫猫猫猫猫', 6, 'middle'), '猫…猫')
})
