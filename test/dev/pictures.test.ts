import test from 'ava'
import sharp from 'sharp'
import { drawnPictures, type DrawnPicture } from '../../dev/pictures.js'

test('drawn pictures: the same each time, no two alike, each a PNG that decodes', async t => {
  const drawn: DrawnPicture[] = []
  for await (const picture of drawnPictures()) drawn.push(picture)
  const again: DrawnPicture[] = []
  for await (const picture of drawnPictures()) again.push(picture)
  t.is(drawn.length, 96)
  t.true(drawn.every(({ id, bytes }, i) => id === again[i]!.id && bytes.equals(again[i]!.bytes)))
  t.is(new Set(drawn.map(({ bytes }) => bytes.toString('base64'))).size, drawn.length)
  for (const { bytes, labels, id } of drawn) {
    const { width, height, format } = await sharp(bytes).metadata()
    t.deepEqual([width, height, format], [256, 192, 'png'])
    t.true(id.startsWith(`${labels[0]}/`))
  }
})
